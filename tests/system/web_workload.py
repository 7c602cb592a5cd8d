"""A tenant's web dynos behind a router that sees no queues, with their log lines.

The time of an answer is drawn from the queue of its dyno, so load makes dynos slow as it does in
the world; nothing is really computed.
"""

import heapq
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from guv.clock import steady_seconds
from sandbox.heroku.logplex import Logplex
from sandbox.heroku.model import App, DynoState
from sandbox.heroku.platform import Heroku
from sandbox.workload.shape import Shape

BEAT = 0.5
TOO_LONG = 30.0  # seconds; then the router gives the request up


@dataclass
class WebWorkload:
    """The web dynos of one app.

    Attributes:
        heroku: Where the app runs.
        app: The app.
        shape: Requests a second.
        service: Mean seconds of an answer with nobody else there.
        slots: Requests that a dyno answers at the same time.
        repeat: Share of deliveries that Logplex sends twice.
        answered: Requests that were answered.
    """

    heroku: Heroku
    app: App
    shape: Shape
    service: float = 0.1
    slots: int = 5
    repeat: float = 0.1
    answered: int = 0
    _ends: dict[str, list[float]] = field(default_factory=dict)
    _logplexes: dict[str, Logplex] = field(default_factory=dict)
    _known: dict[str, DynoState] = field(default_factory=dict)
    _told: int = 0
    _random: random.Random = field(default_factory=lambda: random.Random(11))

    @property
    def logplexes(self) -> list[Logplex]:
        """Return the Logplex of each drain of the app."""
        return list(self._logplexes.values())

    @contextmanager
    def running(self) -> Iterator["WebWorkload"]:
        """Run the workload in a thread until the block ends."""
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(stop,), name="web", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join()
            for logplex in self._logplexes.values():
                logplex.close()

    def step(self, since: float, seconds: float, now: datetime) -> None:
        """Answer, log and deliver the requests of the last seconds before `now`."""
        names = [dyno.name for dyno in self.heroku.dynos(self.app, "web", DynoState.UP)]
        self._log_states(now)
        at = 0.0
        rate = self.shape.rate_at(since)
        while rate > 0 and (at := at + self._random.expovariate(rate)) < seconds:
            self._answer(names, since + at, now - timedelta(seconds=seconds - at))
        for logplex in self._drains():
            logplex.flush(now)

    def _run(self, stop: threading.Event) -> None:
        start = last = steady_seconds()
        while not stop.wait(BEAT):
            present = steady_seconds()
            self.step(last - start, present - last, self.heroku.clock())
            last = present

    def _answer(self, names: list[str], at: float, now: datetime) -> None:
        """Answer one request that comes `at` seconds after the beginning."""
        if not names:
            error = 'at=error code=H10 desc="App crashed"'
            self._log(f"{error} path=/ dyno= connect= service= status=503", "router", now)
            return
        name = self._random.choice(names)
        free = self._ends.setdefault(name, [0.0] * self.slots)
        end = max(at, heapq.heappop(free)) + self._random.expovariate(1 / self.service)
        heapq.heappush(free, end)
        took = min(end - at, TOO_LONG)
        done = now + timedelta(seconds=took)
        what = "at=info" if took < TOO_LONG else 'at=error code=H12 desc="Request timeout"'
        status = 200 if took < TOO_LONG else 503
        self.answered += 1
        self._log(
            f'{what} method=GET path="/" host=x request_id=r fwd="192.0.2.1" dyno={name}'
            f" connect=1ms service={took * 1000:.0f}ms status={status} bytes=9 protocol=https",
            "router",
            min(done, self.heroku.clock()),
        )
        self._log("an app's own line", name, now, "app")

    def _log_states(self, now: datetime) -> None:
        states = {dyno.name: dyno.state(now) for dyno in self.heroku.dynos(self.app, "web")}
        for name, state in states.items():
            if state is DynoState.UP and self._known.get(name) is DynoState.STARTING:
                self._log("State changed from starting to up", name, now)
        self._known = states
        changes = [change for change in self.heroku.changes if change.app == self.app.name]
        for change in changes[self._told :]:
            self._log(
                f"Scaled to {change.process_type}@{change.after}:Standard-1X by user x@y.z",
                "api",
                now,
                "app",
            )
        self._told = len(changes)

    def _log(self, line: str, process: str, at: datetime, source: str = "heroku") -> None:
        for logplex in self._drains():
            logplex.write(line, process, at, source)

    def _drains(self) -> list[Logplex]:
        for drain in self.app.drains:
            if drain.token not in self._logplexes:
                self._logplexes[drain.token] = Logplex(drain, repeat=self.repeat)
        return list(self._logplexes.values())
