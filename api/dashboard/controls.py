"""What does a person do now and then? Pause, override, send a test page."""

from collections.abc import Callable

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from api.dashboard.deps import FormDep
from api.dashboard.filled import Refusal, attempt, built, fields_of_pause, instant, whole_number
from api.dashboard.pages import Desk, DeskDep, Word, see_other
from api.dashboard.role.visit import RoleVisit, RoleVisitDep
from api.deps import PartsDep
from api.forms import field, fields
from api.settings import action_routes as rest
from api.settings.trials import Trial, send_test_page
from guv.errors import Invalid
from guv.settings.values import OverrideBounds

router = APIRouter(prefix="/dashboard/apps/{app}/roles/{role}")


@router.get("/controls")
def show_controls(desk: DeskDep, visited: RoleVisitDep, done: Word = "") -> HTMLResponse:
    """What holds the role up or bounds it, and how to change that."""
    return _show(desk, visited, done=done)


@router.post("/pause")
def pause_role(form: FormDep, desk: DeskDep, visited: RoleVisitDep) -> Response:
    """Pause the role, in one direction or both, with an optional end."""
    access, app, role = visited.access, visited.app.name, visited.role.name
    return _act(
        desk,
        visited,
        form,
        "paused",
        lambda: rest.pause_role(access, app, role, fields_of_pause(form, desk.visitor.zone)),
    )


@router.post("/resume")
def resume_role(form: FormDep, desk: DeskDep, visited: RoleVisitDep) -> Response:
    """End the role's own pause."""
    access, app, role = visited.access, visited.app.name, visited.role.name
    return _act(desk, visited, form, "resumed", lambda: rest.resume_role(access, app, role))


@router.post("/override")
def override_role(form: FormDep, desk: DeskDep, visited: RoleVisitDep) -> Response:
    """Give the role other bounds until an instant."""
    access, app, role = visited.access, visited.app.name, visited.role.name
    return _act(
        desk,
        visited,
        form,
        "overridden",
        lambda: rest.override_role(access, app, role, _override(desk, form)),
    )


@router.post("/override/end")
def end_override(form: FormDep, desk: DeskDep, visited: RoleVisitDep) -> Response:
    """End the role's override."""
    access, app, role = visited.access, visited.app.name, visited.role.name
    return _act(desk, visited, form, "ended", lambda: rest.end_override(access, app, role))


@router.post("/test-page")
def try_page(_form: FormDep, parts: PartsDep, desk: DeskDep, visited: RoleVisitDep) -> HTMLResponse:
    """Send an incident that opens and resolves at once, and say what became of it."""
    access, app, role = visited.access, visited.app.name, visited.role.name
    try:
        trial = send_test_page(parts, access, app, role)
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
    desk: Desk, visited: RoleVisit, form: FormData, done: str, change: Callable[[], object]
) -> Response:
    """Back to the controls after the change, or the controls with what is wrong."""
    refusal = attempt(visited.access, change, fields(form))
    if refusal is not None:
        return _show(desk, visited, refusal=refusal)
    path = desk.role_path(visited.app.name, visited.role.name)
    return see_other(f"{path}/controls?done={done}")


def _show(
    desk: Desk,
    visited: RoleVisit,
    *,
    refusal: Refusal | None = None,
    trial: Trial | None = None,
    done: str = "",
) -> HTMLResponse:
    return desk.show(
        "controls.html",
        200 if refusal is None else refusal.status,
        app=visited.app,
        role=visited.role,
        effective=visited.effective,
        refusal=refusal,
        trial=trial,
        done=done,
    )
