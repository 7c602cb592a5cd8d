"""Feed for a tenant's New Relic, every minute: its roles' decisions and heartbeats.

Decisions are read where they are kept, so no tick waits and nothing is lost while New Relic is
away: what it has not taken is sent at the next attempt, up to a day back.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import and_, update
from sqlmodel import Session, col

from guv.backoff import doubled_pause
from guv.database import session_scope
from guv.errors import NotifierFailed
from guv.history.decisions import DecisionFilter, NamedDecision, decisions_after, last_ticks
from guv.notifications.newrelic import Event
from guv.notifications.queues import FEEDS
from guv.settings.models import SettingsLevel
from guv.settings.queries import RoleSettings, fed_level, fed_roles
from guv.settings.resolve import tick_interval
from guv.tenants.models import Tenant
from guv.tenants.plans import plan_of
from worker.notifications.decision_events import heartbeat_event, scaled_event
from worker.process.runtime import Runtime

EVERY = timedelta(seconds=60)
SETTLED = timedelta(seconds=60)  # a tick's job cannot take longer, so its decision is there
REFUSED_PAUSE = timedelta(hours=1)  # a refusal needs a person; it may have been mended over there
OLDEST = timedelta(hours=23)  # New Relic takes nothing that is older than a day
MOST_DECISIONS = 2000  # at once
MOST_EVENTS = 500  # in a request, which may have a million bytes
LONGEST_SILENCE = timedelta(hours=4)  # the longest interval is an hour

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Feed:
    """What is to be sent.

    Attributes:
        target: The New Relic account, with its key.
        alive: One event for each role that ticks.
        decisions: What was decided, from old to new.
        until: The instant up to which that is all.
        is_all: Whether nothing is left that could be sent now.
    """

    target: Mapping[str, Any]
    alive: Sequence[Event]
    decisions: Sequence[NamedDecision]
    until: datetime
    is_all: bool


def send_due(runtime: Runtime, now: datetime, most: int = 100) -> int:
    """How many targets got their events, as far as they took them."""
    with runtime.engine.begin() as connection:
        due = FEEDS.take(connection, now, most)
    for one in due:
        send_feed(runtime, one, now)
    return len(due)


def send_feed(runtime: Runtime, subject_id: UUID, now: datetime) -> None:
    """Send the level's target its events, or plan another attempt."""
    with Session(runtime.reader, expire_on_commit=False) as session:
        found = fed_level(session, subject_id)
        feed = None if found is None else _read(session, runtime, *found, now)
    if found is None:
        return
    level = found[1]
    if feed is None:
        _keep(runtime, level, feed_at=None)
        return
    try:
        _send(runtime, level, feed)
    except NotifierFailed as failure:
        _log.warning("feed_failed", error=str(failure))
        _keep(runtime, level, **_failed(level.feed_failures + 1, failure, now))
        return
    again = now + (EVERY if feed.is_all else timedelta())
    _keep(runtime, level, feed_at=again, feed_failures=0, feed_error=None)


def _read(
    session: Session, runtime: Runtime, tenant: Tenant, level: SettingsLevel, now: datetime
) -> _Feed | None:
    """Return what is to be sent; None: the target wants nothing."""
    target = _target(runtime, level)
    wanted, beats = target.get("events", "none"), bool(target.get("heartbeat"))
    if tenant.state == "deprovisioned" or (wanted == "none" and not beats):
        return None
    roles = fed_roles(session, tenant, level)
    since = max(level.feed_until or now, now - OLDEST)
    until = max(since, now - SETTLED)
    filter_ = DecisionFilter(
        roles=[one.role.id for one in roles],
        since=since,
        until=until,
        is_eventful=wanted == "changes",
    )
    found = (
        [] if wanted == "none" else decisions_after(session, tenant, filter_, MOST_DECISIONS + 1)
    )
    is_all = len(found) < MOST_DECISIONS
    reached = until if is_all else found[-1].decision.at + timedelta(microseconds=1)
    alive = _alive(session, tenant, roles, now) if beats else []
    return _Feed(target, alive, found, reached, is_all)


def _target(runtime: Runtime, level: SettingsLevel) -> Mapping[str, Any]:
    if level.notify_sealed is None:
        return {}
    found: Mapping[str, Any] = json.loads(runtime.sealer.open(level.notify_sealed))
    return found.get("new_relic") or {}


def _alive(
    session: Session, tenant: Tenant, roles: Sequence[RoleSettings], now: datetime
) -> list[Event]:
    """Return a heartbeat for each role, with how late its ticks are."""
    ticks = last_ticks(session, tenant, [one.role.id for one in roles], now - LONGEST_SILENCE)
    found = []
    for one in roles:
        last = ticks.get(one.role.id, max(one.role.created_at, now - LONGEST_SILENCE))
        interval = float(tick_interval(one.effective, plan_of(tenant.plan)))
        found.append(heartbeat_event(one.app, one.role, last, interval, now))
    return found


def _send(runtime: Runtime, level: SettingsLevel, feed: _Feed) -> None:
    """Send all parts, and keep after each how far the target has taken them."""
    events = runtime.notifiers.events
    if feed.alive:
        events.send(feed.target, feed.alive)
    for start in range(0, len(feed.decisions), MOST_EVENTS):
        some = feed.decisions[start : start + MOST_EVENTS]
        events.send(feed.target, [scaled_event(one) for one in some])
        _keep(runtime, level, feed_until=some[-1].decision.at)
    _keep(runtime, level, feed_until=feed.until)


def _failed(failures: int, failure: NotifierFailed, now: datetime) -> dict[str, Any]:
    """Return what to keep of an attempt that failed."""
    again = now + (doubled_pause(failures) if failure.retry else REFUSED_PAUSE)
    return {"feed_at": again, "feed_failures": failures, "feed_error": str(failure)}


def _keep(runtime: Runtime, level: SettingsLevel, **values: Any) -> None:
    """Store the state of the level's feed, unless the level was changed meanwhile."""
    is_same = and_(
        col(SettingsLevel.subject_id) == level.subject_id,
        col(SettingsLevel.version) == level.version,
    )
    with session_scope(runtime.engine) as session:
        session.execute(update(SettingsLevel).where(is_same).values(values))
