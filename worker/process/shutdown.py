"""Shall this process end? Said by a signal's handler, which may interrupt anything.

`threading.Event` is not made for that: its lock may be held by what the handler interrupts, such as
an earlier signal's handler, and then it waits for itself for good. `queue.SimpleQueue` is.
"""

from contextlib import suppress
from queue import Empty, SimpleQueue


class Ending:
    """Whether the process shall end, and a wait that this ends."""

    def __init__(self) -> None:
        self._is_set = False
        self._wakes: SimpleQueue[None] = SimpleQueue()

    def is_set(self) -> bool:
        """Whether it shall."""
        return self._is_set

    def set(self) -> None:
        """Nothing; it shall."""
        self._is_set = True
        self._wakes.put(None)

    def clear(self) -> None:
        """Nothing; it shall not, after all."""
        self._is_set = False
        while not self._wakes.empty():
            self._wakes.get()

    def wait(self, seconds: float) -> None:
        """Nothing, after so many seconds, or as soon as the process shall end."""
        if not self._is_set:
            with suppress(Empty):
                self._wakes.get(timeout=seconds)
