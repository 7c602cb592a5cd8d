"""A quantity per dyno kept at a target: AWS target tracking, KEDA with the Kubernetes HPA.

Two styles.

"aws" looks at one point a minute, ready messages per dyno that is up, against a target of
acceptable_wait * concurrency / processing time. Three points in a row above it go up in proportion;
fifteen below nine tenths of it, with no dyno still booting and no change in the last 300 s, go
down in proportion. One missing point and it holds.

"hpa" asks for backlog / messages_per_dyno, ignores a tenth of a difference, goes up at most to the
double or by four per 15 s, and goes down only as far as the highest number asked for in the last
300 s. From none to one it goes at the first message, back to none 300 s after the last.
"""

from collections.abc import Sequence
from math import ceil, floor

from guv.scaling.estimate.estimate import last_change
from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish
from guv.scaling.policies.parameters import Flag, Number, Parameter, Text
from guv.scaling.policies.past import backlog, is_resting, window

STYLE = Text("style", "aws", "whose rules", ("aws", "hpa"))
ACCEPTABLE_WAIT = Number("acceptable_wait", 0.0, "s", "aws: a message may wait; 0: the deadline")
PER_DYNO = Number("messages_per_dyno", 20.0, "messages", "hpa: backlog that a dyno is for", 1e-3)
COUNT_RUNNING = Flag("count_running", default=True, meaning="hpa: count running messages, too")
STABILIZATION = Number("stabilization", 300.0, "s", "both: how long going down waits")
TOLERANCE = Number("tolerance", 0.1, "share", "both: difference that is ignored", 0.0, 1.0)

PARAMETERS: tuple[Parameter, ...] = (
    STYLE, ACCEPTABLE_WAIT, PER_DYNO, COUNT_RUNNING, STABILIZATION, TOLERANCE,
)  # fmt: skip

MINUTE = 60.0
POINTS_UP, POINTS_DOWN = 3, 15  # Points of one minute each.
PERIOD = 15.0  # seconds between two rounds of the HPA
DEFAULT_PROCESSING = 10.0  # Seconds a message takes where nobody told.


def target_tracking(
    settings: Settings, samples: Sequence[Sample], _: Estimates, now: float
) -> Wish:
    """Ask for the dynos that bring the quantity per dyno to its target."""
    if samples[-1].dynos is None or backlog(samples[-1]) is None:
        return Wish(samples[-1].dynos or 0, Reason.NO_DATA, "the counts are unknown")
    if STYLE.of(settings) == "hpa":
        return _hpa(settings, samples, now)
    return _aws(settings, samples, now)


def target_per_dyno(settings: Settings) -> float:
    """Return the ready messages per dyno that are done within the acceptable wait."""
    wait = ACCEPTABLE_WAIT.of(settings) or settings.target_deadline
    return wait * settings.concurrency / (settings.processing_time or DEFAULT_PROCESSING)


def _aws(settings: Settings, samples: Sequence[Sample], now: float) -> Wish:
    target, dynos = target_per_dyno(settings), samples[-1].dynos or 0
    points = _points(samples, now)
    newest = points[0]
    if newest is None or any(point is None for point in points[:POINTS_UP]):
        return Wish(dynos, Reason.NO_DATA, "a point is missing")
    wanted = ceil(max(1, dynos) * newest / target)
    note = f"{newest:.1f} messages per dyno, {target:.1f} is the target"
    if all(point is not None and point > target for point in points[:POINTS_UP]):
        if is_resting(last_change(samples, settings.memory, 1), MINUTE, now):
            return Wish(dynos, Reason.COOLDOWN, "it went up since the last point")
        return Wish(max(dynos, min(wanted, settings.maximum_dynos)), Reason.BACKLOG, note)
    low = target * (1 - TOLERANCE.of(settings))
    if any(point is None or point >= low for point in points):
        return Wish(dynos, Reason.STEADY, note)
    return _aws_down(settings, samples, max(settings.minimum_dynos, wanted), now)


def _aws_down(settings: Settings, samples: Sequence[Sample], wanted: int, now: float) -> Wish:
    present = samples[-1]
    dynos = present.dynos or 0
    if present.consumers is not None and present.consumers < dynos:
        return Wish(dynos, Reason.BUSY, "a dyno is booting")
    if is_resting(last_change(samples, settings.memory), STABILIZATION.of(settings), now):
        return Wish(dynos, Reason.COOLDOWN, "the last change is too recent")
    return Wish(min(dynos, wanted), Reason.IDLE, f"{wanted} are enough")


def _points(samples: Sequence[Sample], now: float) -> list[float | None]:
    """Return the ready messages per dyno that is up, a point a minute, newest first."""
    points: list[float | None] = [None] * POINTS_DOWN
    for sample in window(samples, MINUTE * POINTS_DOWN, now):
        minute = floor((now - sample.at) / MINUTE)
        if 0 <= minute < POINTS_DOWN and sample.messages_ready is not None:
            up = sample.consumers if sample.consumers is not None else sample.dynos
            points[minute] = sample.messages_ready / max(1, up or 0)
    return points


def _hpa(settings: Settings, samples: Sequence[Sample], now: float) -> Wish:
    present, dynos = samples[-1], samples[-1].dynos or 0
    metric = _metric(settings, present) or 0
    if not dynos:
        first = max(1, settings.minimum_dynos) if metric else settings.minimum_dynos
        return Wish(first, Reason.BACKLOG if metric else Reason.STEADY, "woken by a message")
    if not settings.minimum_dynos and _is_idle(settings, samples, now):
        return Wish(0, Reason.IDLE, "no message for long")
    raw = _raw(settings, present) or dynos
    if raw > dynos:
        wanted = min(raw, _limit(samples, now))
        return Wish(max(dynos, wanted), Reason.BACKLOG, f"the backlog asks for {raw}")
    recent = window(samples, STABILIZATION.of(settings), now)
    asked = [_raw(settings, sample) for sample in recent]
    highest = max([raw, *(number for number in asked if number is not None)])
    reason = Reason.IDLE if highest < dynos else Reason.STABILIZED
    return Wish(min(dynos, highest), reason, f"{raw} now, lately up to {highest}")


def _metric(settings: Settings, sample: Sample) -> int | None:
    return backlog(sample) if COUNT_RUNNING.of(settings) else sample.messages_ready


def _raw(settings: Settings, sample: Sample) -> int | None:
    """Return what one sample asks for, its own dynos kept within the tolerance."""
    metric = _metric(settings, sample)
    if metric is None or sample.dynos is None:
        return None
    each = PER_DYNO.of(settings)
    if sample.dynos and abs(metric / (each * sample.dynos) - 1) <= TOLERANCE.of(settings):
        wanted = sample.dynos
    else:
        wanted = ceil(metric / each)
    return min(max(wanted, settings.minimum_dynos, 1), settings.maximum_dynos)


def _limit(samples: Sequence[Sample], now: float) -> int:
    """Return the most that the rounds since the last sample allow: double or four more each."""
    dynos = samples[-1].dynos or 0
    gap = now - samples[-2].at if len(samples) > 1 else PERIOD
    for _ in range(max(1, round(gap / PERIOD))):
        dynos = max(2 * dynos, dynos + 4)
    return dynos


def _is_idle(settings: Settings, samples: Sequence[Sample], now: float) -> bool:
    cooldown = STABILIZATION.of(settings)
    recent = window(samples, cooldown, now)
    covered = samples[0].at <= now - cooldown
    return covered and not any(_metric(settings, sample) != 0 for sample in recent)
