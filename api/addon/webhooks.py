"""Events from Heroku's webhooks and their effects.

Events come more than once and in any order, so each sets a state and none counts. An event of an
app that is older than the app's known state is ignored.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, ValidationError
from sqlmodel import Session

from guv.apps import queries as apps
from guv.apps.models import App
from guv.heroku.credentials import find_locked, note_right
from guv.roles import tick_schedule
from guv.settings import queries as settings
from guv.settings.field_types import STORABLE
from guv.tenants import queries as tenants
from guv.tenants.models import Tenant

UNKNOWN, OLD, DONE, NOT_OURS = "unknown", "old", "done", "not ours"
WAKE_AFTER = timedelta(seconds=4)  # by then the cached formation has expired
DELETED = "The app was deleted at Heroku."


def _instant_or_none(value: Any) -> Any:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None


Instant = Annotated[AwareDatetime | None, BeforeValidator(_instant_or_none)]


class Event(BaseModel):
    """An event; fields that guv does not need are left out."""

    action: str
    resource: str
    data: dict[str, Any]
    published_at: Instant = None
    updated_at: Instant = None
    created_at: Instant = None

    def at(self, now: datetime) -> datetime:
        """Return when Heroku published the event."""
        return self.published_at or self.updated_at or self.created_at or now


class AppData(BaseModel):
    """An app as events describe it."""

    id: UUID
    name: str = Field(min_length=1, max_length=100, pattern=STORABLE)
    maintenance: bool = False


class AddonData(BaseModel):
    """A resource as events describe it."""

    id: UUID
    name: str = Field(min_length=1, max_length=100, pattern=STORABLE)


class _Named(BaseModel):
    id: UUID


class FormationData(BaseModel):
    """A process type as events describe it."""

    app: _Named
    type: str
    quantity: int


def take_event(session: Session, tenant: Tenant, body: Any, now: datetime) -> str:
    """Apply an event and return the result in a word.

    Args:
        session: The caller's transaction, which holds the tenant's lock.
        tenant: The tenant whose subscription delivered it.
        body: The event's JSON.
        now: The present.
    """
    try:
        event = Event.model_validate(body)
        take = _TAKERS.get((event.resource, event.action))
        return take(session, tenant, event, now) if take else UNKNOWN
    except ValidationError:
        return UNKNOWN


def _app_changed(session: Session, tenant: Tenant, event: Event, now: datetime) -> str:
    data = AppData.model_validate(event.data)
    app = _newer(session, tenant, data.id, event.at(now))
    if isinstance(app, str):
        return app
    app.name, app.maintenance = data.name, data.maintenance
    return DONE


def _app_deleted(session: Session, tenant: Tenant, event: Event, now: datetime) -> str:
    """Stop the app's ticks; Heroku also removes the add-on, which ends the rest."""
    app = _newer(session, tenant, _Named.model_validate(event.data).id, event.at(now))
    if isinstance(app, str):
        return app
    tick_schedule.stop_app(session.connection(), app.id)
    note_right(app, "needs_authorization", DELETED)
    return DONE


def _addon_changed(session: Session, tenant: Tenant, event: Event, _now: datetime) -> str:
    data = AddonData.model_validate(event.data)
    if data.id != tenant.id:
        return NOT_OURS
    tenant.name = data.name
    session.add(tenant)
    return DONE


def _addon_removed(session: Session, tenant: Tenant, event: Event, now: datetime) -> str:
    if _Named.model_validate(event.data).id != tenant.id:
        return NOT_OURS
    tenants.end_tenant(session, tenant, now)
    return DONE


def _formation_changed(session: Session, tenant: Tenant, event: Event, now: datetime) -> str:
    """Make roles due whose dynos were changed by others; guv's own changes wake no role."""
    data = FormationData.model_validate(event.data)
    roles = [
        candidate.role.id
        for candidate in settings.tenant_settings(session, tenant)
        if candidate.app.heroku_id == data.app.id
        and candidate.effective.process_type == data.type
        and candidate.role.dynos_left != data.quantity
    ]
    tick_schedule.wake(session.connection(), roles, now + WAKE_AFTER)
    return DONE


def _newer(session: Session, tenant: Tenant, heroku_id: UUID, at: datetime) -> App | str:
    """Return the event's app, locked, or why the event does not apply."""
    row = apps.find_by_heroku_id(session, tenant, heroku_id)
    if row is None:
        return NOT_OURS
    session.expunge(row)
    app = find_locked(session, row.id)
    if app.heroku_updated_at is not None and at < app.heroku_updated_at:
        return OLD
    app.heroku_updated_at = at
    session.add(app)
    return app


Taker = Callable[[Session, Tenant, Event, datetime], str]
_TAKERS: Mapping[tuple[str, str], Taker] = {
    ("app", "create"): _app_changed,
    ("app", "update"): _app_changed,
    ("app", "destroy"): _app_deleted,
    ("addon", "create"): _addon_changed,
    ("addon", "update"): _addon_changed,
    ("addon", "destroy"): _addon_removed,
    ("formation", "update"): _formation_changed,
}
