"""How is an app, and what can be done about it? Its roles, its broker, its right to scale."""

from collections.abc import Mapping

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from api.dashboard.dependencies import AccessDep, FormDep
from api.dashboard.forms.validation import Refusal, attempt, fields_of_pause
from api.dashboard.onboarding import read_steps
from api.dashboard.renderer import Desk, DeskDep, Word, see_other
from api.dependencies import fields
from api.paths import AppName, app_path
from api.v1.overview import overview_answer
from guv.apps import queries as apps
from guv.roles.update import pause_scaling, resume_scaling
from guv.settings.levels import Access
from guv.settings.queries import read_level

router = APIRouter(prefix="/dashboard/apps/{app}")


@router.get("")
def show_app(desk: DeskDep, access: AccessDep, app: AppName, done: Word = "") -> HTMLResponse:
    """The app's page; whoever has not finished the first steps is led to them."""
    return _show(desk, access, app, done=done)


@router.post("/pause")
def pause_app(desk: DeskDep, access: AccessDep, app: AppName, form: FormDep) -> Response:
    """Pause all roles of the app, in one direction or both, with an optional end."""

    def change() -> None:
        pause_scaling(access, app, None, fields_of_pause(form, desk.visitor.zone))

    refusal = attempt(access, change, fields(form))
    if refusal is not None:
        return _show(desk, access, app, refusal=refusal)
    return see_other(f"{app_path(app)}?done=paused")


@router.post("/resume")
def resume_app(access: AccessDep, app: AppName, _form: FormDep) -> Response:
    """End the app's pause."""
    resume_scaling(access, app, None)
    return see_other(f"{app_path(app)}?done=resumed")


def _show(
    desk: Desk, access: Access, app: str, *, refusal: Refusal | None = None, done: str = ""
) -> HTMLResponse:
    session, tenant = access.session, access.tenant
    found = apps.find_app(session, tenant, app)
    pause = read_level(session, tenant, "app", found.id).values.get("pause")
    answer = overview_answer(session, tenant, desk.visitor.now, desk.clock.short)
    return desk.show(
        "app.html",
        app=found,
        broker=apps.find_broker(session, tenant, found),
        roles=[one for one in answer.roles if one.app == found.name],
        steps=read_steps(session, tenant, found),
        pause=pause if isinstance(pause, Mapping) else None,
        refusal=refusal,
        done=done,
    )
