"""What goes on when its job is over? Ticks that still wait for a broker, or for Heroku.

A worker takes its next job as soon as there is room for it: who waits keeps no other job waiting.
When the process ends, what is under way is finished first.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition

import structlog

from guv import agent
from guv.logging import mask

MOST_AT_ONCE = 8  # jobs; what they claimed loses one tick where the process is killed

_log = structlog.get_logger(__name__)


class Underway:
    """The work of one process's jobs that is not done yet; one thread begins it.

    Args:
        most: Jobs whose work may be under way at the same time.
    """

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        self._most = most
        self._count = 0
        self._changed = Condition()
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="underway")

    def wait_for_room(self) -> None:
        """Nothing; one more may begin."""
        self._wait_for(self._most - 1)

    def begin(self, work: Callable[[], object]) -> None:
        """Nothing; the work goes on by itself, and a fault that ends it is logged."""
        with self._changed:
            self._count += 1
        self._threads.submit(work).add_done_callback(self._end)

    def wait(self) -> None:
        """Nothing; all that was begun is finished."""
        self._wait_for(0)

    def _wait_for(self, most: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._count <= most)

    def _end(self, ended: Future[object]) -> None:
        fault = ended.exception()
        if fault is not None:
            _log.error("ticks_failed", error=mask(f"{type(fault).__name__}: {fault}"))
            agent.notice(fault)
        with self._changed:
            self._count -= 1
            self._changed.notify_all()
