"""What does a person do now and then? Pause, override, send a test page."""

from collections.abc import Callable

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from api.dashboard.dependencies import FormDep
from api.dashboard.forms.validation import (
    Refusal,
    attempt,
    built,
    fields_of_pause,
    instant,
    whole_number,
)
from api.dashboard.pages.role_level import RoleVisit, RoleVisitDep
from api.dashboard.renderer import Desk, DeskDep, Word, see_other
from api.dependencies import PartsDep, field, fields
from api.v1.brokers import Trial
from api.v1.notifications import send_test_page
from guv.errors import Invalid
from guv.roles import update
from guv.settings.field_models import OverrideBounds
from guv.settings.levels import Access
from guv.settings.warnings import settings_warnings

router = APIRouter(prefix="/dashboard/apps/{app}/roles/{role}")


@router.get("/controls")
def show_controls(desk: DeskDep, visited: RoleVisitDep, done: Word = "") -> HTMLResponse:
    """What holds the role up or bounds it, and how to change that."""
    return _show(desk, visited, done=done)


@router.post("/pause")
def pause_role(form: FormDep, desk: DeskDep, visited: RoleVisitDep) -> Response:
    """Pause the role, in one direction or both, with an optional end."""

    def change(access: Access, app: str, role: str) -> None:
        update.pause_scaling(access, app, role, fields_of_pause(form, desk.visitor.zone))

    return _act(desk, visited, form, "paused", change)


@router.post("/resume")
def resume_role(form: FormDep, desk: DeskDep, visited: RoleVisitDep) -> Response:
    """End the role's own pause."""
    return _act(desk, visited, form, "resumed", update.resume_scaling)


@router.post("/override")
def override_role(form: FormDep, desk: DeskDep, visited: RoleVisitDep) -> Response:
    """Give the role other bounds until an instant."""

    def change(access: Access, app: str, role: str) -> None:
        update.override_bounds(access, app, role, _override(desk, form))

    return _act(desk, visited, form, "overridden", change)


@router.post("/override/end")
def end_override(form: FormDep, desk: DeskDep, visited: RoleVisitDep) -> Response:
    """End the role's override."""
    return _act(desk, visited, form, "ended", update.end_override)


@router.post("/test-page")
def try_page(_form: FormDep, parts: PartsDep, desk: DeskDep, visited: RoleVisitDep) -> HTMLResponse:
    """Send an incident that opens and resolves at once, and say what became of it."""
    try:
        trial = send_test_page(parts, visited.access, visited.app.name, visited.role.name)
    except Invalid as error:
        trial = Trial(ok=False, messages=[error.message])
    return _show(desk, visited, trial=trial)


def _override(desk: Desk, form: FormData) -> OverrideBounds:
    values: dict[str, object] = {
        name: whole_number(text, name)
        for name in ("minimum_dynos", "maximum_dynos")
        if (text := field(form, name))
    }
    until = instant(field(form, "until"), "until", desk.visitor.zone)
    return built(OverrideBounds, values if until is None else {**values, "until": until})


def _act(
    desk: Desk,
    visited: RoleVisit,
    form: FormData,
    done: str,
    change: Callable[[Access, str, str], None],
) -> Response:
    """Back to the controls after the change, or the controls with what is wrong.

    The change takes the names of the app and of the role.
    """
    access, app, role = visited.access, visited.app.name, visited.role.name
    refusal = attempt(access, lambda: change(access, app, role), fields(form))
    if refusal is not None:
        return _show(desk, visited, refusal=refusal)
    return see_other(f"{visited.path}/controls?done={done}")


def _show(
    desk: Desk,
    visited: RoleVisit,
    *,
    refusal: Refusal | None = None,
    trial: Trial | None = None,
    done: str = "",
) -> HTMLResponse:
    effective = visited.effective()
    warnings = settings_warnings(effective, visited.plan, visited.access.edit.at)
    return desk.show(
        "controls.html",
        app=visited.app,
        role=visited.role,
        effective=effective,
        warnings=[warning for warning in warnings if warning.field.startswith("override.")],
        refusal=refusal,
        trial=trial,
        done=done,
    )
