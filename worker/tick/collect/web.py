"""How many requests are there, and how long do they take? As the tenant pushes, or the drain says.

Only whole sums of ten seconds are read, and only once all lines of them have been: what is not
known yet is unknown, and never read as fewer requests.
"""

from datetime import datetime, timedelta

from redis import RedisError
from sqlmodel import Session

from guv.clock import from_unix, unix_seconds
from guv.incidents.causes import Cause, Trouble
from guv.scaling import WebReading
from guv.web_metrics.drains import find_drain
from guv.web_metrics.dyno_events import read_starts
from guv.web_metrics.models import Drain
from guv.web_metrics.queries import last_push, read_sums, reading_of, web_reading
from guv.web_metrics.sums import SPAN_S
from worker.process.runtime import Runtime
from worker.tick.collect.log_drain import ensure_drain, find_autoscaling
from worker.tick.collect.web_silence import quiet
from worker.tick.context import Subject
from worker.tick.heroku_access import Access
from worker.tick.result import QueueReading

DELAY_S = 6.0  # from a request's end until its line is in the sums
SPANS = 3  # that a reading is of
PUSH_S = 60.0  # a push says something for so long at least
PUSH_INTERVALS = 3.0
NOBODY = WebReading(float(SPANS * SPAN_S), 0, errors={}, serving=0)
LOOP = timedelta(minutes=10)  # in which crashes count


def collect_web(runtime: Runtime, access: Access, subject: Subject, now: datetime) -> QueueReading:
    """What the role's web dynos did just before; without usable data a reading that says why."""
    rival = find_autoscaling(runtime, access, subject, now)
    if rival is not None:
        return QueueReading(trouble=rival)
    with Session(runtime.reader, expire_on_commit=False) as session:
        pushed = _pushed(session, subject, now)
        drain = find_drain(session, subject.tenant, subject.app)
    if pushed is not None:
        return QueueReading(web=pushed)
    note = ensure_drain(runtime, access, subject, drain, now)
    if drain is None or note:
        return _unknown(note or "its log drain has just been made")
    return _drained(runtime, access, subject, drain, now)


def _pushed(session: Session, subject: Subject, now: datetime) -> WebReading | None:
    fresh = max(PUSH_S, PUSH_INTERVALS * subject.settings.interval)
    push = last_push(session, subject.role, now - timedelta(seconds=fresh))
    return None if push is None else web_reading(push.reading)


def _drained(
    runtime: Runtime, access: Access, subject: Subject, drain: Drain, now: datetime
) -> QueueReading:
    end = (unix_seconds(now) - DELAY_S) // SPAN_S * SPAN_S
    since = from_unix(end - SPANS * SPAN_S)
    if drain.seen_at is None or drain.created_at > since:
        new = "its log drain is new" if drain.seen_at else "no log line of the app has come yet"
        return _unknown(new)
    if drain.seen_at < since:
        if quiet(runtime, access, subject, drain, now):
            return QueueReading(web=NOBODY)
        return _unknown(f"no log line of the app has come since {drain.seen_at:%H:%M:%S} UTC")
    if not _is_read_until(runtime, drain, end):
        return _unknown("guv is behind with reading the app's log lines")
    process_type = subject.effective.process_type
    with Session(runtime.reader, expire_on_commit=False) as session:
        rows = read_sums(session, subject.app, since, from_unix(end))
        starts = read_starts(session, subject.app, now - LOOP, process_type)
    if starts.is_looping:
        return _unknown(
            f"dynos crash again and again ({starts.crashes} crashed and {starts.ups} came up in"
            f" {LOOP.total_seconds() / 60:.0f} minutes); guv scales them when they run"
        )
    return QueueReading(web=reading_of(rows, SPANS * SPAN_S))


def _is_read_until(runtime: Runtime, drain: Drain, end: float) -> bool:
    """Whether no delivery from before that instant waits."""
    if runtime.drain_queue is None:
        return False
    try:
        waiting = runtime.drain_queue.oldest(drain.id, drain.read_until)
    except RedisError:
        return False
    return waiting is None or waiting > end


def _unknown(why: str) -> QueueReading:
    return QueueReading(trouble=Trouble(Cause.NO_DATA, f"Web dynos are not judged: {why}."))
