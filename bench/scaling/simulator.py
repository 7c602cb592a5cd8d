"""Discrete-event simulation of a role's queue and dynos under a scaler.

The queue is first in, first out. A dyno boots for a time of its own, then consumes with
`concurrency` slots. Going down stops the highest-numbered dynos first: they take nothing new and
have the platform's grace to finish; what is still running then is cut, goes back to the front of
the queue and runs again from its beginning. A dyno is billed from the request until its exit. The
scaler sees what a broker's management interface would show: counts up to five seconds old and
counters that only grow.

Nothing here reads a clock or a global random state: the same scenario and the same scaler give
the same result. Times inside are seconds from the scenario's start; the scaler sees Unix seconds.
"""

import heapq
import math
import random
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

from guv.scaling.model import Sample, Settings

GRACE = 30.0
"""Seconds between the platform's request to stop and its kill (Heroku's documented figure)."""

STATISTICS_EVERY = 5.0
"""Seconds between two refreshes of a queue's counts in RabbitMQ's management interface."""

HISTORY = 1000
"""Most samples that a scaler is shown."""

START = 1_767_571_200.0
"""Unix seconds at which every scenario begins: Monday 2026-01-05, 00:00 UTC."""

Scaler = Callable[[Settings, Sequence[Sample], float], int]
"""Settings, samples from old to new and the time in; the number of dynos to ask for out."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A role, the work that reaches it, and how its platform behaves.

    Attributes:
        name: Short and unique.
        settings: What the scaler is told, bounds and interval included.
        arrivals: When each message is published, ascending, seconds from the start.
        services: Seconds that each message takes in its slot, in the same order.
        duration: Seconds in which messages may arrive.
        boot_time: True mean boot time, seconds.
        boot_jitter: Half-width of the boot time's uniform spread, as a share of the mean.
        initial_dynos: Dynos that are up at the start.
        prefetch: Messages delivered to a dyno at once; None: its concurrency.
        missed: Share of ticks at which the broker does not answer (0 to 1).
        restarts: Instants at which all dynos are restarted, as a deploy does.
        seed: Seed of the boot times and the missed ticks.
        note: What it is meant to show.
    """

    name: str
    settings: Settings
    arrivals: Sequence[float]
    services: Sequence[float]
    duration: float
    boot_time: float = 30.0
    boot_jitter: float = 0.25
    initial_dynos: int = 0
    prefetch: int | None = None
    missed: float = 0.0
    restarts: tuple[float, ...] = ()
    seed: int = 1
    note: str = ""

    @property
    def end(self) -> float:
        """Seconds at which the simulation ends: every message had the time it was promised."""
        return self.duration + self.settings.target_deadline + 2 * self.boot_time + 300.0

    @property
    def work(self) -> float:
        """Dyno-seconds that the messages need when every slot is always full."""
        return math.fsum(self.services) / self.settings.concurrency


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a scaler in a scenario. Times in seconds; `done` is NaN for unfinished jobs.

    Attributes:
        scenario: The scenario's name.
        jobs: Messages published.
        finished: Messages done before the end.
        on_time: Share done within the deadline (0 to 1).
        billed: Dyno-seconds, from request to exit.
        work: Dyno-seconds that the messages need at least.
        changes: Times at which the number of dynos was changed.
        changes_per_hour: The same per hour.
        cut: Jobs that were killed and had to run again.
        lost: Seconds of work that were lost with them.
        p99: 99th percentile of the time from publishing to done.
        worst: The longest such time.
        begun: When each job last began.
        done: When each job was done.
        formation: Each change as (instant, dynos asked for), beginning with the start.
    """

    scenario: str
    jobs: int
    finished: int
    on_time: float
    billed: float
    work: float
    changes: int
    changes_per_hour: float
    cut: int
    lost: float
    p99: float
    worst: float
    begun: "array[float]"
    done: "array[float]"
    formation: Sequence[tuple[float, int]]


@dataclass(slots=True, eq=False)
class _Dyno:
    asked_at: float
    up: bool = False
    stopping: bool = False
    exited: bool = False
    running: set[int] = field(default_factory=set)
    buffer: deque[int] = field(default_factory=deque)


_Event = tuple[float, int, Callable[["_Dyno", int], None], _Dyno, int]


class World:
    """One role's queue and dynos, moved forward by `advance` and changed by `scale_to`."""

    def __init__(self, scenario: Scenario) -> None:
        self.now = 0.0
        self.dynos: list[_Dyno] = []
        self.formation: list[tuple[float, int]] = []
        self.begun = array("d", [math.nan]) * len(scenario.arrivals)
        self.done = array("d", [math.nan]) * len(scenario.arrivals)
        self.billed = self.lost = 0.0
        self.published = self.served = self.unacknowledged = self.redelivered = self.cut = 0
        self._scenario = scenario
        self._arrivals = array("d", [*scenario.arrivals, math.inf])
        self._services = array("d", scenario.services)
        self._concurrency = scenario.settings.concurrency
        self._prefetch = max(scenario.prefetch or self._concurrency, self._concurrency)
        self._boots = random.Random(scenario.seed)
        self._queue: deque[int] = deque()
        self._credits: deque[_Dyno] = deque()  # one entry for each message a dyno may still take
        self._requeued: set[int] = set()
        self._leaving: set[_Dyno] = set()
        self._events: list[_Event] = []
        self._sequence = count()
        self._start(scenario.initial_dynos, boot=False)
        self._log()

    def advance(self, until: float) -> None:
        """Let everything happen that happens up to and including `until` (seconds)."""
        arrivals, events = self._arrivals, self._events
        while True:
            arrival = arrivals[self.published]
            if events and events[0][0] <= arrival:
                if events[0][0] > until:
                    break
                self.now, _, happen, dyno, job = heapq.heappop(events)
                happen(dyno, job)
            elif arrival <= until:
                self.now = arrival
                self._queue.append(self.published)
                self.published += 1
                self._deliver()
            else:
                break
        self.now = until

    def scale_to(self, dynos: int) -> None:
        """Ask for `dynos`; the newest go first."""
        before = len(self.dynos)
        self._start(dynos - before, boot=True)
        while len(self.dynos) > dynos:
            self._stop(self.dynos.pop())
        if len(self.dynos) != before:
            self._log()

    def restart(self) -> None:
        """Stop every dyno and boot another in its place."""
        stopped, self.dynos = self.dynos, []
        for dyno in reversed(stopped):
            self._stop(dyno)
        self._start(len(stopped), boot=True)

    def sample(self, at: float) -> Sample:
        """Return what the broker shows at this instant, as if read at Unix second `at`."""
        return Sample(
            at=at,
            messages_ready=len(self._queue),
            messages_unacknowledged=self.unacknowledged,
            published=self.published,
            served=self.served,
            consumers=sum(dyno.up for dyno in self.dynos),
            dynos=len(self.dynos),
            redelivered=self.redelivered,
        )

    def close(self) -> None:
        """Bill what still runs, up to now."""
        for dyno in [*self.dynos, *self._leaving]:
            self._exit(dyno)

    def _log(self) -> None:
        self.formation.append((self.now, len(self.dynos)))

    def _at(
        self, time: float, happen: Callable[[_Dyno, int], None], dyno: _Dyno, job: int = -1
    ) -> None:
        heapq.heappush(self._events, (time, next(self._sequence), happen, dyno, job))

    def _start(self, dynos: int, *, boot: bool) -> None:
        for _ in range(dynos):
            dyno = _Dyno(self.now)
            self.dynos.append(dyno)
            self._at(self.now + (self._boot_time() if boot else 0.0), self._up, dyno)

    def _boot_time(self) -> float:
        spread = self._scenario.boot_jitter
        return self._scenario.boot_time * self._boots.uniform(1 - spread, 1 + spread)

    def _up(self, dyno: _Dyno, _: int) -> None:
        if not dyno.stopping:
            dyno.up = True
            self._credits.extend([dyno] * self._prefetch)
            self._deliver()

    def _deliver(self) -> None:
        queue, allowed = self._queue, self._credits
        while queue and allowed:
            dyno = allowed.popleft()
            if dyno.stopping:
                continue
            job = queue.popleft()
            self.unacknowledged += 1
            if self._requeued and job in self._requeued:
                self._requeued.discard(job)
                self.redelivered += 1
            if len(dyno.running) < self._concurrency:
                self._begin(dyno, job)
            else:
                dyno.buffer.append(job)

    def _begin(self, dyno: _Dyno, job: int) -> None:
        self.begun[job] = self.now
        dyno.running.add(job)
        self._at(self.now + self._services[job], self._finish, dyno, job)

    def _finish(self, dyno: _Dyno, job: int) -> None:
        if job not in dyno.running:
            return  # it was cut
        dyno.running.discard(job)
        self.done[job] = self.now
        self.served += 1
        self.unacknowledged -= 1
        if dyno.stopping:
            if not dyno.running:
                self._exit(dyno)
            return
        if dyno.buffer:
            self._begin(dyno, dyno.buffer.popleft())
        self._credits.append(dyno)
        self._deliver()

    def _stop(self, dyno: _Dyno) -> None:
        dyno.stopping = True
        self._leaving.add(dyno)
        self._requeue(dyno.buffer)
        dyno.buffer = deque()
        if dyno.running:
            self._at(self.now + GRACE, self._kill, dyno)
        else:
            self._exit(dyno)
        self._deliver()

    def _kill(self, dyno: _Dyno, _: int) -> None:
        if dyno.exited:
            return
        self.cut += len(dyno.running)
        self.lost += sum(self.now - self.begun[job] for job in dyno.running)
        self._requeue(dyno.running)
        dyno.running = set()
        self._exit(dyno)
        self._deliver()

    def _requeue(self, jobs: Sequence[int] | set[int] | deque[int]) -> None:
        self._queue.extendleft(sorted(jobs, reverse=True))
        self._requeued.update(jobs)
        self.unacknowledged -= len(jobs)

    def _exit(self, dyno: _Dyno) -> None:
        dyno.exited = True
        self._leaving.discard(dyno)
        self.billed += self.now - dyno.asked_at


def simulate(scenario: Scenario, scaler: Scaler) -> Result:
    """Simulate the scenario under `scaler`; the bounds of the settings hold for every scaler."""
    world, settings = World(scenario), scenario.settings
    chance = random.Random(scenario.seed + 1)
    phase = chance.uniform(0.0, STATISTICS_EVERY)
    samples: list[Sample] = []
    restarts = deque(scenario.restarts)
    for tick in range(1, int(scenario.end / settings.interval) + 1):
        at = tick * settings.interval
        while restarts and restarts[0] < at:
            world.advance(restarts.popleft())
            world.restart()
        missed = chance.random() < scenario.missed
        samples.append(_read(world, at, phase, missed=missed))
        world.advance(at)
        dynos = scaler(settings, samples[-HISTORY:], START + at)
        world.scale_to(min(settings.maximum_dynos, max(settings.minimum_dynos, dynos)))
    world.advance(scenario.end)
    world.close()
    return _result(scenario, world)


def _read(world: World, at: float, phase: float, *, missed: bool) -> Sample:
    refreshed = math.floor((at - phase) / STATISTICS_EVERY) * STATISTICS_EVERY + phase
    world.advance(max(world.now, refreshed))
    sample = world.sample(START + at)
    return Sample(at=sample.at, dynos=sample.dynos) if missed else sample


def _result(scenario: Scenario, world: World) -> Result:
    times = sorted(
        (scenario.end if math.isnan(done) else done) - arrival
        for done, arrival in zip(world.done, scenario.arrivals, strict=True)
    )
    finished = sum(not math.isnan(done) for done in world.done)
    changes = len(world.formation) - 1
    return Result(
        scenario=scenario.name,
        jobs=len(times),
        finished=finished,
        on_time=_share_on_time(scenario, world.done),
        billed=world.billed,
        work=scenario.work,
        changes=changes,
        changes_per_hour=changes / (scenario.end / 3600.0),
        cut=world.cut,
        lost=world.lost,
        p99=times[min(len(times) - 1, math.ceil(0.99 * len(times)) - 1)] if times else 0.0,
        worst=times[-1] if times else 0.0,
        begun=world.begun,
        done=world.done,
        formation=world.formation,
    )


def _share_on_time(scenario: Scenario, done: Sequence[float]) -> float:
    deadline = scenario.settings.target_deadline
    met = sum(
        end - arrival <= deadline for end, arrival in zip(done, scenario.arrivals, strict=True)
    )
    return met / len(done) if done else 1.0
