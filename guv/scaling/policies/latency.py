"""Steps by the age of the oldest message: Judoscale, HireFire's latency, Adept Scale.

When the age has been at or above `up_at` for `up_after` seconds, and the last change up is
`rest_up` seconds old, `up_by` dynos are added. When it was below `down_at` for the whole of
`down_after` seconds, in which nothing changed either, `down_by` are removed; not while messages
are being worked on, if so set. The age is read off the counter of published messages, which
dates every message of a first-in-first-out queue.
"""

from collections.abc import Sequence

from guv.scaling.estimate.estimate import last_change
from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish
from guv.scaling.policies.parameters import Flag, Number, Parameter
from guv.scaling.policies.past import Ages, is_resting, window

UP_AT = Number("up_at", 10.0, "s", "age of the oldest waiting message that asks for more dynos")
DOWN_AT = Number("down_at", 1.0, "s", "age below which fewer are enough")
UP_BY = Number("up_by", 1.0, "dynos", "how many are added at once", 1.0)
DOWN_BY = Number("down_by", 1.0, "dynos", "how many are removed at once", 1.0)
UP_AFTER = Number("up_after", 10.0, "s", "how long the age must ask for more")
DOWN_AFTER = Number("down_after", 600.0, "s", "how long fewer must have been enough")
REST_UP = Number("rest_up", 120.0, "s", "time after going up in which it does not go up again")
KEEP_BUSY = Flag("keep_busy", default=False, meaning="never go down while messages are running")
WAKE = Flag("wake", default=True, meaning="the first message starts a dyno at once")

PARAMETERS: tuple[Parameter, ...] = (
    UP_AT, DOWN_AT, UP_BY, DOWN_BY, UP_AFTER, DOWN_AFTER, REST_UP, KEEP_BUSY, WAKE,
)  # fmt: skip


def latency(settings: Settings, samples: Sequence[Sample], _: Estimates, now: float) -> Wish:
    """Take a step up when messages wait too long, a step down when they long have not."""
    current, ages = samples[-1].dynos, Ages(samples)
    age = ages.of(samples[-1])
    if current is None or age is None:
        return Wish(current or settings.minimum_dynos, Reason.NO_DATA, "the age is unknown")
    note = f"the oldest waits for {age:.0f} s"
    if WAKE.of(settings) and not current and samples[-1].messages_ready:
        return Wish(1, Reason.BACKLOG, "the first message")
    if age >= UP_AT.of(settings):
        return _up(settings, samples, ages, now)
    if age < DOWN_AT.of(settings) and current > settings.minimum_dynos:
        return _down(settings, samples, ages, now)
    return Wish(current, Reason.STEADY, note)


def _up(settings: Settings, samples: Sequence[Sample], ages: Ages, now: float) -> Wish:
    current = samples[-1].dynos or 0
    if is_resting(last_change(samples, settings.memory, 1), REST_UP.of(settings), now):
        return Wish(current, Reason.COOLDOWN, "it went up just now")
    earlier = window(samples, UP_AFTER.of(settings) - settings.interval, now)
    waited = [ages.of(sample) for sample in earlier]
    if any(age is None or age < UP_AT.of(settings) for age in waited):
        return Wish(current, Reason.STABILIZED, "messages have not waited for long enough")
    more = min(settings.maximum_dynos, current + int(UP_BY.of(settings)))
    return Wish(max(current, more), Reason.BACKLOG, "messages wait for too long")


def _down(settings: Settings, samples: Sequence[Sample], ages: Ages, now: float) -> Wish:
    current, quiet = samples[-1].dynos or 0, DOWN_AFTER.of(settings)
    if KEEP_BUSY.of(settings) and samples[-1].messages_unacknowledged:
        return Wish(current, Reason.BUSY, "messages are running")
    if is_resting(last_change(samples, settings.memory), quiet, now) or samples[0].at > now - quiet:
        return Wish(current, Reason.COOLDOWN, "the last change is too recent")
    waited = [ages.of(sample) for sample in window(samples, quiet, now)]
    if any(age is None or age >= DOWN_AT.of(settings) for age in waited):
        return Wish(current, Reason.STABILIZED, "messages waited lately")
    fewer = max(settings.minimum_dynos, current - int(DOWN_BY.of(settings)))
    return Wish(fewer, Reason.IDLE, "nothing has waited for long")
