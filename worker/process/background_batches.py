"""Tick batches that outlive their RQ job.

A worker takes its next job as soon as there is room for it, so that a batch that waits for a slow
broker or for Heroku keeps no other job waiting. When the process ends, batches in flight finish.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition

import structlog

from guv import agent
from guv.logging import mask

MOST_BATCHES = 8  # In flight; the roles they claimed lose one tick where the process is killed.

_log = structlog.get_logger(__name__)


class BackgroundBatches:
    """Batches of one process that are in flight; one thread starts them.

    Args:
        most: Batches that may be in flight at the same time.
    """

    def __init__(self, most: int = MOST_BATCHES) -> None:
        self._most = most
        self._count = 0
        self._changed = Condition()
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="batch")

    def wait_for_room(self) -> None:
        """Wait until one more batch may start."""
        self._wait_for(self._most - 1)

    def start(self, work: Callable[[], object]) -> None:
        """Start the batch on a thread; a failure that ends it is logged."""
        with self._changed:
            self._count += 1
        self._threads.submit(work).add_done_callback(self._end)

    def wait(self) -> None:
        """Wait until no batch is in flight."""
        self._wait_for(0)

    def _wait_for(self, most: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._count <= most)

    def _end(self, ended: Future[object]) -> None:
        failure = ended.exception()
        if failure is not None:
            _log.error("ticks_failed", error=mask(f"{type(failure).__name__}: {failure}"))
            agent.notice(failure)
        with self._changed:
            self._count -= 1
            self._changed.notify_all()
