"""Which replays did a tenant ask for, and what came of them?"""

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

OLDEST = timedelta(days=7)  # until then every tick is kept
USUAL = timedelta(days=1)
MOST_VARIANTS = 5
MOST_AT_ONCE = 5  # of a tenant, so that others need not wait for all its roles
KEPT = 50  # of a role, the newest ones
SILENT = timedelta(minutes=2)  # a running one without a sign of life for so long has stopped
LOST = timedelta(hours=1)  # a queued one that nobody took for so long was lost
STOPPED = "The process that ran it was stopped. Ask for it again."
_UNFINISHED = text("state in ('queued', 'running')")


@dataclass(frozen=True, slots=True)
class Variant:
    """Settings to play a time with: a name for people, and the values that differ."""

    name: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReplayWish:
    """What to replay: a time, and the variants to play it with."""

    since: datetime
    until: datetime
    variants: Sequence[Variant]


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for a replay of which role, by their names, and when."""

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
    """Which replays are asked for; what is None does not narrow the choice.

    Attributes:
        roles: Of these roles.
        before: Only those after this one in the order of the list: its asking and its id.
    """

    roles: Sequence[UUID] | None = None
    before: tuple[datetime, UUID] | None = None


def ask_for_replay(session: Session, asking: Asking, wish: ReplayWish) -> NamedReplay:
    """The replay, queued; `guv.replays.start_replay` commits it and then enqueues its job.

    Raises:
        NotFound: The tenant has no such app or role.
        Invalid: A variant holds what no replay can answer or what cannot work, or nothing of the
            role's queues was recorded in that time.
        Conflict: One of the role's is not finished yet, or too many of the tenant's.
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
        variants=[{"name": one.name, "settings": one.values} for one in wish.variants],
        seen_at=now,
    )
    added = insert(ReplayRow).values(**row.model_dump())
    added = added.on_conflict_do_nothing(index_elements=["role_id"], index_where=_UNFINISHED)
    if session.execute(added.returning(col(ReplayRow.id))).first() is None:
        raise Conflict(f"Replay {_unfinished_id(session, role)} of this role is not finished yet.")
    _keep_newest(session, role)
    return NamedReplay(row, app.name, role.name)


def find_replay(session: Session, tenant: Tenant, replay: UUID) -> NamedReplay:
    """The tenant's replay of that id.

    Raises:
        NotFound: The tenant has no such replay.
    """
    found = session.exec(_named(tenant).where(ReplayRow.id == replay)).first()
    if found is None:
        raise NotFound(f"Couldn't find the replay {replay}.")
    return NamedReplay(*found)


def list_replays(
    session: Session, tenant: Tenant, wanted: ReplayFilter, limit: int
) -> list[NamedReplay]:
    """Up to `limit` of the tenant's replays, the one that was asked for last at the top."""
    query = _named(tenant)
    if wanted.roles is not None:
        query = query.where(col(ReplayRow.role_id).in_(wanted.roles))
    if wanted.before is not None:
        query = query.where(tuple_(col(ReplayRow.asked_at), col(ReplayRow.id)) < wanted.before)
    order = (col(ReplayRow.asked_at).desc(), col(ReplayRow.id).desc())
    return [NamedReplay(*row) for row in session.exec(query.order_by(*order).limit(limit))]


def remove_replay(session: Session, tenant: Tenant, replay: UUID) -> None:
    """Nothing; the replay is gone, and its job ends when it notices.

    Raises:
        NotFound: The tenant has no such replay.
    """
    session.delete(find_replay(session, tenant, replay).row)


def state_of(row: ReplayRow, now: datetime) -> tuple[str, str | None]:
    """A replay's state in one word, and what went wrong; one that gives no sign has failed."""
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
    found: list[FieldError] = []
    for number, one in enumerate(variants):
        effective = variant_settings(role.name, levels, one.values)
        found += [
            FieldError(f"variants.{number}.settings.{fault.field}", fault.message)
            for fault in variant_faults(effective, one.values, plan_of(tenant.plan))
        ]
    if found:
        raise Invalid("These variants cannot be replayed.", found)


def _refuse_time(session: Session, role: Role, wish: ReplayWish, now: datetime) -> None:
    if wish.since >= min(wish.until, now):
        raise _nothing("must be before to and before the present")
    if wish.since < now - OLDEST:
        raise _nothing(
            f"must be within the last {OLDEST.days} days: every tick is kept for so long"
        )
    query = select(SampleRow.at).where(
        SampleRow.role_id == role.id,
        SampleRow.at >= wish.since,
        SampleRow.at < wish.until,
        or_(col(SampleRow.messages_ready).is_not(None), col(SampleRow.web).is_not(None)),
    )
    if len(session.exec(query.limit(2)).all()) < 2:  # noqa: PLR2004 - a pair is a time
        raise _nothing("no messages or requests of this role were counted between from and to")


def _nothing(message: str) -> Invalid:
    return Invalid("There is nothing to replay.", [FieldError("from", message)])


def _refuse_too_many(session: Session, tenant: Tenant) -> None:
    query = select(func.count()).select_from(ReplayRow)
    waiting = session.exec(query.where(ReplayRow.tenant_id == tenant.id, _UNFINISHED)).one()
    if waiting >= MOST_AT_ONCE:
        raise Conflict(f"{waiting} of your replays are not finished yet: wait for one of them.")


def _expire(session: Session, tenant: Tenant, now: datetime) -> None:
    """Nothing; those of the tenant's that give no sign of life have failed."""
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
