"""Readings of an app: its queues and its formation, read once for all its roles that tick.

A broker that gives no usable answer is left alone for a while, longer each time; one tick asks
again on behalf of all, so that the others need not each wait for a timeout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, TextClause, text

from guv.apps.models import App, Broker
from guv.clock import steady_seconds, unix_seconds
from guv.errors import (
    BrokerRefused,
    BrokerUnreachable,
    HerokuLimited,
    HerokuRefused,
    HerokuUnavailable,
    OutsideError,
    QueueMissing,
)
from guv.heroku.call_budget import Need
from guv.heroku.client import Formation
from guv.heroku.formation_cache import FRESH_S, REFUSED_S, USABLE_S, CachedFormation
from guv.incidents.causes import Cause, Trouble
from guv.rabbitmq.client import QueueCounts
from worker.process.runtime import Runtime
from worker.tick.context import TickContext
from worker.tick.heroku_access import HerokuAccess

LOST = "needs_authorization"
PROBE_S = 10.0  # What a probe of a broker may take before another role may probe, too.
LATE_S = 60.0  # While calls run out, a formation of this age may be read again before the rest.
OLD_S = 300.0  # One of this age may be read again with fewer calls left.
NOT_READ = CachedFormation(asked_at=0.0)

_CLAIM_PROBE = text("""
    update broker set retry_at = :next where id = :id and retry_at <= :now returning id
""")
_CLAIM_AUTHORIZATION = text("""
    update app set authorization_retry_at = :next
    where id = :id and (authorization_retry_at is null or authorization_retry_at <= :now)
    returning id
""")


@dataclass(frozen=True, slots=True)
class QueueReadings:
    """Answer of the app's broker.

    Attributes:
        counts: Of each queue that was asked for, or why it has none.
        trouble: Why nothing could be read.
        answered: Whether the broker gave any usable answer; None: it was not asked.
        failure: Why it gave none, in words.
    """

    counts: Mapping[str, QueueCounts | QueueMissing] = field(default_factory=dict)
    trouble: Trouble | None = None
    answered: bool | None = None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class FormationReadings:
    """Heroku's answer about the app's formation.

    Attributes:
        formation: The formation; None: unknown.
        trouble: Why it is unknown.
        lost: Heroku's words when it refused for want of authorization in this very tick.
        note: Why this is not the present formation; None: it is.
    """

    formation: Formation | None = None
    trouble: Trouble | None = None
    lost: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Readings:
    """Queues and formation of one app."""

    queues: QueueReadings
    formation: FormationReadings


def read_queues(runtime: Runtime, contexts: Sequence[TickContext], now: datetime) -> QueueReadings:
    """Read all queues of an app's roles with one look at their broker."""
    broker, names = contexts[0].broker, {name for one in contexts for name in one.queues}
    if broker is None:
        return _no_counts("no broker is set for this app")
    if broker.failures and not _may_probe(runtime.engine, broker, now):
        return _no_counts(
            f"the broker gave no usable answer {broker.failures} times in a row ({broker.note});"
            " it is left alone for a moment"
        )
    try:
        counts = runtime.brokers.client_of(broker).look(sorted(names))
    except BrokerUnreachable as failure:
        trouble = Trouble(Cause.NO_DATA, f"The broker cannot be read: {failure}.")
        return QueueReadings(trouble=trouble, answered=False, failure=str(failure))
    except BrokerRefused as refusal:
        trouble = Trouble(Cause.BROKER_REFUSES, f"The broker cannot be read: {refusal}.")
        return QueueReadings(trouble=trouble, answered=True)
    except QueueMissing as missing:
        trouble = Trouble(Cause.NO_DATA, f"The queues cannot be read: {missing}.")
        return QueueReadings(trouble=trouble, answered=True)
    return QueueReadings(counts, answered=True)


def _no_counts(why: str) -> QueueReadings:
    return QueueReadings(trouble=Trouble(Cause.NO_DATA, f"The queues cannot be read: {why}."))


def _may_probe(engine: Engine, broker: Broker, now: datetime) -> bool:
    """Return whether the pause is over and it is this tick that asks for all."""
    if broker.retry_at is not None and broker.retry_at > now:
        return False
    next_at = now + timedelta(seconds=PROBE_S)
    return _claims(engine, _CLAIM_PROBE, id=broker.id, now=now, next=next_at)


def _claims(engine: Engine, claim: TextClause, **values: Any) -> bool:
    with engine.begin() as connection:
        return connection.execute(claim, values).first() is not None


def read_formation(
    runtime: Runtime, access: HerokuAccess, app: App, now: datetime
) -> FormationReadings:
    """Read the app's formation, from the cache where any process has read it just now."""
    if not access.is_possible:
        return _unauthorized("guv holds no token of this app yet")
    if app.authorization_state == LOST and not _may_retry(runtime, app, now):
        return _unauthorized(app.authorization_note)
    try:
        return _cached_or_read(runtime, access, app, now)
    except HerokuUnavailable as failure:
        return _unknown(f"Heroku cannot be asked: {failure}")
    except HerokuRefused as refusal:
        if refusal.is_about_rights:
            return _unauthorized(str(refusal), lost=str(refusal))
        return _unknown(f"Heroku does not show the formation: {refusal}")


def _cached_or_read(
    runtime: Runtime, access: HerokuAccess, app: App, now: datetime
) -> FormationReadings:
    cached = runtime.formations.find(app.id)
    if cached is not None and cached.is_fresh(now):
        return FormationReadings(cached.result())
    with runtime.formations.turn(app.id, now) as cached:
        if cached is not None and cached.is_fresh(now):
            return FormationReadings(cached.result())
        return _ask_heroku(runtime, access, app, cached or NOT_READ, now)


def _ask_heroku(
    runtime: Runtime, access: HerokuAccess, app: App, cached: CachedFormation, now: datetime
) -> FormationReadings:
    age, start, known = cached.age(now), steady_seconds(), cached.formation

    def read(token: str) -> Formation:
        formation = runtime.heroku.read_formation(app.heroku_id, token, known)
        if app.authorization_state == LOST:  # Who may look may not yet scale.
            runtime.heroku.try_to_change(app.heroku_id, token)
        return formation

    try:
        formation = access.call(read, _need(age))
    except HerokuLimited as limit:
        if known is None or age > USABLE_S:
            raise
        return FormationReadings(
            known, note=f"{limit}; the formation is the one of {age:.0f} s ago."
        )
    except OutsideError as failure:
        # Rights may come back at any moment; an app that is gone does not.
        is_firm = isinstance(failure, HerokuRefused) and not failure.is_about_rights
        failed = replace(
            cached,
            asked_at=unix_seconds(now) + steady_seconds() - start,
            failure=str(failure),
            lasting=REFUSED_S if is_firm else FRESH_S,
        )
        runtime.formations.put(app.id, failed)
        raise
    at = unix_seconds(now)
    runtime.formations.put(app.id, CachedFormation(at, at, formation))
    access.learn_remaining(formation.remaining)
    return FormationReadings(formation)


def _need(age: float) -> Need:
    if age > USABLE_S:
        return Need.BLIND_READ
    if age > OLD_S:
        return Need.OLD_READ
    return Need.LATE_READ if age > LATE_S else Need.READ


def _may_retry(runtime: Runtime, app: App, now: datetime) -> bool:
    """Return whether it is time to try again, and it is this tick that tries for all of the app."""
    if app.authorization_retry_at is not None and app.authorization_retry_at > now:
        return False
    next_at = now + timedelta(seconds=runtime.config.guv_authorization_retry)
    return _claims(runtime.engine, _CLAIM_AUTHORIZATION, id=app.id, now=now, next=next_at)


def _unauthorized(why: str, lost: str | None = None) -> FormationReadings:
    text = f"guv may not scale this app until it is authorized again: {why}."
    return FormationReadings(trouble=Trouble(Cause.AUTHORIZATION_LOST, text), lost=lost)


def _unknown(why: str) -> FormationReadings:
    return FormationReadings(trouble=Trouble(Cause.NO_DATA, f"{why}."))
