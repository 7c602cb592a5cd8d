"""How are all apps and roles? The first page."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.dashboard.dependencies import AccessDep
from api.dashboard.renderer import DeskDep
from api.v1.overview import OverviewRole, overview_answer
from guv.apps import queries as apps
from guv.apps.models import App

router = APIRouter()


@dataclass(frozen=True, slots=True)
class AppRoles:
    """An app and how its roles are."""

    app: App
    roles: Sequence[OverviewRole]


@router.get("/dashboard")
def show_overview(desk: DeskDep, access: AccessDep) -> HTMLResponse:
    """All apps with their roles, each in words and figures."""
    answer = overview_answer(access.session, access.tenant, desk.visitor.now, desk.clock.short)
    found = [
        AppRoles(app, [one for one in answer.roles if one.app == app.name])
        for app in apps.list_apps(access.session, access.tenant)
    ]
    worst = [one for one in answer.roles if one.state.tone == "bad"]
    return desk.show("overview.html", apps=found, worst=worst, here="overview")
