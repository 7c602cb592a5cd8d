"""A tenant's app: jobs are published, and as many dynos work on them as Heroku runs."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from sandbox.heroku.model import App, DynoState
from sandbox.heroku.platform import Heroku
from sandbox.workload.dyno import RunningDyno, Work
from sandbox.workload.queues import BrokerGone, Job, JobQueue, Sender
from sandbox.workload.shape import Shape

_BEAT = 0.05  # seconds between two looks at the shape and at the formation
_RETRY_S = 0.5  # pause before the producer connects to a missing broker again


@dataclass(frozen=True, slots=True)
class Stats:
    """What became of the jobs.

    Attributes:
        published: Handed to the broker.
        done: Worked on and acknowledged.
        late: Of these, those done after their deadline.
        cut: Cut off by the end of a dyno's grace; they are done again.
    """

    published: int = 0
    done: int = 0
    late: int = 0
    cut: int = 0

    @property
    def on_time(self) -> float | None:
        """The share of done jobs that met the deadline, 0 to 1; None before the first."""
        return 1 - self.late / self.done if self.done else None


@dataclass(frozen=True, slots=True)
class Tenant:
    """Whose app it is, and what its jobs are like.

    Attributes:
        heroku: Where the app runs.
        app: The app.
        process_type: Whose dynos work.
        queue: Where the jobs wait.
        work: How long one takes.
        deadline: Seconds within which a job should be done.
        grace: Seconds that a stopped dyno may take to finish its job.
    """

    heroku: Heroku
    app: App
    process_type: str
    queue: JobQueue
    work: Work
    deadline: float
    grace: float = 30.0


class Workload:
    """The tenant's app at work.

    Args:
        tenant: The app and its jobs.
        shape: How many jobs arrive.
    """

    def __init__(self, tenant: Tenant, shape: Shape) -> None:
        self._tenant, self._shape = tenant, shape
        self._lock = threading.Lock()
        self._stats = Stats()
        self._ended = threading.Event()
        self._started_at = time.monotonic()
        self._dynos: dict[UUID, RunningDyno] = {}
        self._stopped: list[RunningDyno] = []

    @property
    def seconds(self) -> float:
        """How long it has been at work."""
        return time.monotonic() - self._started_at

    @property
    def rate(self) -> float:
        """The jobs a second that arrive now."""
        return self._shape.rate_at(self.seconds)

    def stats(self) -> Stats:
        """Count what has become of the jobs so far."""
        with self._lock:
            return self._stats

    @contextmanager
    def running(self) -> Iterator[None]:
        """Jobs arrive and dynos work until the block ends; then all stop at once."""
        self._started_at = time.monotonic()
        jobs = (self._produce, self._follow_formation)
        threads = [threading.Thread(target=job, daemon=True) for job in jobs]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()
            self._stop_all()

    def _produce(self) -> None:
        while not self._ended.is_set():
            try:
                with self._tenant.queue.producing() as sender:
                    self._send(sender)
            except BrokerGone:
                self._ended.wait(_RETRY_S)

    def _send(self, sender: Sender) -> None:
        """Publish what the shape asks for; jobs that a missing broker did not take do not count."""
        last, owed = self.seconds, 0.0
        while not self._ended.wait(_BEAT):
            now = self.seconds
            owed += self._shape.rate_at(now) * (now - last)
            last = now
            for _ in range(int(owed)):
                sender.send(repr(time.monotonic()))
                self._count(lambda stats: replace(stats, published=stats.published + 1))
            owed -= int(owed)

    def _follow_formation(self) -> None:
        tenant = self._tenant
        while not self._ended.wait(_BEAT):
            up = tenant.heroku.dynos(tenant.app, tenant.process_type, DynoState.UP)
            wanted = {dyno.id: dyno.name for dyno in up}
            for id_ in set(self._dynos) - set(wanted):
                dyno = self._dynos.pop(id_)
                dyno.stop(tenant.grace)
                self._stopped.append(dyno)
            for id_ in set(wanted) - set(self._dynos):
                self._dynos[id_] = self._start(wanted[id_])
            self._stopped = [dyno for dyno in self._stopped if dyno.is_alive()]

    def _start(self, name: str) -> RunningDyno:
        dyno = RunningDyno(name, self._tenant.queue, self._tenant.work, self._done, self._cut)
        dyno.start()
        return dyno

    def _stop_all(self) -> None:
        dynos = [*self._dynos.values(), *self._stopped]
        for dyno in dynos:
            dyno.stop(0.0)
        for dyno in dynos:
            dyno.join()

    def _done(self, job: Job) -> None:
        late = time.monotonic() - float(job.published) > self._tenant.deadline
        self._count(lambda stats: replace(stats, done=stats.done + 1, late=stats.late + late))

    def _cut(self) -> None:
        self._count(lambda stats: replace(stats, cut=stats.cut + 1))

    def _count(self, change: Callable[[Stats], Stats]) -> None:
        with self._lock:
            self._stats = change(self._stats)
