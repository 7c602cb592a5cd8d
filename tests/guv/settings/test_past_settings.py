"""Past settings of a role, read from the change log."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from guv.apps.models import App
from guv.roles.models import Role
from guv.settings.past_settings import Limits, limits_at, read_past_settings
from guv.settings.queries import Edit, write_level
from guv.settings.resolve import Level
from guv.tenants.models import Tenant
from tests.builders import NOON, a_tenant

MINUTE = timedelta(minutes=1)


def change(session: Session, tenant: Tenant, at: datetime, subject: UUID, **values: Any) -> None:
    """Set the level of that subject to exactly these values."""
    name = "global" if subject == tenant.id else "role"
    level = Level(name, values)
    write_level(session, tenant, level, subject, notify=None, edit=Edit("key a", at))
    session.commit()


def limits(
    session: Session, tenant: Tenant, app: App, role: Role, *minutes: float
) -> list[tuple[int, int, float]]:
    """Return the limits at `minutes` after noon."""
    past = read_past_settings(session, tenant, app, role, NOON - 60 * MINUTE)
    bounds = [limits_at(past, NOON + minute * MINUTE) for minute in minutes]
    return [(limit.minimum, limit.maximum, limit.deadline) for limit in bounds]


def test_past_settings_without_changes_are_the_defaults(
    session: Session, tenant: Tenant, app: App, role: Role
) -> None:
    past = read_past_settings(session, tenant, app, role, NOON)
    assert limits_at(past, NOON) == Limits(1, 5, 60.0)
    assert limits_at(past, NOON - MINUTE) == Limits(1, 5, 60.0)


def test_past_settings_apply_each_change_from_its_instant(
    session: Session, tenant: Tenant, app: App, role: Role
) -> None:
    change(session, tenant, NOON, role.id, maximum_dynos=10)
    change(session, tenant, NOON + MINUTE, role.id, maximum_dynos=20, target_deadline=30.0)
    change(session, tenant, NOON + 2 * MINUTE, role.id, minimum_dynos=2)
    bounds = limits(session, tenant, app, role, -0.1, 0, 0.9, 1, 2)
    assert bounds == [(1, 5, 60.0), (1, 10, 60.0), (1, 10, 60.0), (1, 20, 30.0), (2, 5, 60.0)]


def test_past_settings_inherit_changes_of_wider_levels(
    session: Session, tenant: Tenant, app: App, role: Role
) -> None:
    change(session, tenant, NOON, role.id, maximum_dynos=10)
    change(session, tenant, NOON + MINUTE, tenant.id, maximum_dynos=50, minimum_dynos=3)
    assert limits(session, tenant, app, role, 0, 1) == [(1, 10, 60.0), (3, 10, 60.0)]


def test_past_settings_apply_a_schedule_while_its_window_is_open(
    session: Session, tenant: Tenant, app: App, role: Role
) -> None:
    window = {"days": [2], "start": "12:10", "end": "12:20", "timezone": "UTC", "dynos": 7}
    change(session, tenant, NOON - 2 * MINUTE, role.id, schedules=[window])
    bounds = limits(session, tenant, app, role, 9, 10, 19.9, 20)  # NOON is a Wednesday
    assert bounds == [(1, 5, 60.0), (7, 7, 60.0), (7, 7, 60.0), (1, 5, 60.0)]


def test_past_settings_exclude_another_tenants_changes(
    session: Session, tenant: Tenant, app: App, role: Role
) -> None:
    change(session, tenant, NOON, role.id, maximum_dynos=10)
    past = read_past_settings(session, a_tenant(session), app, role, NOON - MINUTE)
    assert [span.settings.maximum_dynos for span in past] == [5]
