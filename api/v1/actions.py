"""Actions on apps and roles: pause, override, schedule."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.dependencies import AccessDep
from api.errors import error_answers
from api.paths import AppName, RoleName
from guv.clock import from_unix, unix_seconds
from guv.roles import update
from guv.roles.scaling_input import scaling_input
from guv.scaling.shape.bounds import Bounds, bounds_at, next_switches
from guv.settings.field_models import OverrideBounds, PauseScaling, ScheduleWindow, Strict
from guv.settings.levels import Access, Subject, read_chain
from guv.settings.queries import stored_levels
from guv.settings.resolve import effective_settings
from guv.settings.schema import EffectiveSettings
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
    update.pause_scaling(access, app, None, pause)


@router.delete("/pause", status_code=204)
def resume_app(access: AccessDep, app: AppName) -> None:
    """End the app's pause."""
    update.resume_scaling(access, app, None)


@router.put("/roles/{role}/pause", status_code=204)
def pause_role(access: AccessDep, app: AppName, role: RoleName, pause: PauseScaling) -> None:
    """Pause the scaling of a role, in one direction or both, with an optional end."""
    update.pause_scaling(access, app, role, pause)


@router.delete("/roles/{role}/pause", status_code=204)
def resume_role(access: AccessDep, app: AppName, role: RoleName) -> None:
    """End the role's own pause; one of its app still holds."""
    update.resume_scaling(access, app, role)


@router.put("/roles/{role}/override", status_code=204)
def override_role(
    access: AccessDep, app: AppName, role: RoleName, override: OverrideBounds
) -> None:
    """Give a role another minimum or maximum until an instant."""
    update.override_bounds(access, app, role, override)


@router.delete("/roles/{role}/override", status_code=204)
def end_override(access: AccessDep, app: AppName, role: RoleName) -> None:
    """End the role's override."""
    update.end_override(access, app, role)


@router.get("/roles/{role}/schedule")
def read_schedule(access: AccessDep, app: AppName, role: RoleName) -> ScheduleAnswer:
    """Show the windows that hold for a role, the bounds now, and when they change next."""
    return _schedule(access, access.subject(app, role))


@router.put("/roles/{role}/schedule")
def replace_schedule(
    access: AccessDep, app: AppName, role: RoleName, wanted: ScheduleRequest
) -> ScheduleAnswer:
    """Set a role's windows to exactly these, and show what they will do."""
    return _schedule(access, update.replace_schedule(access, app, role, wanted.schedules))


def _schedule(access: Access, subject: Subject) -> ScheduleAnswer:
    stored = stored_levels(access.session, subject.tenant, subject.ids)
    name = subject.role.name if subject.role else ""
    effective = effective_settings(name, read_chain(stored, subject))
    return schedule_answer(effective, plan_of(subject.tenant.plan), access.edit.at)


def schedule_answer(effective: EffectiveSettings, plan: Plan, at: datetime) -> ScheduleAnswer:
    """Return the windows of these settings, the bounds at that instant, and when they change."""
    settings, now = scaling_input(effective, plan), unix_seconds(at)
    return ScheduleAnswer(
        schedules=effective.schedules,
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
