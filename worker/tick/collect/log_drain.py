"""Does the app's log drain deliver, and does nobody else scale its web dynos?

A drain is made when the first web role of an app ticks, and never where it is not wanted: Fir apps
have none, and an add-on whose manifest requires one cannot be added to them.
"""

from datetime import datetime, timedelta
from uuid import UUID

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
from worker.tick.collect.remembered import remembered
from worker.tick.context import Subject
from worker.tick.heroku_access import Access

FIR = "fir"
RETRY = timedelta(minutes=10)
BEING_MADE = "its log drain is being made"
NEVER = timedelta(days=7)  # an app may be moved to another generation
ASKED_S = 600  # so long it is known whether Heroku scales the dynos itself
INSTEAD = "its figures can be pushed instead (docs/web.md)"

_CLAIM = text("""
    update drain set retry_at = :next where id = :id and retry_at <= :now returning id
""")


def ensure_drain(
    runtime: Runtime, access: Access, subject: Subject, drain: Drain | None, now: datetime
) -> str:
    """Why the app has no drain, in words; "": it has one, or it was just made."""
    if drain is None:
        drain = _first(runtime, subject, now)
        if drain is None:
            return BEING_MADE
    elif drain.retry_at is None:
        return ""
    elif drain.retry_at > now or not _claimed(runtime, drain, now):
        return drain.note
    return _make(runtime, access, subject, now)


def find_autoscaling(
    runtime: Runtime, access: Access, subject: Subject, now: datetime
) -> Trouble | None:
    """That Heroku's own autoscaling scales the role's dynos; None: it does not, as far as seen."""
    process_type = subject.effective.process_type
    key = f"guv:heroku:autoscale:{subject.app.id}:{process_type}"
    known = remembered(
        runtime, key, ASKED_S, lambda: _asks_heroku(runtime, access, subject, process_type)
    )
    if not known:
        return None
    name = subject.app.name
    return Trouble(
        Cause.FOREIGN_CHANGES,
        f"Heroku's own autoscaling scales {process_type}, so guv does not:"
        f" `heroku ps:autoscale:disable --app {name}` ends it; guv looks again every ten minutes.",
        since=now,
    )


def _asks_heroku(runtime: Runtime, access: Access, subject: Subject, process_type: str) -> bool:
    """Whether Heroku says that it scales them; who may not ask, is told by foreign changes."""
    app_id = subject.app.heroku_id
    try:
        return access.call(
            lambda token: runtime.heroku.is_autoscaled(app_id, process_type, token), Need.READ
        )
    except OutsideError:
        return False


def _first(runtime: Runtime, subject: Subject, now: datetime) -> Drain | None:
    """A row for the app's drain; None: somebody else has just made it."""
    drain = Drain(
        tenant_id=subject.tenant.id,
        app_id=subject.app.id,
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


def _make(runtime: Runtime, access: Access, subject: Subject, now: datetime) -> str:
    """Why no drain could be made; "": it was. Its secret is stored before Heroku knows it."""
    app_id = subject.app.heroku_id
    try:
        if access.call(lambda token: runtime.heroku.read_generation(app_id, token)) == FIR:
            note = f"Heroku has no log drains for apps of its Fir generation; {INSTEAD}"
            return _noted(runtime, subject, note, now + NEVER)
        drain_id, secret = _renewed(runtime, subject, now)
        url = drain_url(runtime.config.guv_public_url, drain_id, secret)
        added = access.call(lambda token: runtime.heroku.add_drain(app_id, url, token))
    except HerokuRefused as refusal:
        note = f"Heroku lets guv make no log drain ({mask(str(refusal))}); {INSTEAD}"
        return _noted(runtime, subject, note, now + RETRY)
    except OutsideError as failure:
        return _noted(runtime, subject, f"Heroku cannot be asked: {failure}", now + RETRY)
    with Session(runtime.engine) as session:
        row = session.get_one(Drain, drain_id)
        row.heroku_id, row.token_hash = added.id, hash_secret(added.token)
        session.add(row)
        session.commit()
    return ""


def _renewed(runtime: Runtime, subject: Subject, now: datetime) -> tuple[UUID, str]:
    with Session(runtime.engine) as session:
        drain, secret = renew_drain(session, subject.tenant, subject.app, now)
        drain_id = drain.id
        session.commit()
    return drain_id, secret


def _noted(runtime: Runtime, subject: Subject, note: str, retry_at: datetime) -> str:
    table = Drain.metadata.tables["drain"]
    mine = table.c.app_id == subject.app.id
    with runtime.engine.begin() as connection:
        connection.execute(table.update().where(mine).values(note=note, retry_at=retry_at))
    return note
