"""Apps of a tenant."""

from fastapi import APIRouter

from api.dependencies import NowDep, PartsDep, SessionDep, TenantDep
from api.errors import error_answers
from api.paths import AppName
from api.v1.schemas.settings import AppAnswer, AppList
from api.v1.views.settings import app_answer
from guv.apps import queries as apps
from guv.heroku.oauth import is_pending, settle_grant
from guv.roles import queries as roles

router = APIRouter(prefix="/apps", tags=["apps"])


@router.get("")
def list_apps(parts: PartsDep, session: SessionDep, tenant: TenantDep, now: NowDep) -> AppList:
    """List the tenant's apps by name.

    Where Heroku did not answer when the add-on was added, it is asked again now.
    """
    pending = is_pending(tenant, now)
    note = settle_grant(parts.grant_exchange(), tenant.id, now) if pending else None
    brokers, of_app = apps.list_brokers(session, tenant), roles.list_all_roles(session, tenant)
    found = [
        app_answer(app, brokers.get(app.id), of_app.get(app.id, []))
        for app in apps.list_apps(session, tenant)
    ]
    return AppList(apps=found, note=note)


@router.get("/{app}", responses=error_answers(404))
def read_app(session: SessionDep, tenant: TenantDep, app: AppName) -> AppAnswer:
    """Show an app, whether guv may scale it, and its roles."""
    found = apps.find_app(session, tenant, app)
    broker = apps.find_broker(session, tenant, found)
    return app_answer(found, broker, roles.list_roles(session, tenant, found))
