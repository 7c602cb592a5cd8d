"""What does Heroku tell by itself, and what becomes of it?

Events come more than once and in any order, so each sets what holds and none counts; one of an app
that is older than what is known is left out.
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
WAKE_AFTER = timedelta(seconds=4)  # a formation that was read before is not believed any longer
DELETED = "The app was deleted at Heroku."


def _instant_or_none(value: Any) -> Any:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None


Instant = Annotated[AwareDatetime | None, BeforeValidator(_instant_or_none)]


class Event(BaseModel):
    """Something that happened; fields that guv does not need are left out."""

    action: str
    resource: str
    data: dict[str, Any]
    published_at: Instant = None
    updated_at: Instant = None
    created_at: Instant = None

    def at(self, now: datetime) -> datetime:
        """When Heroku told it."""
        return self.published_at or self.updated_at or self.created_at or now


class AppData(BaseModel):
    """What an event says of an app."""

    id: UUID
    name: str = Field(min_length=1, max_length=100, pattern=STORABLE)
    maintenance: bool = False


class AddonData(BaseModel):
    """What an event says of a resource."""

    id: UUID
    name: str = Field(min_length=1, max_length=100, pattern=STORABLE)


class _Named(BaseModel):
    id: UUID


class FormationData(BaseModel):
    """What an event says of a process type."""

    app: _Named
    type: str
    quantity: int


def take_event(session: Session, tenant: Tenant, body: Any, now: datetime) -> str:
    """What became of it, in a word.

    Args:
        session: Its transaction is the caller's, which holds the tenant's lock.
        tenant: Whose subscription it came by.
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
    """Its ticks end; the removal of the add-on, which Heroku asks for too, ends the rest."""
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
    """Roles whose dynos somebody else changed are due at once; guv's own changes wake nobody."""
    data = FormationData.model_validate(event.data)
    found = [
        one.role.id
        for one in settings.tenant_settings(session, tenant)
        if one.app.heroku_id == data.app.id
        and one.effective.process_type == data.type
        and one.role.dynos_left != data.quantity
    ]
    tick_schedule.wake(session.connection(), found, now + WAKE_AFTER)
    return DONE


def _newer(session: Session, tenant: Tenant, heroku_id: UUID, at: datetime) -> App | str:
    """The app that an event is about, where it is not older than what is known."""
    found = apps.find_by_heroku_id(session, tenant, heroku_id)
    if found is None:
        return NOT_OURS
    session.expunge(found)
    app = find_locked(session, found.id)
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
