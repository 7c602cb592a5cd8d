"""A queue and its dynos as a fluid, first in, first out, moved in steps.

A message occupies a slot for its service time, and a short one a part of a slot for one step, so
that a slot serves as many as it would. A dyno consumes once it has booted. Of the messages at work
in a dyno that is stopped, those that need longer than the platform's grace go back to the queue.
"""

from collections import defaultdict
from dataclasses import dataclass
from math import sqrt

from guv.scaling.demand.queueing import GRACE
from guv.scaling.estimate.arrivals import published_until
from guv.scaling.estimate.cleaning import backlog_of
from guv.scaling.model import Sample
from guv.scaling.replay.work import Times, Work

_PARTS = (-sqrt(1.5), 0.0, sqrt(1.5))  # Equal parts of the messages, with standard deviation 1.
_SHORTEST = 0.1  # The quickest part takes at least this multiple of the mean service time.


@dataclass(frozen=True, slots=True)
class Start:
    """Where a world begins.

    Attributes:
        sample: The last one that was recorded, with known counts.
        dynos: Dynos that the platform was asked to run.
        up: Those of them that consume.
    """

    sample: Sample
    dynos: int
    up: int


@dataclass(slots=True)
class _Boot:
    up_at: float
    dynos: int


class World:
    """A role's queue and dynos, moved on by `move` and changed by `scale_to`.

    Attributes:
        now: Unix seconds.
        dynos: What the platform is asked to run.
        up: Those of them that consume.
        published: Messages published, as the work's curve counts them.
        done: Messages finished, counted alike.
        cut: Messages that had to begin again because their dyno was stopped.
    """

    def __init__(self, work: Work, start: Start, concurrency: int, step: float) -> None:
        """Start a world that has not moved; `move` is called with at most `step` seconds."""
        self.now, self.dynos, self.up, self.cut = start.sample.at, start.dynos, start.up, 0.0
        self._work, self._start, self._concurrency, self._step = work, start, concurrency, step
        self._boots: list[_Boot] = []
        self._number = 0
        self._ends: defaultdict[int, float] = defaultdict(float)  # slots falling free, by step
        self._last: defaultdict[int, float] = defaultdict(float)  # those of dynos that stop
        self._running = self._leaving = 0.0
        self.published = published_until(work.curve, self.now)
        self._begun = self.done = self.published - backlog_of(start.sample)

    def boot(self, up_at: float) -> None:
        """Let the dynos that are not up yet be up then."""
        if self.dynos > self.up:
            self._boots.append(_Boot(up_at, self.dynos - self.up))

    def take(self, messages: float, times: Times) -> None:
        """Put that many messages to work, each at a different part of its time."""
        steps = max(1, round(times.service / self._step))
        for number in range(1, steps + 1):
            self._ends[number] += messages / steps
        self._running += messages
        self._begun += messages

    def move(self, seconds: float, times: Times) -> None:
        """Let that many seconds pass, at most one step."""
        self.now += seconds
        self._number += 1
        self.published = round(published_until(self._work.curve, self.now))
        self._running = max(0.0, self._running - self._ends.pop(self._number, 0.0))
        self._leaving = max(0.0, self._leaving - self._last.pop(self._number, 0.0))
        while self._boots and self._boots[0].up_at <= self.now:
            self.up += self._boots.pop(0).dynos
        if self.published > self._begun:
            self._begin(times)
        self.done = max(self.done, self._begun - self._running - self._leaving)

    def scale_to(self, dynos: int, boot: float) -> None:
        """Ask for that many dynos, up in `boot` seconds; those that boot go first."""
        if dynos > self.dynos:
            self._boots.append(_Boot(self.now + boot, dynos - self.dynos))
        surplus = self.dynos - dynos
        while surplus > 0 and self._boots:
            gone = min(surplus, self._boots[-1].dynos)
            self._boots[-1].dynos -= gone
            surplus -= gone
            if not self._boots[-1].dynos:
                self._boots.pop()
        if surplus > 0:
            self._stop(surplus)
        self.dynos = dynos

    def sample(self) -> Sample:
        """Return what broker and platform would show; counters continue the recorded ones."""
        first, per_dyno = self._start.sample, self._work.consumers_per_dyno
        base = published_until(self._work.curve, first.at)
        arrived = round(self.published - base)
        finished = min(round(self.done - base) + backlog_of(first), arrived + backlog_of(first))
        backlog = backlog_of(first) + arrived - finished
        ready = min(backlog, max(0, round(self.published - self._begun)))
        return Sample(
            at=self.now,
            messages_ready=ready,
            messages_unacknowledged=backlog - ready,
            published=(first.published or 0) + arrived,
            served=(first.served or 0) + finished,
            consumers=None if per_dyno is None else self.up * per_dyno,
            dynos=self.dynos,
        )

    def _begin(self, times: Times) -> None:
        """Begin as many waiting messages as slots are free, in parts of different length."""
        lengths = [seconds / self._step for seconds in _lengths(times)]
        slots = sum(min(1.0, length) for length in lengths) / len(lengths)  # of one message
        free = max(0.0, self.up * self._concurrency - self._running)
        begun = min(self.published - self._begun, free / slots)
        for length in lengths:
            share = begun / len(lengths) * min(1.0, length)
            whole, rest = divmod(max(1.0, length), 1.0)
            self._ends[self._number + int(whole)] += share * (1.0 - rest)
            self._ends[self._number + int(whole) + 1] += share * rest
        self._running += begun * slots
        self._begun += begun

    def _stop(self, dynos: int) -> None:
        share, grace = min(1.0, dynos / max(self.up, 1)), GRACE / self._step
        for number, slots in self._ends.items():
            gone = slots * share
            self._ends[number] -= gone
            self._running -= gone
            if number <= self._number + grace:
                self._last[number] += gone
                self._leaving += gone
            else:
                self.cut += gone
                self._begun -= gone
        self.up = max(0, self.up - dynos)


def _lengths(times: Times) -> list[float]:
    """Return the seconds that the messages of each part take; their mean is the service time."""
    lengths = [max(_SHORTEST * times.service, times.service + p * times.spread) for p in _PARTS]
    mean = sum(lengths) / len(lengths)
    return [length * times.service / mean for length in lengths]
