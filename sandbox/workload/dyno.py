"""A running dyno: it takes a job, works on it and acknowledges it, until it is stopped."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.workload.queues import BrokerGone, Hands, Job, JobQueue

_STEP = 0.1  # seconds within which a dyno notices that it has to stop
_RETRY_S = 1.0  # pause before it connects to a missing broker again


@dataclass(frozen=True, slots=True)
class Work:
    """Service times in seconds: gamma distributed; always `mean` where `stddev` is 0."""

    mean: float
    stddev: float = 0.0

    def draw(self, source: random.Random) -> float:
        """Draw the service time of one job."""
        if self.stddev == 0:
            return self.mean
        shape = (self.mean / self.stddev) ** 2
        return source.gammavariate(shape, self.mean / shape)


class RunningDyno:
    """A thread that consumes from the queue.

    Args:
        name: Such as "worker.1".
        queue: Where its jobs wait.
        work: How long one takes.
        done: Called with every finished job.
        cut: Called for every job that the end of the grace period cut off.
    """

    def __init__(
        self,
        name: str,
        queue: JobQueue,
        work: Work,
        done: Callable[[Job], None],
        cut: Callable[[], None],
    ) -> None:
        self._queue, self._work = queue, work
        self._done, self._cut = done, cut
        self._random = random.Random(name)
        self._stopping = threading.Event()
        self._killed_at = float("inf")
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to consume."""
        self._thread.start()

    def stop(self, grace: float) -> None:
        """Take no more jobs, and give the current one back after `grace` seconds."""
        self._killed_at = min(self._killed_at, time.monotonic() + grace)
        self._stopping.set()

    def is_alive(self) -> bool:
        """Check that the dyno still works on a job."""
        return self._thread.is_alive()

    def join(self) -> None:
        """Wait until it has ended."""
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._queue.consuming() as hands:
                    self._consume(hands)
            except BrokerGone:
                self._stopping.wait(_RETRY_S)

    def _consume(self, hands: Hands) -> None:
        while not self._stopping.is_set():
            job = hands.take(_STEP)
            if job is None:
                continue
            if not self._finish():
                self._cut()
                return
            hands.ack(job)
            self._done(job)

    def _finish(self) -> bool:
        """Work on the job; return whether it was finished before the grace period was over."""
        end = time.monotonic() + self._work.draw(self._random)
        while (left := end - time.monotonic()) > 0:
            if time.monotonic() >= self._killed_at:
                return False
            time.sleep(min(left, _STEP))
        return True
