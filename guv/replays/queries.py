"""Requests for replays, and their state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, func, select

from guv.apps.models import App
from guv.apps.queries import find_app
from guv.errors import Conflict, FieldError, Invalid, NotFound
from guv.history.models import SampleRow
from guv.replays.models import ReplayRow
from guv.roles.models import Role
from guv.roles.queries import find_role
from guv.settings.queries import role_levels
from guv.settings.resolve import Level
from guv.settings.variants import variant_faults, variant_settings
from guv.tenants.models import Tenant
from guv.tenants.plans import plan_of

OLDEST = timedelta(days=7)  # every tick is kept for so long
USUAL = timedelta(days=1)  # range where the request names no start
MOST_VARIANTS = 5  # of a replay
MOST_AT_ONCE = (
    5  # unfinished replays of a tenant, so that other tenants' do not wait for all of them
)
KEPT = 50  # newest replays of a role
SILENT = timedelta(minutes=2)  # without a heartbeat, after which a running replay has failed
LOST = timedelta(hours=1)  # in the queue, after which a replay has failed
STOPPED = "The process that ran it was stopped. Start the replay again."
_UNFINISHED = text("state in ('queued', 'running')")


@dataclass(frozen=True, slots=True)
class Variant:
    """Settings to replay a time range with: a name, and the values that differ."""

    name: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReplayWish:
    """What to replay: a time range and variants."""

    since: datetime
    until: datetime
    variants: Sequence[Variant]


@dataclass(frozen=True, slots=True)
class Asking:
    """A request for a replay: who asks, for which role, and when."""

    tenant: Tenant
    app: str
    role: str
    by: str
    now: datetime


@dataclass(frozen=True, slots=True)
class NamedReplay:
    """A replay with the names of its app and role."""

    row: ReplayRow
    app: str
    role: str


@dataclass(frozen=True, slots=True)
class ReplayFilter:
    """Filters of replays; None does not filter.

    Attributes:
        roles: Ids of roles.
        before: Only those after this one in the list's order: the time of its request and its id.
    """

    roles: Sequence[UUID] | None = None
    before: tuple[datetime, UUID] | None = None


def ask_for_replay(session: Session, asking: Asking, wish: ReplayWish) -> NamedReplay:
    """Add a replay in the state queued; `guv.replays.start` commits it and then enqueues its job.

    Raises:
        NotFound: The tenant has no such app or role.
        Invalid: A variant cannot be replayed, or nothing of the role was recorded in that time.
        Conflict: The role has an unfinished replay, or the tenant too many.
    """
    tenant, now = asking.tenant, asking.now
    app = find_app(session, tenant, asking.app)
    role = find_role(session, tenant, app, asking.role)
    _refuse_faults(role_levels(session, tenant, app, role), role, tenant, wish.variants)
    _refuse_time(session, role, wish, now)
    _expire(session, tenant, now)
    _refuse_too_many(session, tenant)
    row = ReplayRow(
        tenant_id=tenant.id,
        app_id=app.id,
        role_id=role.id,
        asked_at=now,
        asked_by=asking.by,
        since=wish.since,
        until=wish.until,
        variants=[{"name": variant.name, "settings": variant.values} for variant in wish.variants],
        seen_at=now,
    )
    added = insert(ReplayRow).values(**row.model_dump())
    added = added.on_conflict_do_nothing(index_elements=["role_id"], index_where=_UNFINISHED)
    if session.execute(added.returning(col(ReplayRow.id))).first() is None:
        raise Conflict(f"Replay {_unfinished_id(session, role)} of this role is still running.")
    _keep_newest(session, role)
    return NamedReplay(row, app.name, role.name)


def find_replay(session: Session, tenant: Tenant, replay: UUID) -> NamedReplay:
    """Find a tenant's replay by id.

    Raises:
        NotFound: The tenant has no such replay.
    """
    row = session.exec(_named(tenant).where(ReplayRow.id == replay)).first()
    if row is None:
        raise NotFound(f"Couldn't find the replay {replay}.")
    return NamedReplay(*row)


def list_replays(
    session: Session, tenant: Tenant, wanted: ReplayFilter, limit: int
) -> list[NamedReplay]:
    """List up to `limit` of the tenant's replays, newest first."""
    query = _named(tenant)
    if wanted.roles is not None:
        query = query.where(col(ReplayRow.role_id).in_(wanted.roles))
    if wanted.before is not None:
        query = query.where(tuple_(col(ReplayRow.asked_at), col(ReplayRow.id)) < wanted.before)
    order = (col(ReplayRow.asked_at).desc(), col(ReplayRow.id).desc())
    return [NamedReplay(*row) for row in session.exec(query.order_by(*order).limit(limit))]


def remove_replay(session: Session, tenant: Tenant, replay: UUID) -> None:
    """Delete a replay; its job ends when it notices.

    Raises:
        NotFound: The tenant has no such replay.
    """
    session.delete(find_replay(session, tenant, replay).row)


def state_of(row: ReplayRow, now: datetime) -> tuple[str, str | None]:
    """Return a replay's state and its error; one without a heartbeat has failed."""
    quiet = now - row.seen_at
    if (row.state == "running" and quiet > SILENT) or (row.state == "queued" and quiet > LOST):
        return "failed", STOPPED
    return row.state, row.error


def _named(tenant: Tenant) -> Any:
    return (
        select(ReplayRow, App.name, Role.name)
        .join(Role, col(Role.id) == col(ReplayRow.role_id))
        .join(App, col(App.id) == col(Role.app_id))
        .where(ReplayRow.tenant_id == tenant.id)
    )


def _refuse_faults(
    levels: Sequence[Level], role: Role, tenant: Tenant, variants: Sequence[Variant]
) -> None:
    faults: list[FieldError] = []
    for number, variant in enumerate(variants):
        effective = variant_settings(role.name, levels, variant.values)
        faults += [
            FieldError(f"variants.{number}.settings.{fault.field}", fault.message)
            for fault in variant_faults(effective, variant.values, plan_of(tenant.plan))
        ]
    if faults:
        raise Invalid("These variants cannot be replayed.", faults)


def _refuse_time(session: Session, role: Role, wish: ReplayWish, now: datetime) -> None:
    if wish.since >= min(wish.until, now):
        raise _nothing("must be before to and in the past")
    if wish.since < now - OLDEST:
        raise _nothing(f"must be within the last {OLDEST.days} days, for which every tick is kept")
    query = select(SampleRow.at).where(
        SampleRow.role_id == role.id,
        SampleRow.at >= wish.since,
        SampleRow.at < wish.until,
        or_(col(SampleRow.messages_ready).is_not(None), col(SampleRow.web).is_not(None)),
    )
    if len(session.exec(query.limit(2)).all()) < 2:  # noqa: PLR2004 - a pair is a time
        raise _nothing("is in a time in which no jobs or requests of this role were counted")


def _nothing(message: str) -> Invalid:
    return Invalid("There is nothing to replay.", [FieldError("from", message)])


def _refuse_too_many(session: Session, tenant: Tenant) -> None:
    query = select(func.count()).select_from(ReplayRow)
    waiting = session.exec(query.where(ReplayRow.tenant_id == tenant.id, _UNFINISHED)).one()
    if waiting >= MOST_AT_ONCE:
        raise Conflict(
            f"{waiting} of your replays are still running. Wait for one of them to finish."
        )


def _expire(session: Session, tenant: Tenant, now: datetime) -> None:
    """Mark the tenant's replays without a heartbeat as failed."""
    session.execute(
        update(ReplayRow)
        .where(col(ReplayRow.tenant_id) == tenant.id, _silent(now))
        .values(state="failed", error=STOPPED, finished_at=now)
    )


def _silent(now: datetime) -> ColumnElement[bool]:
    row = ReplayRow
    return or_(
        and_(col(row.state) == "running", col(row.seen_at) < now - SILENT),
        and_(col(row.state) == "queued", col(row.seen_at) < now - LOST),
    )


def _unfinished_id(session: Session, role: Role) -> UUID | None:
    return session.exec(
        select(ReplayRow.id).where(ReplayRow.role_id == role.id, _UNFINISHED)
    ).first()


def _keep_newest(session: Session, role: Role) -> None:
    mine = select(ReplayRow.id).where(ReplayRow.role_id == role.id)
    old = mine.order_by(col(ReplayRow.asked_at).desc()).offset(KEPT)
    session.execute(delete(ReplayRow).where(col(ReplayRow.id).in_(old)))
