"""Controls of a role: pause, override, and test alert."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from api.dashboard.dependencies import FormDep
from api.dashboard.forms.validation import (
    Refusal,
    fields_of_pause,
    local_time,
    try_change,
    validated,
    whole_number,
)
from api.dashboard.pages.contexts import RoleContext, RoleContextDep
from api.dashboard.pages.notifications import refusals_of_test_alert
from api.dashboard.renderer import DoneParam, PageRenderer, RendererDep, see_other
from api.dependencies import PartsDep, field, fields
from guv.roles import update
from guv.settings.field_models import OverrideBounds
from guv.settings.levels import Access, Subject
from guv.settings.warnings import settings_warnings

router = APIRouter(prefix="/dashboard/apps/{app}/roles/{role}")


@router.get("/controls")
def show_controls(
    renderer: RendererDep, context: RoleContextDep, done: DoneParam = ""
) -> HTMLResponse:
    """Show the pause and the override of a role, with the forms that change them."""
    return _show(renderer, context, done=done)


@router.post("/pause")
def pause_role(form: FormDep, renderer: RendererDep, context: RoleContextDep) -> Response:
    """Pause a role, in one direction or both, until a time or until resumed."""

    def change(access: Access, app: str, role: str) -> None:
        update.pause_scaling(access, app, role, fields_of_pause(form, renderer.visitor.zone))

    return _act(renderer, context, form, "paused", change)


@router.post("/resume")
def resume_role(form: FormDep, renderer: RendererDep, context: RoleContextDep) -> Response:
    """End the pause of a role."""
    return _act(renderer, context, form, "resumed", update.resume_scaling)


@router.post("/override")
def override_role(form: FormDep, renderer: RendererDep, context: RoleContextDep) -> Response:
    """Override the limits of a role until a time."""

    def change(access: Access, app: str, role: str) -> None:
        update.override_bounds(access, app, role, _override(renderer, form))

    return _act(renderer, context, form, "overridden", change)


@router.post("/override/end")
def end_override(form: FormDep, renderer: RendererDep, context: RoleContextDep) -> Response:
    """End the override of a role."""
    return _act(renderer, context, form, "ended", update.end_override)


@router.post("/test-page")
def send_alert(
    _form: FormDep, parts: PartsDep, renderer: RendererDep, context: RoleContextDep
) -> HTMLResponse:
    """Send a test alert and show the result."""
    subject = Subject(context.access.tenant, context.app, context.role)
    faults = refusals_of_test_alert(parts, context.access, subject)
    return _show(renderer, context, alert_faults=faults)


def _override(renderer: PageRenderer, form: FormData) -> OverrideBounds:
    values: dict[str, object] = {
        name: whole_number(text, name)
        for name in ("minimum_dynos", "maximum_dynos")
        if (text := field(form, name))
    }
    until = local_time(field(form, "until"), "until", renderer.visitor.zone)
    return validated(OverrideBounds, values if until is None else {**values, "until": until})


def _act(
    renderer: PageRenderer,
    context: RoleContext,
    form: FormData,
    done: str,
    change: Callable[[Access, str, str], None],
) -> Response:
    """Make a change, then redirect to the controls, or show them with the refusal.

    The change takes the names of the app and of the role.
    """
    access, app, role = context.access, context.app.name, context.role.name
    refusal = try_change(access, lambda: change(access, app, role), fields(form))
    if refusal is not None:
        return _show(renderer, context, refusal=refusal)
    return see_other(f"{context.path}/controls?done={done}")


def _show(
    renderer: PageRenderer,
    context: RoleContext,
    *,
    refusal: Refusal | None = None,
    alert_faults: Sequence[str] | None = None,
    done: str = "",
) -> HTMLResponse:
    effective = context.effective()
    warnings = settings_warnings(effective, context.plan, context.access.edit.at)
    return renderer.render(
        "controls.html",
        app=context.app,
        role=context.role,
        effective=effective,
        warnings=[warning for warning in warnings if warning.field.startswith("override.")],
        refusal=refusal,
        alert_faults=alert_faults,
        done=done,
    )
