"""How are all apps and roles? The first page."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.dashboard.deps import AccessDep
from api.dashboard.pages import DeskDep
from guv.tenancy import apps, roles

router = APIRouter()


@router.get("/dashboard")
def show_overview(desk: DeskDep, access: AccessDep) -> HTMLResponse:
    """All apps and roles."""
    found = apps.list_apps(access.session, access.tenant)
    of_app = roles.list_all_roles(access.session, access.tenant)
    return desk.show("overview.html", apps=found, roles=of_app)
