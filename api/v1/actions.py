"""Actions on apps and roles: pause, override, schedule."""

from fastapi import APIRouter
from pydantic import Field

from api.dependencies import AccessDep
from api.errors import error_answers
from api.paths import AppName, RoleName
from api.v1.views.schedule import ScheduleAnswer, schedule_answer
from guv.roles import update
from guv.settings.field_models import OverrideBounds, PauseScaling, ScheduleWindow, Strict
from guv.settings.levels import Access, Subject, read_chain
from guv.settings.queries import stored_levels
from guv.settings.resolve import effective_settings
from guv.tenants.plans import plan_of

router = APIRouter(prefix="/apps/{app}", tags=["actions"], responses=error_answers(404))


class ScheduleRequest(Strict):
    """A role's windows; the first that contains the present counts."""

    schedules: list[ScheduleWindow] = Field(description="All of them; [] for none", max_length=100)


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
