"""Does silence mean that nobody came? Only where few were coming, and the drain is still there.

Logplex delivers nothing when nothing is logged, so a quiet night and a broken drain look alike.
Silence after many requests is unknown for half an hour.
"""

from datetime import datetime, timedelta

from guv.crypto import hash_secret
from guv.errors import OutsideError
from guv.heroku.call_budget import Need
from guv.scaling import WebReading
from guv.web_metrics.models import Drain
from worker.process.runtime import Runtime
from worker.tick.collect.remembered import remembered
from worker.tick.context import Subject
from worker.tick.heroku_access import Access

LIKELY = 5.0  # requests that would have come; none of them in spite of it is no chance
CERTAIN = timedelta(minutes=30)
SEEN_S = 300  # so long it is known that the drain is there


def quiet(runtime: Runtime, access: Access, subject: Subject, drain: Drain, now: datetime) -> bool:
    """Whether there were no requests since the drain's last delivery, as far as can be known."""
    silence = now - (drain.seen_at or now)
    last = next((one.web for one in reversed(subject.history) if one.web is not None), None)
    expected = _rate(last) * silence.total_seconds()
    if expected > LIKELY and silence < CERTAIN:
        return False
    key = f"guv:heroku:drain:{drain.id}"
    return remembered(runtime, key, SEEN_S, lambda: _is_there(runtime, access, subject, drain))


def _rate(last: WebReading | None) -> float:
    """Requests a second that came before; without any reading nobody knows of any."""
    return 0.0 if last is None else last.rate


def _is_there(runtime: Runtime, access: Access, subject: Subject, drain: Drain) -> bool:
    """Whether Heroku says that the app has the drain; who may not ask does not know."""
    app_id = subject.app.heroku_id
    try:
        tokens = access.call(
            lambda token: runtime.heroku.read_drain_tokens(app_id, token), Need.READ
        )
    except OutsideError:
        return False
    return drain.token_hash in {hash_secret(one) for one in tokens}
