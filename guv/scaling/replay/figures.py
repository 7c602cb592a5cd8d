"""Figures of a replay: promise and cost, of the recorded and the replayed alike."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from guv.scaling.estimate.arrivals import finished_in_time, published_until
from guv.scaling.estimate.cleaning import MOST_SAMPLES
from guv.scaling.model import Sample, Settings
from guv.scaling.policies.past import backlog
from guv.scaling.replay.work import Work, times_at


@dataclass(slots=True)
class Figures:
    """What came of a time, added up as it goes by.

    Attributes:
        seconds: How long it was.
        dyno_seconds: Dynos times seconds.
        maximum_seconds: Time with the maximum number of dynos or more.
        ups: Times that dynos were added.
        downs: Times that dynos were removed.
        finished: Messages finished whose wait is known.
        in_time: Those of them that were finished within the deadline.
        cut: Messages that began again because their dyno was stopped; None where not known.
        left: Messages in the queues at the end; None: unknown.
        overdue: Messages that were left at the end of a stretch, and late already.
    """

    seconds: float = 0.0
    dyno_seconds: float = 0.0
    maximum_seconds: float = 0.0
    ups: int = 0
    downs: int = 0
    finished: float = 0.0
    in_time: float = 0.0
    cut: float | None = None
    left: int | None = None
    overdue: float = 0.0

    @property
    def share_in_time(self) -> float | None:
        """Return the share of messages within the deadline, 0 to 1; None: none finished or late."""
        judged = self.finished + self.overdue
        return self.in_time / judged if judged > 0.0 else None

    def spend(self, dynos: int, seconds: float, maximum: int) -> None:
        """Add the cost of that many dynos for a time."""
        self.seconds += seconds
        self.dyno_seconds += seconds * dynos
        if dynos >= maximum > 0:
            self.maximum_seconds += seconds

    def change(self, before: int, after: int) -> None:
        """Count a change where the number of dynos is another one from now on."""
        self.ups += int(after > before)
        self.downs += int(after < before)

    def spend_recorded(self, before: Sample, after: Sample, maximum: int) -> None:
        """Add the cost from one recorded sample to the next, where the dynos are known."""
        if before.dynos is not None:
            self.spend(before.dynos, after.at - before.at, maximum)
            self.change(before.dynos, before.dynos if after.dynos is None else after.dynos)

    def finish(self, messages: float, in_time: float) -> None:
        """Add finished messages, and how many of them were within the deadline."""
        self.finished += messages
        self.in_time += in_time

    def end(self, work: Work, last: Sample, deadline: float) -> None:
        """End a stretch with this sample; messages left may be late already."""
        self.left = backlog(last)
        fresh = published_until(work.curve, last.at) - published_until(
            work.curve, last.at - deadline
        )
        self.overdue += max(0.0, (self.left or 0) - fresh)


class Point(NamedTuple):
    """Dynos and backlog at an instant; None is unknown."""

    at: float
    dynos: int | None
    backlog: int | None


@dataclass(frozen=True, slots=True)
class Series:
    """What a picture shows: a value for each of the replay's instants; None is unknown.

    Attributes:
        dynos: The mean number of dynos until the next instant.
        backlog: The largest number of messages in the queues until then.
    """

    dynos: Sequence[float | None]
    backlog: Sequence[int | None]


def record(
    figures: Figures, work: Work, settings: Settings, samples: Sequence[Sample], number: int
) -> None:
    """Add what the sample of that number shows since the one before it.

    Args:
        figures: What it is added to.
        work: For the time that a message takes at least.
        settings: By which it is judged.
        samples: From old to new.
        number: From 1 on.
    """
    before, after = samples[number - 1], samples[number]
    figures.spend_recorded(before, after, settings.maximum_dynos)
    seen = samples[max(0, number + 1 - MOST_SAMPLES) : number + 1]
    service = times_at(work, after.at).service
    finished = finished_in_time(seen, settings.target_deadline, service)
    if finished is not None:
        figures.finish(*finished)


def point_of(sample: Sample) -> Point:
    """Return the sample as a point of a chart."""
    return Point(sample.at, sample.dynos, backlog(sample))


def thinned(points: Sequence[Point], at: Sequence[float]) -> Series:
    """Return the points as a series at these instants."""
    groups: list[list[Point]] = [[] for _ in at]
    for point in points:
        groups[max(0, bisect_right(at, point.at) - 1)].append(point)
    return Series(
        dynos=[_mean([p.dynos for p in group if p.dynos is not None]) for group in groups],
        backlog=[
            max((p.backlog for p in group if p.backlog is not None), default=None)
            for group in groups
        ],
    )


def instants(since: float, until: float, apart: float, most: int) -> list[float]:
    """Return instants from one to another, evenly, at least `apart` seconds apart."""
    number = max(1, min(most, int((until - since) / apart)))
    return [since + (until - since) * index / number for index in range(number)]


def _mean(values: Sequence[int]) -> float | None:
    return sum(values) / len(values) if values else None
