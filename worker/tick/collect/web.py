"""Requests of a web role and their response times, as the tenant pushes or the log drain says.

Only whole sums of ten seconds are read, and only once all lines of them have been: what is not
known yet is unknown, and never read as fewer requests. Logplex delivers nothing when nothing is
logged, so a quiet night and a broken drain look alike; silence after many requests is unknown for
half an hour.
"""

from datetime import datetime, timedelta

from redis import RedisError
from sqlmodel import Session

from guv.clock import from_unix, unix_seconds
from guv.crypto import hash_secret
from guv.errors import OutsideError
from guv.heroku.call_budget import Need
from guv.incidents.causes import Cause, Trouble
from guv.scaling import WebReading
from guv.web_metrics.drains import find_drain
from guv.web_metrics.dyno_events import read_starts
from guv.web_metrics.models import Drain
from guv.web_metrics.queries import last_push, read_sums, reading_of, web_reading
from guv.web_metrics.sums import SPAN_S
from worker.process.runtime import Runtime
from worker.tick.collect.log_drain import ensure_drain, find_autoscaling, remembered
from worker.tick.context import TickContext
from worker.tick.heroku_access import HerokuAccess
from worker.tick.result import WorkReading

DELAY_S = 6.0  # From a request's end until its line is in the sums.
SPANS = 3  # Sums of ten seconds in one reading.
PUSH_S = 60.0  # A push is valid for at least this long.
PUSH_INTERVALS = 3.0  # And for this many intervals of the role.
NO_REQUESTS = WebReading(float(SPANS * SPAN_S), 0, errors={}, serving=0)
LOOP = timedelta(minutes=10)  # In which crashes count.
LIKELY = 5.0  # Expected requests whose absence is not believed to be chance.
CERTAIN = timedelta(minutes=30)  # Silence that is believed after any number of requests.
SEEN_S = 300  # For how long Heroku's answer that the drain exists is believed.


def read_web(
    runtime: Runtime, access: HerokuAccess, context: TickContext, now: datetime
) -> WorkReading:
    """Read what the role's web dynos did just before; without usable data, why."""
    rival = find_autoscaling(runtime, access, context, now)
    if rival is not None:
        return WorkReading(trouble=rival)
    with Session(runtime.reader, expire_on_commit=False) as session:
        pushed = _pushed(session, context, now)
        drain = find_drain(session, context.tenant, context.app)
    if pushed is not None:
        return WorkReading(web=pushed)
    note = ensure_drain(runtime, access, context, drain, now)
    if drain is None or note:
        return _unknown(note or "its log drain has just been made")
    return _drained(runtime, access, context, drain, now)


def _pushed(session: Session, context: TickContext, now: datetime) -> WebReading | None:
    fresh = max(PUSH_S, PUSH_INTERVALS * context.settings.interval)
    push = last_push(session, context.role, now - timedelta(seconds=fresh))
    return None if push is None else web_reading(push.reading)


def _drained(
    runtime: Runtime, access: HerokuAccess, context: TickContext, drain: Drain, now: datetime
) -> WorkReading:
    end = (unix_seconds(now) - DELAY_S) // SPAN_S * SPAN_S
    since = from_unix(end - SPANS * SPAN_S)
    if drain.seen_at is None or drain.created_at > since:
        new = "its log drain is new" if drain.seen_at else "no log line of the app has come yet"
        return _unknown(new)
    if drain.seen_at < since:
        if _is_quiet(runtime, access, context, drain, now):
            return WorkReading(web=NO_REQUESTS)
        return _unknown(f"no log line of the app has come since {drain.seen_at:%H:%M:%S} UTC")
    if not _is_read(runtime, drain, end):
        return _unknown("guv is behind with reading the app's log lines")
    process_type = context.process_type
    with Session(runtime.reader, expire_on_commit=False) as session:
        rows = read_sums(session, context.app, since, from_unix(end))
        starts = read_starts(session, context.app, now - LOOP, process_type)
    if starts.is_looping:
        return _unknown(
            f"dynos crash again and again ({starts.crashes} crashed and {starts.ups} came up in"
            f" {LOOP.total_seconds() / 60:.0f} minutes); guv scales them when they run"
        )
    return WorkReading(web=reading_of(rows, SPANS * SPAN_S))


def _is_read(runtime: Runtime, drain: Drain, end: float) -> bool:
    """Return whether no delivery from before that instant waits."""
    if runtime.drain_queue is None:
        return False
    try:
        waiting = runtime.drain_queue.oldest(drain.id, drain.read_until)
    except RedisError:
        return False
    return waiting is None or waiting > end


def _is_quiet(
    runtime: Runtime, access: HerokuAccess, context: TickContext, drain: Drain, now: datetime
) -> bool:
    """Return whether there were no requests since the drain's last delivery, as far as known."""
    silence = now - (drain.seen_at or now)
    last = next((one.web for one in reversed(context.history) if one.web is not None), None)
    expected = (last.rate if last is not None else 0.0) * silence.total_seconds()
    if expected > LIKELY and silence < CERTAIN:
        return False
    key = f"guv:heroku:drain:{drain.id}"
    return remembered(runtime, key, SEEN_S, lambda: _is_there(runtime, access, context, drain))


def _is_there(runtime: Runtime, access: HerokuAccess, context: TickContext, drain: Drain) -> bool:
    """Return whether Heroku says that the app has the drain; without the right to ask, no."""
    app_id = context.app.heroku_id
    try:
        tokens = access.call(
            lambda token: runtime.heroku.read_drain_tokens(app_id, token), Need.READ
        )
    except OutsideError:
        return False
    return drain.token_hash in {hash_secret(token) for token in tokens}


def _unknown(why: str) -> WorkReading:
    return WorkReading(trouble=Trouble(Cause.NO_DATA, f"Web dynos are not judged: {why}."))
