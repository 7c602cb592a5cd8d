"""Job of a replay: read its samples, play its variants, keep its result.

It runs in a process of its own (`worker.pool`). Once a second it says how far it is; that also
shows that it lives. Where the process is asked to stop, the replay goes back to the queue.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Engine, text, update
from sqlmodel import Session, col, select

from guv.apps.models import App
from guv.clock import steady_seconds, unix_seconds, utc_now
from guv.database import session_scope
from guv.history.usage import last_dyno_size
from guv.replays.models import ReplayRow
from guv.replays.start import enqueue_replay
from guv.roles.models import Role
from guv.roles.queries import believed_limit
from guv.roles.scaling_input import scaling_input
from guv.scaling import Sample, Settings
from guv.scaling.replay.replay import LEAD, replay
from guv.scaling.replay.web import replay_web
from guv.settings.queries import role_levels
from guv.settings.schema import EffectiveSettings
from guv.settings.variants import variant_settings
from guv.tenants.models import Tenant
from guv.tenants.plans import plan_of
from worker.process.runtime import Runtime
from worker.process.sample_cache import COLUMNS, sample_of
from worker.process.shutdown import Shutdown
from worker.replays.result import result_of

_log = structlog.get_logger(__name__)
TELL_EVERY_S = 1.0
FAULT = "A fault inside guv ended this replay."
NOTHING = "No messages or requests were counted in that time."
stopping = Shutdown()  # Set when this process shall end.

# As plain SQL, like a tick's history: a month has hundreds of thousands.
_SAMPLES = text(f"""
    select {COLUMNS}
    from sample where role_id = :role and at >= to_timestamp(:since) and at < :until order by at
""")  # noqa: S608 - names of columns


class ReplayEnded(Exception):
    """The replay was removed, or this process shall end."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a replay needs.

    Attributes:
        names: Of its variants.
        own: The role's settings.
        variants: The variants' settings, in their order.
        samples: The role's, with those of an hour before.
        since: Where it begins, Unix seconds.
        dyno_size: As Heroku names it; empty: unknown.
    """

    names: Sequence[str]
    own: Settings
    variants: Sequence[Settings]
    samples: Sequence[Sample]
    since: float
    dyno_size: str


def run_replay(runtime: Runtime, replay_id: UUID) -> bool:
    """Whether the replay was there to be taken, and is finished now."""
    start = steady_seconds()
    if not _claim(runtime.engine, replay_id, utc_now()):
        return False
    values: dict[str, Any] = {"state": "failed", "error": FAULT}
    try:
        values = _played(runtime.engine, replay_id)
    except ReplayEnded:
        values = {"state": "queued", "progress": 0.0}
    finally:  # also of a fault, which RQ reports, and of a job that took too long
        _finish(runtime.engine, replay_id, values)
        seconds = round(steady_seconds() - start, 1)
        _log.info("replay_done", replay=str(replay_id), state=values["state"], seconds=seconds)
    if values["state"] == "queued" and runtime.redis is not None:
        enqueue_replay(runtime.redis, replay_id)
    return bool(values["state"] == "done")


def _claim(engine: Engine, replay_id: UUID, now: datetime) -> bool:
    """Whether it waited, and is this process's now."""
    with engine.begin() as connection:
        taken = connection.execute(
            update(ReplayRow)
            .where(col(ReplayRow.id) == replay_id, col(ReplayRow.state) == "queued")
            .values(state="running", seen_at=now)
        )
    return taken.rowcount == 1


def _played(engine: Engine, replay_id: UUID) -> dict[str, Any]:
    """Return the values of its row when it is finished."""
    with Session(engine) as session:
        told = _read(session, replay_id, utc_now())
    play = replay_web if told.own.is_web else replay
    found = play(told.own, told.samples, told.since, told.variants, _teller(engine, replay_id))
    if found is None:
        return {"state": "failed", "error": NOTHING}
    result = result_of(found, told.names, told.dyno_size)
    return {"state": "done", "progress": 1.0, "result": result}


def _read(session: Session, replay_id: UUID, now: datetime) -> Told:
    query = (
        select(ReplayRow, Role, App, Tenant)
        .join(Role, col(Role.id) == col(ReplayRow.role_id))
        .join(App, col(App.id) == col(Role.app_id))
        .join(Tenant, col(Tenant.id) == col(Role.tenant_id))
        .where(ReplayRow.id == replay_id)
    )
    found = session.exec(query).first()
    if found is None:
        raise ReplayEnded
    row, role, app, tenant = found
    levels = role_levels(session, tenant, app, role)
    plan, size = plan_of(tenant.plan), last_dyno_size(session, tenant, role.id)
    limit = believed_limit(role, now)

    def settings(values: dict[str, Any]) -> Settings:
        effective: EffectiveSettings = variant_settings(role.name, levels, values)
        return scaling_input(effective, plan, platform_limit=limit, dyno_size=size)

    return Told(
        names=[one["name"] for one in row.variants],
        own=settings({}),
        variants=[settings(one["settings"]) for one in row.variants],
        samples=_samples(session, row),
        since=unix_seconds(row.since),
        dyno_size=size,
    )


def _samples(session: Session, row: ReplayRow) -> list[Sample]:
    values = {
        "role": row.role_id,
        "since": unix_seconds(row.since) - LEAD,
        "until": row.until,
    }
    few = {"yield_per": 5000}  # from a cursor in the database: not all of them twice in memory
    rows = session.connection().execute(_SAMPLES, values, execution_options=few)
    return [sample_of(one) for one in rows]


def _teller(engine: Engine, replay_id: UUID) -> Callable[[float], None]:
    """Return a callback that stores the progress once a second and ends a replay that must stop."""
    told = steady_seconds()

    def tell(progress: float) -> None:
        nonlocal told
        if steady_seconds() - told >= TELL_EVERY_S:
            told = steady_seconds()
            if stopping.is_set() or not _tell(engine, replay_id, progress):
                raise ReplayEnded

    return tell


def _tell(engine: Engine, replay_id: UUID, progress: float) -> bool:
    """Whether it is still this process's."""
    with engine.begin() as connection:
        told = connection.execute(
            update(ReplayRow)
            .where(col(ReplayRow.id) == replay_id, col(ReplayRow.state) == "running")
            .values(progress=progress, seen_at=utc_now())
        )
    return told.rowcount == 1


def _finish(engine: Engine, replay_id: UUID, values: dict[str, Any]) -> None:
    now = utc_now()
    ended = None if values["state"] == "queued" else now
    with session_scope(engine) as session:
        session.execute(
            update(ReplayRow)
            .where(col(ReplayRow.id) == replay_id, col(ReplayRow.state) == "running")
            .values(**values, seen_at=now, finished_at=ended)
        )
