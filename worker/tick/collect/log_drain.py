"""Log drain of an app with web roles, and Heroku's own autoscaling beside guv.

A drain is made when the first web role of an app ticks, and never where it is not wanted: Fir apps
have none, and an add-on whose manifest requires one cannot be added to them.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from guv.crypto import hash_secret
from guv.errors import HerokuRefused, OutsideError
from guv.heroku.call_budget import Need
from guv.incidents.causes import Cause, Trouble
from guv.logging import mask
from guv.web_metrics.drains import drain_url, renew_drain
from guv.web_metrics.models import Drain
from worker.process.runtime import Runtime
from worker.tick.context import TickContext
from worker.tick.heroku_access import HerokuAccess

FIR = "fir"
RETRY = timedelta(minutes=10)
BEING_MADE = "its log drain is being made"
NEVER = timedelta(days=7)  # An app may be moved to another generation.
ASKED_S = 600  # For how long the answer whether Heroku scales the dynos itself is believed.
INSTEAD = "its figures can be pushed instead (docs/web.md)"

_CLAIM = text("""
    update drain set retry_at = :next where id = :id and retry_at <= :now returning id
""")


def ensure_drain(
    runtime: Runtime, access: HerokuAccess, context: TickContext, drain: Drain | None, now: datetime
) -> str:
    """Return why the app has no drain; "": it has one, or it was just made."""
    if drain is None:
        drain = _first(runtime, context, now)
        if drain is None:
            return BEING_MADE
    elif drain.retry_at is None:
        return ""
    elif drain.retry_at > now or not _claimed(runtime, drain, now):
        return drain.note
    return _make(runtime, access, context, now)


def find_autoscaling(
    runtime: Runtime, access: HerokuAccess, context: TickContext, now: datetime
) -> Trouble | None:
    """Return the trouble that Heroku's own autoscaling scales the role's dynos, where it does."""
    process_type = context.process_type
    key = f"guv:heroku:autoscale:{context.app.id}:{process_type}"
    known = remembered(
        runtime, key, ASKED_S, lambda: _is_autoscaled(runtime, access, context, process_type)
    )
    if not known:
        return None
    name = context.app.name
    return Trouble(
        Cause.FOREIGN_CHANGES,
        f"Heroku's own autoscaling scales {process_type}, so guv does not:"
        f" `heroku ps:autoscale:disable --app {name}` ends it; guv looks again every ten minutes.",
        since=now,
    )


def _is_autoscaled(
    runtime: Runtime, access: HerokuAccess, context: TickContext, process_type: str
) -> bool:
    """Return whether Heroku scales them; without the right to ask, external changes show it."""
    app_id = context.app.heroku_id
    try:
        return access.call(
            lambda token: runtime.heroku.is_autoscaled(app_id, process_type, token), Need.READ
        )
    except OutsideError:
        return False


def _first(runtime: Runtime, context: TickContext, now: datetime) -> Drain | None:
    """Add a row for the app's drain; None: another tick has just added it."""
    drain = Drain(
        tenant_id=context.tenant.id,
        app_id=context.app.id,
        secret_hash="",
        retry_at=now + RETRY,
        note=BEING_MADE,
        created_at=now,
    )
    values = drain.model_dump()
    added = insert(Drain).values(**values).on_conflict_do_nothing().returning(col(Drain.id))
    with runtime.engine.begin() as connection:
        made = connection.execute(added).first()
    return drain if made is not None else None


def _claimed(runtime: Runtime, drain: Drain, now: datetime) -> bool:
    values = {"id": drain.id, "now": now, "next": now + RETRY}
    with runtime.engine.begin() as connection:
        return connection.execute(_CLAIM, values).first() is not None


def _make(runtime: Runtime, access: HerokuAccess, context: TickContext, now: datetime) -> str:
    """Make the drain, or return why it cannot be; its secret is stored before Heroku knows it."""
    app_id = context.app.heroku_id
    try:
        if access.call(lambda token: runtime.heroku.read_generation(app_id, token)) == FIR:
            note = f"Heroku has no log drains for apps of its Fir generation; {INSTEAD}"
            return _noted(runtime, context, note, now + NEVER)
        drain_id, secret = _renewed(runtime, context, now)
        url = drain_url(runtime.config.guv_public_url, drain_id, secret)
        added = access.call(lambda token: runtime.heroku.add_drain(app_id, url, token))
    except HerokuRefused as refusal:
        note = f"Heroku lets guv make no log drain ({mask(str(refusal))}); {INSTEAD}"
        return _noted(runtime, context, note, now + RETRY)
    except OutsideError as failure:
        return _noted(runtime, context, f"Heroku cannot be asked: {failure}", now + RETRY)
    with Session(runtime.engine) as session:
        row = session.get_one(Drain, drain_id)
        row.heroku_id, row.token_hash = added.id, hash_secret(added.token)
        session.add(row)
        session.commit()
    return ""


def _renewed(runtime: Runtime, context: TickContext, now: datetime) -> tuple[UUID, str]:
    with Session(runtime.engine) as session:
        drain, secret = renew_drain(session, context.tenant, context.app, now)
        drain_id = drain.id
        session.commit()
    return drain_id, secret


def _noted(runtime: Runtime, context: TickContext, note: str, retry_at: datetime) -> str:
    table = Drain.metadata.tables["drain"]
    mine = table.c.app_id == context.app.id
    with runtime.engine.begin() as connection:
        connection.execute(table.update().where(mine).values(note=note, retry_at=retry_at))
    return note


def remembered(runtime: Runtime, key: str, seconds: int, ask: Callable[[], bool]) -> bool:
    """Return an answer of the last seconds from Redis, or ask; without Redis always ask."""
    if runtime.redis is None:
        return ask()
    with suppress(RedisError):
        kept = runtime.redis.get(key)
        if kept is not None:
            return kept == b"1"
    answer = ask()
    with suppress(RedisError):
        runtime.redis.set(key, b"1" if answer else b"0", ex=seconds)
    return answer
