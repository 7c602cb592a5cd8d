"""Notification targets: where they are set, how they fare, and test alerts."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.container import Parts
from api.dependencies import AccessDep, PartsDep
from api.errors import error_answers
from api.paths import AppName, RoleName
from api.v1.brokers import Trial
from guv.notifications.targets import LevelTarget, list_targets, send_test_alert
from guv.settings.levels import Access, Subject

router = APIRouter()


class Recipe(BaseModel):
    """An alert condition at New Relic for missing heartbeats."""

    nrql: str = Field(description="Query of the condition; loss of signal opens an incident")
    signal_lost_after: int = Field(
        description="Seconds without a heartbeat before New Relic alerts"
    )
    nerdgraph: str = Field(
        description="The condition as a NerdGraph mutation; replace POLICY_ID with your policy's id"
    )


@router.post("/test-page", tags=["actions"])
def send_global_test_page(parts: PartsDep, access: AccessDep) -> Trial:
    """Send a test alert, opened and resolved at once, to each target of the global level.

    If all targets accept it, alerts that they refused before are sent again.
    """
    return _trial(parts, access.subject(), access)


@router.post("/apps/{app}/test-page", tags=["actions"], responses=error_answers(404))
def send_app_test_page(parts: PartsDep, access: AccessDep, app: AppName) -> Trial:
    """Send a test alert, opened and resolved at once, to each target of an app.

    If all targets accept it, alerts that they refused before are sent again.
    """
    return _trial(parts, access.subject(app), access)


@router.post("/apps/{app}/roles/{role}/test-page", tags=["actions"], responses=error_answers(404))
def send_test_page(parts: PartsDep, access: AccessDep, app: AppName, role: RoleName) -> Trial:
    """Send a test alert, opened and resolved at once, to each target of a role.

    If all targets accept it, alerts that they refused before are sent again.
    """
    return _trial(parts, access.subject(app, role), access)


class Target(BaseModel):
    """The notification targets of one level of settings."""

    level: str = Field(description="global, app or role", examples=["app"])
    app: str | None = Field(description="The app's name; null at the global level")
    role: str | None = Field(description="The role's name; null at a wider level")
    notify: dict[str, Any] = Field(description="The targets, their secrets masked")
    events_until: datetime | None = Field(
        description="Decisions up to this time were sent as events; null: events are off"
    )
    failures: int = Field(description="Failed attempts in a row to send events")
    error: str | None = Field(description="Why the last attempt failed")
    silence_alarm: Recipe | None = Field(
        description="How New Relic can alert when guv is silent; null: heartbeats are off"
    )


class TargetList(BaseModel):
    """All levels with notification targets, the widest first."""

    targets: list[Target] = Field(description="One entry for each level with targets")


@router.get("/notifications", tags=["settings"])
def read_targets(access: AccessDep) -> TargetList:
    """List where alerts, events and heartbeats are sent, and whether they are accepted."""
    return TargetList(targets=[_shown(target) for target in list_targets(access)])


def _trial(parts: Parts, subject: Subject, access: Access) -> Trial:
    config = parts.config
    faults = send_test_alert(access, subject, config.new_relic_events_url, config.fence)
    return Trial(ok=not faults, messages=faults)


def _shown(target: LevelTarget) -> Target:
    alarm = target.silence_alarm
    return Target(
        level=target.level,
        app=target.app,
        role=target.role,
        notify=dict(target.notify),
        events_until=target.events_until,
        failures=target.failures,
        error=target.error,
        silence_alarm=Recipe(**asdict(alarm)) if alarm else None,
    )
