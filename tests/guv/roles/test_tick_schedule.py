"""The tick schedule: due roles, leases, claims and lag."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from guv.crypto import Sealer
from guv.roles import tick_schedule
from guv.roles.models import Role, TickSchedule
from tests.builders import NOON, a_role, a_tenant, an_app

SOON = NOON + timedelta(seconds=1)


def roles(session: Session, sealer: Sealer, count: int, **settings: object) -> list[UUID]:
    """Store `count` roles, all due since noon, with an interval of 10 seconds."""
    app = an_app(session, a_tenant(session), sealer)
    made = [a_role(session, app, f"role-{number}", **settings) for number in range(count)]
    session.commit()
    return [role.id for role in made]


def mark(engine: Engine, now: datetime, most: int = 1000) -> list[UUID]:
    with engine.begin() as connection:
        return tick_schedule.mark_queued(connection, now, most)


def claim(engine: Engine, ids: list[UUID], now: datetime) -> list[UUID]:
    with engine.begin() as connection:
        return tick_schedule.claim(connection, ids, now)


def due_at(engine: Engine, role: UUID) -> datetime:
    with Session(engine) as session:
        return session.get_one(TickSchedule, role).due_at


def test_a_due_role_is_queued_once(engine: Engine, session: Session, sealer: Sealer) -> None:
    [role] = roles(session, sealer, 1)
    assert mark(engine, SOON) == [role]
    assert mark(engine, SOON) == []


def test_a_role_is_not_due_before_its_time(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    roles(session, sealer, 1)
    assert mark(engine, NOON - timedelta(milliseconds=1)) == []


def test_the_most_overdue_roles_are_queued_first_up_to_the_limit(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    ids = roles(session, sealer, 4)
    for late, role in enumerate(ids):
        session.get_one(TickSchedule, role).due_at = NOON - timedelta(seconds=late)
    session.commit()
    assert set(mark(engine, SOON, most=2)) == set(ids[2:])


def test_a_queued_role_that_nobody_claimed_is_queued_again_after_its_lease(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    [role] = roles(session, sealer, 1)
    mark(engine, SOON)
    assert mark(engine, SOON + timedelta(seconds=tick_schedule.LEASE_S - 0.1)) == []
    assert mark(engine, SOON + timedelta(seconds=tick_schedule.LEASE_S)) == [role]


def test_a_role_that_could_not_be_enqueued_is_due_again_at_once(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    [role] = roles(session, sealer, 1)
    marked = mark(engine, SOON)
    with engine.begin() as connection:
        tick_schedule.unmark_queued(connection, marked)
    assert mark(engine, SOON) == [role]


def test_a_claimed_role_is_due_again_an_interval_later(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    [role] = roles(session, sealer, 1)
    assert claim(engine, [role], SOON) == [role]
    assert due_at(engine, role) == NOON + timedelta(seconds=10)  # no drift by the second it waited


def test_a_role_cannot_be_claimed_twice(engine: Engine, session: Session, sealer: Sealer) -> None:
    [role] = roles(session, sealer, 1)
    claim(engine, [role], SOON)
    assert claim(engine, [role], SOON) == []


def test_a_claimed_role_has_no_lease(engine: Engine, session: Session, sealer: Sealer) -> None:
    [role] = roles(session, sealer, 1)
    mark(engine, SOON)
    claim(engine, [role], SOON)
    assert mark(engine, NOON + timedelta(seconds=10)) == [role]


def test_a_missed_stretch_is_not_caught_up_and_its_apps_come_back_spread(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    ids = [role for _ in range(40) for role in roles(session, sealer, 1)]
    back = NOON + timedelta(hours=3, seconds=4)
    claim(engine, ids, back)
    instants = [due_at(engine, role) for role in ids]
    assert all(back <= instant <= back + timedelta(seconds=10) for instant in instants)
    assert max(instants) - min(instants) > timedelta(seconds=5)


def test_after_a_missed_stretch_an_apps_roles_tick_together(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    ids = roles(session, sealer, 6)
    claim(engine, ids[:3], NOON + timedelta(hours=3))
    claim(engine, ids[3:], NOON + timedelta(hours=3, seconds=17))
    seconds = {round((due_at(engine, role) - NOON).total_seconds() % 10, 3) for role in ids}
    assert len(seconds) == 1


def test_a_removed_role_is_neither_queued_nor_claimed(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    [role] = roles(session, sealer, 1)
    session.get_one(TickSchedule, role).enabled = False
    session.commit()
    assert (mark(engine, SOON), claim(engine, [role], SOON)) == ([], [])


@pytest.mark.parametrize("ids", [[], [UUID(int=1)]])
def test_an_unknown_role_is_not_claimed(engine: Engine, ids: list[UUID]) -> None:
    assert claim(engine, ids, SOON) == []


def test_a_role_that_another_transaction_holds_is_skipped_and_not_waited_for(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    [role] = roles(session, sealer, 1)
    with engine.begin() as connection:
        assert tick_schedule.claim(connection, [role], SOON) == [role]
        assert claim(engine, [role], SOON) == []


def test_of_many_concurrent_claims_only_one_gets_each_role(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    ids = roles(session, sealer, 30)
    with ThreadPoolExecutor(12) as threads:
        taken = [
            role
            for claimed in threads.map(lambda _: claim(engine, ids, SOON), range(24))
            for role in claimed
        ]
    assert sorted(taken) == sorted(ids)


def test_of_many_concurrent_clocks_only_one_queues_each_role(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    ids = roles(session, sealer, 30)
    with ThreadPoolExecutor(8) as threads:
        taken = [
            role
            for marked in threads.map(lambda _: mark(engine, SOON), range(8))
            for role in marked
        ]
    assert sorted(taken) == sorted(ids)


def test_the_schedules_lag_is_that_of_the_most_overdue_role(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    roles(session, sealer, 2)
    with engine.begin() as connection:
        assert tick_schedule.lag(connection, NOON + timedelta(seconds=7)) == 7.0
        assert tick_schedule.lag(connection, NOON - timedelta(seconds=7)) == 0.0


def test_a_tick_schedule_ends_with_its_role(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    [role] = roles(session, sealer, 1)
    session.delete(session.get_one(Role, role))
    session.commit()
    assert mark(engine, SOON) == []


def test_a_clock_that_jumped_ahead_and_back_delays_no_role(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    ids = roles(session, sealer, 3)
    ahead = NOON + timedelta(hours=1)
    mark(engine, ahead)
    claim(engine, ids[:2], ahead)  # the third stays queued, for an hour and a lease

    with engine.begin() as connection:
        assert tick_schedule.mend(connection, SOON) == 3
    assert set(mark(engine, SOON)) == set(ids)


def test_a_role_with_a_plausible_due_time_is_not_rescheduled(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    ids = roles(session, sealer, 3)
    mark(engine, SOON)
    claim(engine, ids[:2], SOON)

    with engine.begin() as connection:
        assert tick_schedule.mend(connection, SOON) == 0


def apart(engine: Engine, ids: list[UUID], *seconds: float) -> None:
    """Make the roles due `seconds` after noon."""
    with Session(engine) as session:
        for role, late in zip(ids, seconds, strict=True):
            session.get_one(TickSchedule, role).due_at = NOON + timedelta(seconds=late)
        session.commit()


def aligned(engine: Engine, now: datetime) -> int:
    with engine.begin() as connection:
        return tick_schedule.align(connection, now)


def seconds_due(engine: Engine, ids: list[UUID]) -> list[float]:
    return [(due_at(engine, role) - NOON).total_seconds() for role in ids]


def test_roles_of_an_app_converge_to_tick_together(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    ids = roles(session, sealer, 3)
    apart(engine, ids, 2.0, 5.0, 9.0)
    assert aligned(engine, NOON) == 2
    assert seconds_due(engine, ids) == [2.0, 2.0, 2.0]


def test_a_role_that_has_just_ticked_does_not_tick_again_at_once(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    ids = roles(session, sealer, 3)
    apart(engine, ids, -1.0, 9.0, 6.0)  # the first is late, the second was claimed just now
    assert aligned(engine, NOON) == 1
    assert seconds_due(engine, ids) == [-1.0, 9.0, 9.0]


def test_roles_that_tick_together_keep_ticking_together(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    ids = roles(session, sealer, 3)
    apart(engine, ids, 1.0, 4.0, 7.0)
    aligned(engine, NOON)
    for second in (2, 12, 22):
        now = NOON + timedelta(seconds=second)
        assert sorted(mark(engine, now)) == sorted(ids)
        claim(engine, ids, now)
        assert aligned(engine, now) == 0


def test_other_apps_and_other_intervals_keep_their_time(
    engine: Engine, session: Session, sealer: Sealer
) -> None:
    ids = [*roles(session, sealer, 1), *roles(session, sealer, 1, interval=30)]
    [other] = roles(session, sealer, 1)
    apart(engine, [*ids, other], 1.0, 2.0, 3.0)
    assert aligned(engine, NOON) == 0


def test_queued_roles_come_app_by_app(engine: Engine, session: Session, sealer: Sealer) -> None:
    first, second = roles(session, sealer, 4), roles(session, sealer, 4)
    mixed = [role for pair in zip(first, second, strict=True) for role in pair]
    apart(engine, mixed, *(number / 10 for number in range(8)))
    taken = mark(engine, SOON)
    assert set(taken[:4]) in ({*first}, {*second})
