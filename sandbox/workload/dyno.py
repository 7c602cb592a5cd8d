"""One running dyno: takes a job, works on it, acknowledges it, until it is told to stop."""

import random
import threading
import time
from collections.abc import Callable

from sandbox.workload.queues import BrokerGone, Hands, Job, JobQueue
from sandbox.workload.work import Work

_STEP = 0.1
_AGAIN = 1.0


class RunningDyno:
    """A thread that consumes from the queue.

    Args:
        name: Such as "worker.1".
        queue: Where its jobs wait.
        work: How long one takes.
        done: Is told of every finished job.
        cut: Is told of every job that the end of the grace cut off.
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
                self._stopping.wait(_AGAIN)

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
