"""What does a tenant do now and then? Pause, override, look at the schedule."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.dependencies import Access, AccessDep
from api.errors import error_answers
from api.paths import AppName, RoleName
from api.v1.levels import Subject, change_level, locked
from guv.apps.queries import find_app
from guv.clock import from_unix, unix_seconds
from guv.errors import FieldError, Invalid
from guv.roles import queries as roles
from guv.scaling.shape.schedule_windows import Bounds, bounds_at
from guv.scaling.shape.upcoming_bounds import next_switches
from guv.settings.queries import role_settings
from guv.settings.resolve import EffectiveSettings, scaling_settings
from guv.settings.schema import (
    OverrideBounds,
    PauseScaling,
    ScheduleWindow,
    SettingsValues,
    Strict,
)
from guv.tenants.models import Tenant
from guv.tenants.plans import Plan, plan_of

MOST_SWITCHES = 20
router = APIRouter(prefix="/apps/{app}", tags=["actions"], responses=error_answers(404))


class ScheduleRequest(Strict):
    """A role's windows; the first that contains the present counts."""

    schedules: list[ScheduleWindow] = Field(description="All of them; [] for none", max_length=100)


class BoundsAnswer(BaseModel):
    """The least and most dynos that are allowed."""

    minimum_dynos: int = Field(description="Never fewer")
    maximum_dynos: int = Field(description="Never more")
    because: str = Field(
        description="minimum, schedule or override: where they come from", examples=["schedule"]
    )


class SwitchAnswer(BoundsAnswer):
    """Other bounds from an instant on."""

    at: datetime = Field(description="From when they hold")


class ScheduleAnswer(BaseModel):
    """A role's windows, what they mean now, and when that changes."""

    schedules: list[ScheduleWindow] = Field(description="The windows that hold for the role")
    source: str = Field(description="The level they come from", examples=["app"])
    now: BoundsAnswer = Field(description="The bounds that hold now")
    next: list[SwitchAnswer] = Field(
        description="The next 20 changes; weekly windows are looked at for eight days"
    )


@router.put("/pause", status_code=204)
def pause_app(access: AccessDep, app: AppName, pause: PauseScaling) -> None:
    """Pause the scaling of all the app's roles, in one direction or both, with an optional end."""
    _refuse_past(access, pause.until)
    _change(access, app, None, SettingsValues(pause=pause))


@router.delete("/pause", status_code=204)
def resume_app(access: AccessDep, app: AppName) -> None:
    """End the app's pause."""
    _change(access, app, None, SettingsValues(pause=None))


@router.put("/roles/{role}/pause", status_code=204)
def pause_role(access: AccessDep, app: AppName, role: RoleName, pause: PauseScaling) -> None:
    """Pause the scaling of a role, in one direction or both, with an optional end."""
    _refuse_past(access, pause.until)
    _change(access, app, role, SettingsValues(pause=pause))


@router.delete("/roles/{role}/pause", status_code=204)
def resume_role(access: AccessDep, app: AppName, role: RoleName) -> None:
    """End the role's own pause; one of its app still holds."""
    _change(access, app, role, SettingsValues(pause=None))


@router.put("/roles/{role}/override", status_code=204)
def override_role(
    access: AccessDep, app: AppName, role: RoleName, override: OverrideBounds
) -> None:
    """Give a role another minimum or maximum until an instant."""
    _refuse_past(access, override.until)
    _change(access, app, role, SettingsValues(override=override))


@router.delete("/roles/{role}/override", status_code=204)
def end_override(access: AccessDep, app: AppName, role: RoleName) -> None:
    """End the role's override."""
    _change(access, app, role, SettingsValues(override=None))


@router.get("/roles/{role}/schedule")
def read_schedule(access: AccessDep, app: AppName, role: RoleName) -> ScheduleAnswer:
    """The windows that hold for a role, with the bounds now and the next changes of them."""
    return _schedule(access, access.tenant, app, role)


@router.put("/roles/{role}/schedule")
def replace_schedule(
    access: AccessDep, app: AppName, role: RoleName, wanted: ScheduleRequest
) -> ScheduleAnswer:
    """Set a role's windows to exactly these, and see what they will do."""
    values = SettingsValues(schedules=wanted.schedules)
    return _schedule(access, _change(access, app, role, values), app, role)


def _refuse_past(access: Access, until: datetime | None) -> None:
    """Nothing, or an error where the end has passed: there would be no effect.

    Raises:
        Invalid: It has.
    """
    if until is not None and until <= access.edit.at:
        fault = FieldError("until", "is in the past; an instant to come would be right")
        raise Invalid("That would have no effect.", [fault])


def _change(access: Access, app: str, role: str | None, values: SettingsValues) -> Tenant:
    tenant = locked(access)
    found = find_app(access.session, tenant, app)
    named = None if role is None else roles.find_role(access.session, tenant, found, role)
    change_level(access, Subject(tenant, found, named), values, merge=True)
    return tenant


def _schedule(access: Access, tenant: Tenant, app: str, role: str) -> ScheduleAnswer:
    found = find_app(access.session, tenant, app)
    named = roles.find_role(access.session, tenant, found, role)
    effective = role_settings(access.session, tenant, found, named)
    return schedule_answer(effective, plan_of(tenant.plan), access.edit.at)


def schedule_answer(effective: EffectiveSettings, plan: Plan, at: datetime) -> ScheduleAnswer:
    """The windows of these settings, the bounds that hold at that instant, and their changes."""
    settings, now = scaling_settings(effective, plan), unix_seconds(at)
    return ScheduleAnswer(
        schedules=effective.values["schedules"],
        source=effective.sources["schedules"],
        now=BoundsAnswer(**_shown(bounds_at(settings, now))),
        next=[
            SwitchAnswer(at=from_unix(at), **_shown(bounds))
            for at, bounds in next_switches(settings, now, MOST_SWITCHES)
        ],
    )


def _shown(bounds: Bounds) -> dict[str, object]:
    reasons = {str(bounds.minimum_reason), str(bounds.maximum_reason)} - {"minimum", "maximum"}
    return {
        "minimum_dynos": bounds.minimum,
        "maximum_dynos": bounds.maximum,
        "because": min(reasons, default="minimum"),
    }
