"""Points of a role over time, by steps."""

from dataclasses import replace
from datetime import datetime, timedelta
from math import inf
from typing import Any

import pytest
from sqlalchemy import Engine, delete
from sqlmodel import Session

from guv.crypto import Sealer
from guv.history.models import DecisionRow, Rollup, SampleRow
from guv.history.series import Change, Point, SeriesFilter, read_changes, read_points
from guv.roles.models import Role
from guv.tables import Chore
from guv.tenants.models import Tenant
from tests.api.rows import a_decision
from tests.builders import NOON, a_role, a_tenant, an_app
from worker.maintenance.rollups import CHORE, roll_up

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def a_tick(
    session: Session,
    role: Role,
    after: float = 0,
    counts: Any = None,
    watched: float | None = None,
    **decided: Any,
) -> DecisionRow:
    """Store a sample of these counts and its decision, with the seconds since the last tick."""
    row = a_decision(session, role, after, **decided)
    row.seconds = watched
    session.add(SampleRow(role_id=role.id, at=row.at, kept=row.kept, **(counts or {})))
    session.commit()
    return row


def points(session: Session, tenant: Tenant, role: Role, step: timedelta = MINUTE) -> list[Point]:
    return read_points(session, tenant, SeriesFilter(role.id, NOON - HOUR, NOON + HOUR, step))


def changes(session: Session, tenant: Tenant, role: Role) -> list[Change]:
    return read_changes(session, tenant, SeriesFilter(role.id, NOON - HOUR, NOON + HOUR, MINUTE))


def test_a_step_shows_the_highest_of_its_counts(
    session: Session, tenant: Tenant, role: Role
) -> None:
    a_tick(session, role, 0, {"messages_ready": 5, "messages_unacknowledged": 1, "dynos": 1})
    a_tick(session, role, 10, {"messages_ready": 2, "messages_unacknowledged": 4, "dynos": 3})
    a_tick(session, role, 60, {"messages_ready": 0, "messages_unacknowledged": 0, "dynos": 2})
    first, second = points(session, tenant, role)
    assert (first.at, first.messages_ready, first.messages_unacknowledged) == (NOON, 5, 4)
    assert (first.dynos, second.at, second.messages_ready) == (3, NOON + MINUTE, 0)


def test_a_steps_start_does_not_depend_on_the_span(
    session: Session, tenant: Tenant, role: Role
) -> None:
    a_tick(session, role, 130, {"dynos": 1})
    for since in (NOON, NOON + timedelta(seconds=7), NOON + timedelta(seconds=121)):
        wanted = SeriesFilter(role.id, since, NOON + HOUR, MINUTE)
        assert [point.at for point in read_points(session, tenant, wanted)] == [NOON + 2 * MINUTE]


def test_unknown_values_are_none_and_a_step_without_sample_has_no_point(
    session: Session, tenant: Tenant, role: Role
) -> None:
    a_tick(session, role, 0)
    a_tick(session, role, 600, {"messages_ready": 1})
    first, second = points(session, tenant, role)
    assert first == Point(NOON)
    assert (second.at, second.messages_ready, second.dynos) == (NOON + 10 * MINUTE, 1, None)


def test_a_point_shows_the_wanted_dynos_and_the_longest_wait(
    session: Session, tenant: Tenant, role: Role
) -> None:
    for seconds, desired, wait in ((0, 2, 12.5), (10, 4, 40.0), (20, None, None)):
        a_tick(session, role, seconds, desired=desired, predicted_wait=wait)
    (point,) = points(session, tenant, role)
    assert (point.desired, point.predicted_wait, point.never_done) == (4, 40.0, False)


def test_a_point_shows_an_endless_wait_beside_the_longest_finite_wait(
    session: Session, tenant: Tenant, role: Role
) -> None:
    for seconds, wait in ((0, 12.5), (10, inf)):
        a_tick(session, role, seconds, predicted_wait=wait)
    (point,) = points(session, tenant, role)
    assert (point.predicted_wait, point.never_done) == (12.5, True)


def test_rates_are_means_of_the_time_in_which_something_was_counted(
    session: Session, tenant: Tenant, role: Role
) -> None:
    for at, arrived, served, seconds in (
        (0, None, None, None),
        (10, 50, 10, 10.0),
        (30, 100, 30, 20.0),
        (40, None, 50, 10.0),
    ):
        a_tick(session, role, at, arrived=arrived, served=served, watched=seconds)
    (point,) = points(session, tenant, role)
    assert (point.arrival_rate, point.departure_rate) == pytest.approx((5.0, 90 / 40))


def test_the_share_in_time_counts_jobs_with_a_known_wait_only(
    session: Session, tenant: Tenant, role: Role
) -> None:
    for at, served, in_time in ((0, 10, 9.0), (10, 30, 27.0), (20, 500, None)):
        a_tick(session, role, at, served=served, in_time=in_time)
    a_tick(session, role, 60, served=0, in_time=0.0)
    first, second = points(session, tenant, role)
    assert (first.share_in_time, second.share_in_time) == (0.9, None)


def test_a_series_without_counts_has_no_rate(session: Session, tenant: Tenant, role: Role) -> None:
    a_tick(session, role, 0, watched=10.0)
    (point,) = points(session, tenant, role)
    assert (point.arrival_rate, point.departure_rate) == (None, None)


def a_sum(session: Session, role: Role, at: datetime, **values: Any) -> None:
    """Store the sum of five minutes, with zero for counts that a test does not name."""
    counts = ("ticks", "changes", "refused", "failed", "without_data", "at_maximum")
    ticks = ("waiting_ticks", "dynos_ticks", "desired_ticks")
    given = {**dict.fromkeys((*counts, *ticks), 0), "seconds": 300.0, **values}
    session.add(Rollup(role_id=role.id, at=at, width_s=300, **given))
    session.commit()


def long_points(session: Session, tenant: Tenant, role: Role) -> list[Point]:
    """Read a week in steps of a quarter of an hour."""
    step = timedelta(minutes=15)
    wanted = SeriesFilter(role.id, NOON - timedelta(days=7), NOON + HOUR, step)
    return read_points(session, tenant, wanted)


def test_a_long_series_is_read_from_sums_and_from_ticks_not_yet_summed(
    session: Session, tenant: Tenant, role: Role
) -> None:
    a_tick(session, role, 0, {"messages_ready": 99}, arrived=99, watched=10.0)  # is in the sums
    a_tick(session, role, 330, {"messages_ready": 7}, arrived=20, watched=10.0)
    counts = {"waiting_max": 3, "unacknowledged_max": 2, "dynos_max": 4}
    a_sum(session, role, NOON - 24 * HOUR, timed=40, in_time=30.0, **counts)
    a_sum(session, role, NOON, waiting_max=5, desired_max=6, predicted_wait_max=8.5, arrived=30)
    day_before, now = long_points(session, tenant, role)
    assert (day_before.at, day_before.messages_ready) == (NOON - 24 * HOUR, 3)
    assert (day_before.messages_unacknowledged, day_before.dynos) == (2, 4)
    assert day_before.share_in_time == 0.75
    assert (now.at, now.messages_ready, now.desired, now.predicted_wait) == (NOON, 7, 6, 8.5)
    assert now.arrival_rate == pytest.approx(50 / 310)


def test_a_long_series_without_sums_is_read_from_ticks(
    session: Session, tenant: Tenant, role: Role
) -> None:
    a_tick(session, role, 0, {"messages_ready": 99})
    assert [point.messages_ready for point in long_points(session, tenant, role)] == [99]


def test_sums_and_ticks_of_the_same_time_give_equal_points(
    session: Session, tenant: Tenant, role: Role, engine: Engine
) -> None:
    for seconds in range(0, 1800, 10):
        wait = inf if seconds == 700 else seconds / 10
        counts = {"messages_ready": seconds % 170, "dynos": seconds // 600}
        decided: dict[str, Any] = {
            "desired": seconds // 500,
            "arrived": seconds % 7,
            "served": seconds % 3,
        }
        decided["in_time"] = None if seconds % 9 else decided["served"] / 2
        a_tick(session, role, seconds, counts, predicted_wait=wait, watched=10.0, **decided)
    ticks = long_points(session, tenant, role)
    session.add(Chore(name=CHORE, due_at=NOON))
    session.commit()
    roll_up(engine, NOON + HOUR)
    session.execute(delete(DecisionRow))
    session.commit()
    sums = long_points(session, tenant, role)
    assert [replace(point, predicted_wait=None) for point in sums] == [
        replace(point, predicted_wait=None) for point in ticks
    ]


def test_a_series_excludes_another_tenants_sums(session: Session, role: Role) -> None:
    a_sum(session, role, NOON, waiting_max=3)
    assert long_points(session, a_tenant(session), role) == []


def test_another_tenants_role_has_no_points_and_no_changes(session: Session, role: Role) -> None:
    a_tick(session, role, 0, {"dynos": 1}, direction="up")
    other = a_tenant(session)
    assert points(session, other, role) == []
    assert changes(session, other, role) == []


def test_a_series_has_only_its_role_and_span(
    session: Session, tenant: Tenant, role: Role, sealer: Sealer
) -> None:
    neighbour = a_role(session, an_app(session, tenant, sealer), "mails")
    for other, seconds in ((neighbour, 0), (role, -3601), (role, 3600)):
        a_tick(session, other, seconds, direction="up")
    assert points(session, tenant, role) == []
    assert changes(session, tenant, role) == []


def test_the_last_change_of_a_step_represents_the_step(
    session: Session, tenant: Tenant, role: Role
) -> None:
    a_decision(session, role, 0, direction="up", current=1, desired=2)
    last = a_decision(
        session, role, 10, direction="down", current=2, desired=1, reason="idle", outcome="scaled"
    )
    a_decision(session, role, 20)
    later = a_decision(session, role, 61, direction="up", outcome="refused")
    first, second = changes(session, tenant, role)
    expected = Change(_at(10), last.id or 0, 2, 1, "idle", "scaled", "ok", 2)
    assert first == expected
    assert (second.id, second.outcome, second.count) == (later.id, "refused", 1)


def _at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)
