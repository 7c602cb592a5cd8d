"""How many dynos run? The role's process type in its app's formation, read from Heroku."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Engine, text

from guv.apps.models import App
from guv.clock import steady_seconds, unix_seconds
from guv.errors import HerokuLimited, HerokuRefused, HerokuUnavailable, OutsideError
from guv.heroku.call_budget import Need
from guv.heroku.client import Formation
from guv.heroku.formation_cache import FRESH_S, REFUSED_S, USABLE_S, Seen
from guv.incidents.causes import Cause, Trouble
from worker.process.runtime import Runtime
from worker.tick.context import Subject
from worker.tick.heroku_access import Access
from worker.tick.result import FormationReading

LOST = "needs_authorization"
LATE_S = 60.0  # while calls run out, what was read so long ago may be read again before the rest
OLD_S = 300.0
NOTHING_SEEN = Seen(asked_at=0.0)

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
        formation, note = _look(runtime, access, app, now)
    except HerokuUnavailable as failure:
        return _unknown(f"Heroku cannot be asked: {failure}")
    except HerokuRefused as refusal:
        if refusal.is_about_rights:
            return _unauthorized(str(refusal), lost=str(refusal))
        return _unknown(f"Heroku does not show the formation: {refusal}")
    return _reading(formation, subject.effective.process_type, note)


def _look(
    runtime: Runtime, access: Access, app: App, now: datetime
) -> tuple[Formation, str | None]:
    """The app's formation, read by whichever of its roles comes first, and what to know of it."""
    seen = runtime.shelf.find(app.id)
    if seen is not None and seen.is_fresh(now):
        return seen.told(), None
    with runtime.shelf.turn(app.id, now) as seen:
        if seen is not None and seen.is_fresh(now):
            return seen.told(), None
        return _ask(runtime, access, app, seen or NOTHING_SEEN, now)


def _ask(
    runtime: Runtime, access: Access, app: App, seen: Seen, now: datetime
) -> tuple[Formation, str | None]:
    age, start = seen.age(now), steady_seconds()
    known = seen.formation

    def read(token: str) -> Formation:
        found = runtime.heroku.read_formation(app.heroku_id, token, known)
        if app.authorization_state == LOST:  # who may look may not yet scale
            runtime.heroku.try_to_change(app.heroku_id, token)
        return found

    try:
        formation = access.call(read, _need(age))
    except HerokuLimited as limit:
        if known is None or age > USABLE_S:
            raise
        return known, f"{limit}; the formation is the one of {age:.0f} s ago."
    except OutsideError as failure:
        asked_at = unix_seconds(now) + steady_seconds() - start
        failed = replace(seen, asked_at=asked_at, failure=str(failure), lasting=_lasting(failure))
        runtime.shelf.put(app.id, failed)
        raise
    runtime.shelf.put(app.id, Seen(unix_seconds(now), unix_seconds(now), formation))
    access.learn_remaining(formation.remaining)
    return formation, None


def _lasting(failure: OutsideError) -> float:
    """For how many seconds nobody asks again; rights may come back at any moment."""
    is_firm = isinstance(failure, HerokuRefused) and not failure.is_about_rights
    return REFUSED_S if is_firm else FRESH_S


def _need(age: float) -> Need:
    if age > USABLE_S:
        return Need.BLIND_READ
    if age > OLD_S:
        return Need.OLD_READ
    return Need.LATE_READ if age > LATE_S else Need.READ


def _reading(formation: Formation, process_type: str, note: str | None) -> FormationReading:
    dynos = formation.quantities.get(process_type)
    reading = FormationReading(
        formation.quantities,
        dynos,
        answered=note is None,
        size=formation.sizes.get(process_type),
        app_name=formation.app_name,
        note=note,
    )
    if dynos is not None:
        return reading
    if not formation.quantities:
        text = "The app has no process types; it must be deployed before it can be scaled."
    else:
        known = ", ".join(sorted(formation.quantities))
        text = f"The app has no process type {process_type!r}; it has: {known}."
    return replace(reading, trouble=Trouble(Cause.NO_DATA, text))


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
