"""How many dynos run? The role's process type in its app's formation, read from Heroku."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Engine, text

from guv.errors import HerokuRefused, HerokuUnavailable
from guv.models import App
from worker.result import FormationReading
from worker.runtime import Runtime
from worker.subject import Subject
from worker.tokens import Access, is_lost
from worker.trouble import Cause, Trouble

LOST = "needs_authorization"

_CLAIM_RETRY = text("""
    update app set authorization_retry_at = :next
    where id = :id and (authorization_retry_at is null or authorization_retry_at <= :now)
    returning id
""")


def collect_formation(
    runtime: Runtime, access: Access, subject: Subject, now: datetime
) -> FormationReading:
    """The quantity of the role's process type; without one, a reading that says why."""
    app = subject.app
    if not access.is_possible:
        return _unauthorized("guv holds no token of this app yet")
    if app.authorization_state == LOST and not _may_retry(runtime, app, now):
        return _unauthorized(app.authorization_note)
    try:
        quantities = access.call(lambda token: runtime.heroku.read_formation(app.heroku_id, token))
    except HerokuUnavailable as failure:
        return _unknown(f"Heroku cannot be asked: {failure}")
    except HerokuRefused as refusal:
        if is_lost(refusal):
            return _unauthorized(str(refusal), lost=str(refusal))
        return _unknown(f"Heroku does not show the formation: {refusal}")
    return _reading(quantities, subject.effective.values["process_type"])


def _reading(quantities: Mapping[str, int], process_type: str) -> FormationReading:
    dynos = quantities.get(process_type)
    if dynos is not None:
        return FormationReading(quantities, dynos, answered=True)
    known = ", ".join(sorted(quantities)) or "none"
    text = f"The app has no process type {process_type!r}; it has: {known}."
    return FormationReading(quantities, trouble=Trouble(Cause.NO_DATA, text), answered=True)


def _may_retry(runtime: Runtime, app: App, now: datetime) -> bool:
    """Whether it is time to try again, and it is this tick that tries for all of the app."""
    if app.authorization_retry_at is not None and app.authorization_retry_at > now:
        return False
    pause = timedelta(seconds=runtime.config.guv_authorization_retry)
    return _claim(runtime.engine, {"id": app.id, "now": now, "next": now + pause})


def _claim(engine: Engine, values: Mapping[str, object]) -> bool:
    with engine.begin() as connection:
        return connection.execute(_CLAIM_RETRY, values).first() is not None


def _unauthorized(why: str, lost: str | None = None) -> FormationReading:
    text = f"guv may not scale this app until it is authorized again: {why}."
    return FormationReading(trouble=Trouble(Cause.AUTHORIZATION_LOST, text), lost=lost)


def _unknown(why: str) -> FormationReading:
    return FormationReading(trouble=Trouble(Cause.NO_DATA, f"{why}."))
