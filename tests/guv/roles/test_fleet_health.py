"""The fleet's health, and the failures that page the operator."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from guv.apps.models import App
from guv.roles.fleet_health import Watch, look
from guv.roles.models import Role
from guv.roles.queries import remove_role
from guv.tenants.models import Tenant
from guv.tenants.queries import suspend_tenant
from tests.api.rows import a_decision
from tests.builders import NOON, a_role

FAULT = {"settings_version": "", "outcome": "failed", "reason": "no_data"}
REFUSED = {"direction": "up", "outcome": "refused", "reason": "deadline"}
UP = {"direction": "up", "outcome": "scaled", "reason": "deadline"}


def ticking(session: Session, app: App, name: str, **decision: Any) -> Role:
    """Store a role that ticked every minute of the hour before 13:00."""
    role = a_role(session, app, name)
    for minute in range(1, 60):
        a_decision(session, role, 60.0 * minute, **decision)
    return role


def seen(engine: Engine, minutes: float = 60) -> Watch:
    with engine.connect() as connection:
        return look(connection, NOON + timedelta(minutes=minutes))


def test_the_fleet_is_healthy_without_roles(engine: Engine) -> None:
    assert seen(engine) == Watch(0, 0, 0, 0, 0, 0.0)
    assert seen(engine).alarms == []


def test_roles_that_tick_and_hold_are_healthy(engine: Engine, session: Session, app: App) -> None:
    for name in "abc":
        ticking(session, app, name)
    assert seen(engine) == Watch(3, 0, 0, 0, 0, 0.0)


def test_a_role_that_ticked_and_does_not_any_more_is_overdue(
    engine: Engine, session: Session, app: App
) -> None:
    ticking(session, app, "a")
    assert seen(engine, 62).overdue == 0
    watch = seen(engine, 70)
    assert (watch.overdue, watch.longest_silence) == (1, 660.0)
    assert watch.alarms == [
        "1 of 1 roles did not tick when they should have, the longest for 660 s."
    ]


def test_a_role_that_never_ticked_is_overdue_some_minutes_after_it_was_made(
    engine: Engine, session: Session, app: App
) -> None:
    a_role(session, app)
    session.commit()
    assert [seen(engine, minutes).overdue for minutes in (2, 4)] == [0, 1]


def test_a_role_with_a_long_interval_has_more_time(
    engine: Engine, session: Session, app: App
) -> None:
    role = a_role(session, app, interval=1800)
    a_decision(session, role)
    assert [seen(engine, minutes).overdue for minutes in (80, 91)] == [0, 1]


def test_a_removed_role_is_not_overdue(engine: Engine, session: Session, app: App) -> None:
    remove_role(session, a_role(session, app), NOON)
    session.commit()
    assert seen(engine).roles == 0


def test_a_role_whose_every_tick_fails_is_reported(
    engine: Engine, session: Session, app: App
) -> None:
    role = ticking(session, app, "a")
    for minute in range(60, 66):
        a_decision(session, role, 60.0 * minute, outcome="failed", is_fault=True)
    assert seen(engine, 61).faulty == 0
    assert seen(engine, 66).alarms == ["Every tick of 1 of 1 roles fails inside guv."]


def test_wanted_changes_that_never_happen_page_the_operator(
    engine: Engine, session: Session, app: App
) -> None:
    for name in "abcd":
        ticking(session, app, name, **REFUSED)
    ticking(session, app, "e")
    watch = seen(engine)
    assert (watch.wishing, watch.unfulfilled) == (4, 4)
    assert len(watch.alarms) == 1
    assert "4 of 4 roles that need another number" in watch.alarms[0]


def test_a_single_tenants_own_failures_page_no_operator(
    engine: Engine, session: Session, app: App
) -> None:
    ticking(session, app, "a", **REFUSED)
    assert seen(engine).unfulfilled == 1
    assert seen(engine).alarms == []


def test_failures_of_a_few_roles_among_many_page_no_operator(
    engine: Engine, session: Session, app: App
) -> None:
    for number in range(17):
        ticking(session, app, f"well-{number}", **UP)
    for number in range(3):
        ticking(session, app, f"refused-{number}", **REFUSED)
    assert seen(engine).unfulfilled == 3
    assert seen(engine).alarms == []


@pytest.mark.parametrize("outcome", ["scaled", "skipped"])
def test_a_change_that_happened_or_is_a_dry_run_is_fulfilled(
    engine: Engine, session: Session, app: App, outcome: str
) -> None:
    for name in "abcd":
        ticking(session, app, name, direction="up", outcome=outcome)
    assert seen(engine).unfulfilled == 0


def test_a_role_of_a_suspended_tenant_is_not_overdue(
    engine: Engine, session: Session, app: App
) -> None:
    a_role(session, app)
    suspend_tenant(session, session.get_one(Tenant, app.tenant_id), "an unpaid bill")
    session.commit()
    assert seen(engine).roles == 0
