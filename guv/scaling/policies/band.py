"""Policies that step between thresholds: a band, and on or off.

A measure is averaged over a window. Above `highest` times the dynos, some are added; below
`lowest` times the dynos, some are removed; in between nothing happens. Nothing is decided before
the window is full, nor within a rest after any change; exactly the rest still waits.

The measure is one of: messages being worked on (Heroku Vector counted busy Sidekiq threads), the
whole backlog, or messages published per minute (its request throughput). With the busy messages,
`lowest` and `highest` divided by the concurrency are Viki's ratio of dynos used to dynos set.

Any message, waiting or running, starts the dynos; an empty queue stops them. The original knew
one worker only; how many are started can be set here.
"""

import itertools
from collections.abc import Sequence
from math import floor
from statistics import fmean

from guv.scaling.estimate.estimate import last_change
from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish, counted
from guv.scaling.policies.parameters import Number, Parameter, Text
from guv.scaling.policies.past import backlog, window

SOURCE = Text("source", "running", "what is measured", ("running", "backlog", "arrivals"))
LOWEST = Number("lowest", 0.5, "per dyno", "below this, dynos are removed")
HIGHEST = Number("highest", 3.0, "per dyno", "above this, dynos are added")
WINDOW = Number("window", 120.0, "s", "time over which the measure is averaged", 1.0)
UP_BY = Number("up_by", 1.0, "dynos", "how many are added at once", 1.0)
DOWN_BY = Number("down_by", 1.0, "dynos", "how many are removed at once", 1.0)
REST = Number("rest", 300.0, "s", "time after a change in which nothing is decided")

BAND: tuple[Parameter, ...] = (SOURCE, LOWEST, HIGHEST, WINDOW, UP_BY, DOWN_BY, REST)
DYNOS = Number("dynos", 1.0, "dynos", "how many are started", 1.0)

ON_OFF: tuple[Parameter, ...] = (DYNOS,)


def band(settings: Settings, samples: Sequence[Sample], _: Estimates, now: float) -> Wish:
    """Take one step up or down when the average leaves the band."""
    current = samples[-1].dynos
    if current is None:
        return Wish(settings.minimum_dynos, Reason.NO_DATA, "the number of dynos is unknown")
    average = averaged(settings, samples, now)
    if average is None:
        return Wish(current, Reason.NO_DATA, "the window is not full")
    changed = last_change(samples, settings.memory)
    if changed is not None and now - changed <= REST.of(settings):
        return Wish(current, Reason.COOLDOWN, "the last change is too recent")
    return _step(settings, current, average)


def averaged(settings: Settings, samples: Sequence[Sample], now: float) -> float | None:
    """Return the mean over the window, cut to one decimal; None: the window is not full."""
    length = WINDOW.of(settings)
    recent = window(samples, length - settings.interval / 2, now)
    full = max(1, floor(length / settings.interval))
    values = [_measure(settings, sample) for sample in recent]
    if SOURCE.of(settings) == "arrivals":
        values = _per_minute(samples[max(0, len(samples) - len(recent) - 1) :])
    known = [value for value in values if value is not None]
    if len(known) < full or len(known) < len(values):
        return None
    return floor(fmean(known) * 10) / 10


def _measure(settings: Settings, sample: Sample) -> float | None:
    if SOURCE.of(settings) == "backlog":
        return backlog(sample)
    return sample.messages_unacknowledged


def _per_minute(samples: Sequence[Sample]) -> list[float | None]:
    return [
        60.0 * max(0, later.published - earlier.published) / (later.at - earlier.at)
        if earlier.published is not None and later.published is not None
        else None
        for earlier, later in itertools.pairwise(samples)
    ]


def _step(settings: Settings, current: int, average: float) -> Wish:
    note = f"the average is {average}"
    if average < LOWEST.of(settings) * current:
        fewer = max(settings.minimum_dynos, current - int(DOWN_BY.of(settings)))
        return Wish(min(current, fewer), Reason.IDLE, note)
    if average > HIGHEST.of(settings) * current:
        more = min(settings.maximum_dynos, current + int(UP_BY.of(settings)))
        return Wish(max(current, more), Reason.BACKLOG, note)
    return Wish(current, Reason.STEADY, note)


def on_off(settings: Settings, samples: Sequence[Sample], _: Estimates, __: float) -> Wish:
    """Ask for the set number while there is any message, never fewer than run, else none."""
    messages = backlog(samples[-1])
    current = samples[-1].dynos or 0
    if messages is None:
        return Wish(current, Reason.NO_DATA, "the backlog is unknown")
    if not messages:
        return Wish(0, Reason.IDLE, "the queue is empty")
    note = counted(messages, "message", "messages")
    return Wish(max(current, int(DYNOS.of(settings))), Reason.BACKLOG, note)
