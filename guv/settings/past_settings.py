"""Settings that held for a role in the past: the change log, read backwards."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, select

from guv.apps.models import App
from guv.clock import unix_seconds
from guv.roles.models import Role
from guv.roles.scaling_input import scaling_input
from guv.scaling.model import Settings
from guv.scaling.policies.web import TARGET
from guv.scaling.shape.rules import bounds_at
from guv.settings.models import SettingsChange
from guv.settings.queries import role_levels
from guv.settings.resolve import Level, effective_settings
from guv.tenants.models import Tenant
from guv.tenants.plans import plan_of


@dataclass(frozen=True, slots=True)
class PastSettings:
    """What held for a role from an instant until the next one's."""

    since: datetime
    settings: Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounded a role at an instant, and what it had promised.

    Attributes:
        minimum: Least dynos, by setting, schedule or override.
        maximum: Most dynos, likewise.
        deadline: Seconds from publishing a message until it should be done; of a web role the
            seconds that its policy wants a response to take at most.
        is_web: Whether it was scaled on requests.
    """

    minimum: int
    maximum: int
    deadline: float
    is_web: bool = False


def read_past_settings(
    session: Session, tenant: Tenant, app: App, role: Role, since: datetime
) -> list[PastSettings]:
    """Return what held for the role since then, from old to new; the first begins then."""
    levels = {one.name: one for one in role_levels(session, tenant, app, role)}
    query = (
        select(SettingsChange)
        .where(SettingsChange.tenant_id == tenant.id, SettingsChange.at > since)
        .where(col(SettingsChange.subject_id).in_([tenant.id, app.id, role.id]))
        .order_by(col(SettingsChange.id).desc())
    )
    found = []
    for change in session.exec(query):
        found.append(PastSettings(change.at, _held(tenant, role, levels)))
        levels[change.level] = _undone(levels[change.level], change)
    return [PastSettings(since, _held(tenant, role, levels)), *reversed(found)]


def limits_at(past: Sequence[PastSettings], instant: datetime) -> Limits:
    """Return what bounded the role at an instant; before the first settings, those."""
    place = bisect_right(past, instant, key=lambda one: one.since)
    settings = past[max(place - 1, 0)].settings
    bounds = bounds_at(settings, unix_seconds(instant))
    web = settings.is_web
    deadline = TARGET.of(settings) if web else settings.target_deadline
    return Limits(bounds.minimum, bounds.maximum, deadline, web)


def _held(tenant: Tenant, role: Role, levels: Mapping[str, Level]) -> Settings:
    effective = effective_settings(role.name, tuple(levels.values()))
    return scaling_input(effective, plan_of(tenant.plan))


def _undone(level: Level, change: SettingsChange) -> Level:
    """Return the level as it was before the change."""
    kept = {name: value for name, value in level.values.items() if name not in change.before}
    before = {name: value for name, value in change.before.items() if value is not None}
    return replace(level, values={**kept, **before}, version=change.version - 1)
