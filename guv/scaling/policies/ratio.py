"""A fixed number of messages per dyno: Workless, Dynosaur, HireFire's queue size.

    wanted = ceil(messages / messages_per_dyno)

Workless follows it at each message, up and down. Dynosaur takes the highest backlog of a window,
which goes up at once and down late. HireFire waits until a wish has lasted for some samples, rests
after a change, and by default goes down only when no message is left. Each is a set of parameters.
"""

from collections.abc import Sequence
from math import ceil

from guv.scaling.estimate.estimate import last_change
from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish
from guv.scaling.policies.parameters import Flag, Number, Parameter
from guv.scaling.policies.past import backlog, is_resting, window

PER_DYNO = Number("messages_per_dyno", 100.0, "messages", "backlog that one dyno is for", 1e-3)
COUNT_RUNNING = Flag("count_running", default=True, meaning="count messages being worked on, too")
WINDOW = Number("window", 0.0, "s", "the highest backlog of this time counts; 0: the present one")
UP_AFTER = Number("up_after", 1.0, "samples", "samples in a row that must ask for more", 1.0)
DOWN_AFTER = Number("down_after", 1.0, "samples", "samples in a row that must ask for fewer", 1.0)
REST_UP = Number("rest_up", 0.0, "s", "time after going up in which it does not go up again")
REST_DOWN = Number("rest_down", 0.0, "s", "time after going down in which it does not go down")
ONLY_EMPTY = Flag("down_only_when_empty", default=False, meaning="go down only from an empty queue")

PARAMETERS: tuple[Parameter, ...] = (
    PER_DYNO, COUNT_RUNNING, WINDOW, UP_AFTER, DOWN_AFTER, REST_UP, REST_DOWN, ONLY_EMPTY,
)  # fmt: skip


def ratio(settings: Settings, samples: Sequence[Sample], _: Estimates, now: float) -> Wish:
    """Ask for the dynos of the backlog, once the wish has lasted."""
    current, wanted = samples[-1].dynos, wanted_dynos(settings, samples, now)
    if wanted is None:
        return Wish(current or 0, Reason.NO_DATA, "the backlog is unknown")
    if current is None or wanted == current:
        return Wish(wanted, Reason.STEADY, f"the backlog asks for {wanted}")
    if wanted > current:
        return _up(settings, samples, wanted, now)
    return _down(settings, samples, wanted, now)


def wanted_dynos(settings: Settings, samples: Sequence[Sample], now: float) -> int | None:
    """Return the dynos for the window's backlog, within the bounds; None: unknown."""
    recent = window(samples, WINDOW.of(settings), now)
    counts = [_count(settings, sample) for sample in (*recent, samples[-1])]
    known = [count for count in counts if count is not None]
    return _dynos(settings, max(known)) if known and counts[-1] is not None else None


def _count(settings: Settings, sample: Sample) -> int | None:
    return backlog(sample) if COUNT_RUNNING.of(settings) else sample.messages_ready


def _dynos(settings: Settings, messages: int) -> int:
    wanted = ceil(messages / PER_DYNO.of(settings))
    return max(settings.minimum_dynos, min(wanted, settings.maximum_dynos))


def _up(settings: Settings, samples: Sequence[Sample], wanted: int, now: float) -> Wish:
    current = samples[-1].dynos or 0
    if is_resting(last_change(samples, settings.memory, 1), REST_UP.of(settings), now):
        return Wish(current, Reason.COOLDOWN, f"{wanted} are wanted, but it went up just now")
    if not _lasts(settings, samples, int(UP_AFTER.of(settings)), 1):
        return Wish(current, Reason.STABILIZED, f"{wanted} are wanted, but not for long")
    return Wish(wanted, Reason.BACKLOG, f"the backlog asks for {wanted}")


def _down(settings: Settings, samples: Sequence[Sample], wanted: int, now: float) -> Wish:
    current = samples[-1].dynos or 0
    if ONLY_EMPTY.of(settings) and _count(settings, samples[-1]):
        return Wish(current, Reason.BUSY, "the queue is not empty")
    if is_resting(last_change(samples, settings.memory, -1), REST_DOWN.of(settings), now):
        return Wish(current, Reason.COOLDOWN, f"{wanted} are enough, but it went down just now")
    if not _lasts(settings, samples, int(DOWN_AFTER.of(settings)), -1):
        return Wish(current, Reason.STABILIZED, f"{wanted} are enough, but not for long")
    return Wish(wanted, Reason.IDLE, f"the backlog asks for {wanted}")


def _lasts(settings: Settings, samples: Sequence[Sample], times: int, direction: int) -> bool:
    """Return whether each of the last `times` samples asked for that direction."""
    ends = range(len(samples), len(samples) - times, -1)
    return times <= len(samples) and all(
        _asked(settings, samples[:end]) * direction > 0 for end in ends
    )


def _asked(settings: Settings, samples: Sequence[Sample]) -> int:
    """Return how many dynos more (or, negative, fewer) the last sample asked for."""
    present = samples[-1]
    wanted = wanted_dynos(settings, samples, present.at)
    if wanted is None or present.dynos is None:
        return 0
    if ONLY_EMPTY.of(settings) and _count(settings, present):
        return max(0, wanted - present.dynos)
    return wanted - present.dynos
