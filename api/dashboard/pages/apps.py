"""Overview of all apps, and the page of an app."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from api.dashboard.dependencies import AccessDep, FormDep
from api.dashboard.forms.validation import Refusal, fields_of_pause, try_change
from api.dashboard.onboarding import read_steps
from api.dashboard.renderer import DoneParam, PageRenderer, RendererDep, see_other
from api.dependencies import fields
from api.paths import AppName, app_path
from api.v1.views.overview import OverviewRole, overview_answer
from guv.apps import queries as apps
from guv.apps.models import App
from guv.roles.update import pause_scaling, resume_scaling
from guv.settings.levels import Access
from guv.settings.queries import read_level

router = APIRouter()


@dataclass(frozen=True, slots=True)
class AppRoles:
    """An app with the state of its roles."""

    app: App
    roles: Sequence[OverviewRole]


@router.get("/dashboard")
def show_overview(renderer: RendererDep, access: AccessDep) -> HTMLResponse:
    """Show all apps with the state of their roles."""
    answer = overview_answer(
        access.session, access.tenant, renderer.visitor.now, renderer.clock.short
    )
    listed = [
        AppRoles(app, [role for role in answer.roles if role.app == app.name])
        for app in apps.list_apps(access.session, access.tenant)
    ]
    worst = [role for role in answer.roles if role.state.tone == "bad"]
    return renderer.render("overview.html", apps=listed, worst=worst, here="overview")


@router.get("/dashboard/apps/{app}")
def show_app(
    renderer: RendererDep, access: AccessDep, app: AppName, done: DoneParam = ""
) -> HTMLResponse:
    """Show an app, with a link to its setup until that is finished."""
    return _show(renderer, access, app, done=done)


@router.post("/dashboard/apps/{app}/pause")
def pause_app(renderer: RendererDep, access: AccessDep, app: AppName, form: FormDep) -> Response:
    """Pause all roles of an app, in one direction or both, until a time or until resumed."""

    def change() -> None:
        pause_scaling(access, app, None, fields_of_pause(form, renderer.visitor.zone))

    refusal = try_change(access, change, fields(form))
    if refusal is not None:
        return _show(renderer, access, app, refusal=refusal)
    return see_other(f"{app_path(app)}?done=paused")


@router.post("/dashboard/apps/{app}/resume")
def resume_app(access: AccessDep, app: AppName, _form: FormDep) -> Response:
    """End the pause of an app."""
    resume_scaling(access, app, None)
    return see_other(f"{app_path(app)}?done=resumed")


def _show(
    renderer: PageRenderer,
    access: Access,
    app: str,
    *,
    refusal: Refusal | None = None,
    done: str = "",
) -> HTMLResponse:
    session, tenant = access.session, access.tenant
    named = apps.find_app(session, tenant, app)
    pause = read_level(session, tenant, "app", named.id).values.get("pause")
    answer = overview_answer(session, tenant, renderer.visitor.now, renderer.clock.short)
    return renderer.render(
        "app.html",
        app=named,
        broker=apps.find_broker(session, tenant, named),
        roles=[role for role in answer.roles if role.app == named.name],
        steps=read_steps(session, tenant, named),
        pause=pause if isinstance(pause, Mapping) else None,
        refusal=refusal,
        done=done,
    )
