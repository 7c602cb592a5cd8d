"""Which apps does a tenant have, and which broker feeds each?"""

from fastapi import APIRouter

from api.dependencies import AccessDep, NowDep, PartsDep, SessionDep, TenantDep
from api.errors import error_answers
from api.paths import AppName
from api.v1.broker_probe import queue_fault, read_broker_url, try_broker, watched_queues
from api.v1.levels import locked
from api.v1.schemas.settings import AppAnswer, AppList, BrokerAnswer, BrokerRequest, BrokerState
from api.v1.views.settings import app_answer, broker_state
from guv.apps import queries as apps
from guv.errors import NotFound
from guv.heroku.oauth import is_pending, settle_grant
from guv.roles import queries as roles

MOST_NAMED_QUEUES = 100
router = APIRouter(prefix="/apps", tags=["apps"])


@router.get("")
def list_apps(parts: PartsDep, session: SessionDep, tenant: TenantDep, now: NowDep) -> AppList:
    """The tenant's apps by name.

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
    """An app, whether guv may scale it, and its roles."""
    found = apps.find_app(session, tenant, app)
    broker = apps.find_broker(session, tenant, found)
    return app_answer(found, broker, roles.list_roles(session, tenant, found))


@router.get("/{app}/broker", responses=error_answers(404))
def read_broker(session: SessionDep, tenant: TenantDep, app: AppName) -> BrokerState:
    """The RabbitMQ that feeds the app's roles."""
    found = apps.find_app(session, tenant, app)
    broker = apps.find_broker(session, tenant, found)
    if broker is None:
        raise NotFound(f"App {found.name!r} has no broker yet.")
    return broker_state(broker)


@router.put("/{app}/broker", responses=error_answers(404))
def replace_broker(
    parts: PartsDep, access: AccessDep, app: AppName, request: BrokerRequest
) -> BrokerAnswer:
    """Set the app's broker, if it answers; else the one that was set before stays."""
    apps.find_app(access.session, access.tenant, app)
    url = read_broker_url(request.url)
    access.session.rollback()  # no connection is held while the broker is asked
    watchable = try_broker(parts, url)
    tenant = locked(access)
    found = apps.find_app(access.session, tenant, app)
    sealed = access.sealer.seal(request.url.get_secret_value())
    broker = apps.put_broker(access.session, tenant, found, sealed, url.address, access.edit.at)
    wanted = watched_queues(access.session, tenant, found)
    faults = [queue_fault(role, queue, watchable.queues) for role, queue in wanted]
    return BrokerAnswer(
        **broker_state(broker).model_dump(),
        queues=list(watchable.queues)[:MOST_NAMED_QUEUES],
        queue_count=len(watchable.queues),
        warnings=[*watchable.warnings, *(fault for fault in faults if fault is not None)],
    )
