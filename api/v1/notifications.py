"""Where do a tenant's notifications go, and do they get there?"""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.dependencies import AccessDep
from api.v1.heartbeat_recipe import Recipe, silence_recipe
from guv.apps.queries import list_apps
from guv.crypto import Sealer
from guv.roles.queries import list_all_roles
from guv.settings.models import SettingsLevel
from guv.settings.notify_target import shown_target
from guv.settings.queries import stored_levels

router = APIRouter(tags=["settings"])


class Target(BaseModel):
    """One level's notification targets, and how its events fare."""

    level: str = Field(description="global, app or role", examples=["app"])
    app: str | None = Field(description="The app's name; null at the global level")
    role: str | None = Field(description="The role's name; null at a wider level")
    notify: dict[str, Any] = Field(description="The targets, their secrets masked")
    events_until: datetime | None = Field(
        description="Decisions up to here were sent as events; null: none are wanted"
    )
    failures: int = Field(description="Attempts to send events that failed, in a row")
    error: str | None = Field(description="Why the last one did")
    silence_alarm: Recipe | None = Field(
        description="How New Relic alarms when guv is silent; null: no heartbeat is sent there"
    )


class TargetList(BaseModel):
    """All levels with notification targets, the widest first."""

    targets: list[Target] = Field(description="One for each level that has any")


@router.get("/notifications")
def read_targets(access: AccessDep) -> TargetList:
    """Where incidents, decisions and heartbeats go, and whether they are taken."""
    session, tenant = access.session, access.tenant
    stored = stored_levels(session, tenant)
    names: dict[UUID, tuple[str | None, str | None]] = {tenant.id: (None, None)}
    of_app = list_all_roles(session, tenant)
    for app in list_apps(session, tenant):
        names[app.id] = (app.name, None)
        names.update({role.id: (app.name, role.name) for role in of_app.get(app.id, [])})
    rows = [(stored[one], names[one]) for one in names if one in stored]
    rows.sort(key=lambda one: ("global", "app", "role").index(one[0].level))
    shown = [_target(row, *named, access.sealer) for row, named in rows if row.notify_sealed]
    return TargetList(targets=shown)


def _target(row: SettingsLevel, app: str | None, role: str | None, sealer: Sealer) -> Target:
    notify = shown_target(row.notify_sealed, sealer) or {}
    new_relic = notify.get("new_relic", {})
    beats = bool(new_relic.get("heartbeat"))
    return Target(
        level=row.level,
        app=app,
        role=role,
        notify=notify,
        events_until=row.feed_until if new_relic.get("events", "none") != "none" else None,
        failures=row.feed_failures,
        error=row.feed_error,
        silence_alarm=silence_recipe(new_relic["account_id"]) if beats else None,
    )
