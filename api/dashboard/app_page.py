"""How is an app, and what can be done about it? Its roles, its broker, its authorization."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.dashboard.deps import AccessDep
from api.dashboard.pages import DeskDep, Word
from api.dashboard.steps import read_steps
from api.decisions.overview import overview_answer
from api.paths import AppName
from guv.tenancy import apps

router = APIRouter()


@router.get("/dashboard/apps/{app}")
def show_app(desk: DeskDep, access: AccessDep, app: AppName, done: Word = "") -> HTMLResponse:
    """The app's page; whoever has not finished the first steps is led to them."""
    found = apps.find_app(access.session, access.tenant, app)
    answer = overview_answer(access.session, access.tenant, desk.visitor.now, desk.clock.short)
    return desk.show(
        "app.html",
        app=found,
        broker=apps.find_broker(access.session, access.tenant, found),
        roles=[one for one in answer.roles if one.app == found.name],
        steps=read_steps(access.session, access.tenant, found),
        done=done,
    )
