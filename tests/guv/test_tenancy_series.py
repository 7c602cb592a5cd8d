"""A role's points over a time: the worst of each step, and nothing where nothing was known."""

from datetime import datetime, timedelta
from math import inf
from typing import Any

import pytest
from sqlmodel import Session

from guv.crypto import Sealer
from guv.models import Role, SampleRow, Tenant
from guv.tenancy.series import Change, Point, SeriesFilter, read_changes, read_points
from tests.api.rows import a_decision
from tests.builders import NOON, a_role, a_tenant, an_app

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def tenant(session: Session) -> Tenant:
    return a_tenant(session)


@pytest.fixture
def role(session: Session, tenant: Tenant, sealer: Sealer) -> Role:
    return a_role(session, an_app(session, tenant, sealer))


def a_sample(session: Session, role: Role, seconds: float = 0, **values: Any) -> None:
    session.add(SampleRow(role_id=role.id, at=NOON + timedelta(seconds=seconds), **values))
    session.commit()


def points(session: Session, tenant: Tenant, role: Role, step: timedelta = MINUTE) -> list[Point]:
    return read_points(session, tenant, SeriesFilter(role.id, NOON - HOUR, NOON + HOUR, step))


def changes(session: Session, tenant: Tenant, role: Role) -> list[Change]:
    return read_changes(session, tenant, SeriesFilter(role.id, NOON - HOUR, NOON + HOUR, MINUTE))


def test_a_step_shows_the_highest_of_its_counts(
    session: Session, tenant: Tenant, role: Role
) -> None:
    a_sample(session, role, 0, messages_ready=5, messages_unacknowledged=1, dynos=1)
    a_sample(session, role, 10, messages_ready=2, messages_unacknowledged=4, dynos=3)
    a_sample(session, role, 60, messages_ready=0, messages_unacknowledged=0, dynos=2)
    first, second = points(session, tenant, role)
    assert (first.at, first.messages_ready, first.messages_unacknowledged) == (NOON, 5, 4)
    assert (first.dynos, second.at, second.messages_ready) == (3, NOON + MINUTE, 0)


def test_a_step_begins_at_the_same_instant_whatever_is_asked_for(
    session: Session, tenant: Tenant, role: Role
) -> None:
    a_sample(session, role, 130, dynos=1)
    for since in (NOON, NOON + timedelta(seconds=7), NOON + timedelta(seconds=121)):
        wanted = SeriesFilter(role.id, since, NOON + HOUR, MINUTE)
        assert [one.at for one in read_points(session, tenant, wanted)] == [NOON + 2 * MINUTE]


def test_what_was_not_known_is_none_and_a_step_without_sample_has_no_point(
    session: Session, tenant: Tenant, role: Role
) -> None:
    a_sample(session, role, 0)
    a_sample(session, role, 600, messages_ready=1)
    first, second = points(session, tenant, role)
    assert first == Point(NOON)
    assert (second.at, second.messages_ready, second.dynos) == (NOON + 10 * MINUTE, 1, None)


def test_a_decision_shows_what_it_wanted_and_how_long_the_last_message_waits(
    session: Session, tenant: Tenant, role: Role
) -> None:
    for seconds, desired, wait in ((0, 2, 12.5), (10, 4, 40.0), (20, None, None)):
        a_sample(session, role, seconds)
        a_decision(session, role, seconds, desired=desired, predicted_wait=wait)
    (point,) = points(session, tenant, role)
    assert (point.desired, point.predicted_wait, point.never_done) == (4, 40.0, False)


def test_a_wait_without_end_is_said_beside_the_longest_that_has_one(
    session: Session, tenant: Tenant, role: Role
) -> None:
    for seconds, wait in ((0, 12.5), (10, inf)):
        a_sample(session, role, seconds)
        a_decision(session, role, seconds, predicted_wait=wait)
    (point,) = points(session, tenant, role)
    assert (point.predicted_wait, point.never_done) == (12.5, True)


def test_rates_are_counted_between_samples(session: Session, tenant: Tenant, role: Role) -> None:
    for seconds, published, served in ((0, 100, 90), (10, 150, 100), (30, 250, 130)):
        a_sample(session, role, seconds, published=published, served=served)
    (point,) = points(session, tenant, role)
    assert (point.arrival_rate, point.departure_rate) == pytest.approx((5.0, 4 / 3))


def test_a_counter_that_was_reset_or_not_read_counts_for_no_rate(
    session: Session, tenant: Tenant, role: Role
) -> None:
    for seconds, published in ((0, 100), (10, 0), (20, 50), (30, None), (40, 60)):
        a_sample(session, role, seconds, published=published)
    (point,) = points(session, tenant, role)
    assert (point.arrival_rate, point.departure_rate) == (5.0, None)


def test_a_long_gap_says_nothing_of_the_rate_within_it(
    session: Session, tenant: Tenant, role: Role
) -> None:
    a_sample(session, role, 0, published=0)
    a_sample(session, role, 1200, published=1200)
    assert [one.arrival_rate for one in points(session, tenant, role)] == [None, None]


def test_another_tenants_role_has_no_points_and_no_changes(session: Session, role: Role) -> None:
    a_sample(session, role, 0, dynos=1)
    a_decision(session, role, direction="up")
    other = a_tenant(session)
    assert points(session, other, role) == []
    assert changes(session, other, role) == []


def test_only_the_role_and_the_time_asked_for_count(
    session: Session, tenant: Tenant, role: Role, sealer: Sealer
) -> None:
    neighbour = a_role(session, an_app(session, tenant, sealer), "mails")
    for one, seconds in ((neighbour, 0), (role, -3601), (role, 3600)):
        a_sample(session, one, seconds, dynos=1)
        a_decision(session, one, seconds, direction="up")
    assert points(session, tenant, role) == []
    assert changes(session, tenant, role) == []


def test_the_last_change_of_a_step_stands_for_all_of_it(
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
