"""Signal-safe shutdown flag, set by a signal's handler, which may interrupt anything.

`threading.Event` is not made for that: its lock may be held by what the handler interrupts, such as
an earlier signal's handler, and then it waits for itself for good. `queue.SimpleQueue` is.
"""

from contextlib import suppress
from queue import Empty, SimpleQueue


class Shutdown:
    """Whether the process shall end, and a wait that the shutdown interrupts."""

    def __init__(self) -> None:
        self._is_set = False
        self._wakes: SimpleQueue[None] = SimpleQueue()

    def is_set(self) -> bool:
        """Return whether the process shall end."""
        return self._is_set

    def set(self) -> None:
        """Ask the process to end."""
        self._is_set = True
        self._wakes.put(None)

    def clear(self) -> None:
        """Withdraw the shutdown."""
        self._is_set = False
        while not self._wakes.empty():
            self._wakes.get()

    def wait(self, seconds: float) -> None:
        """Wait for the seconds, or until the process shall end."""
        if not self._is_set:
            with suppress(Empty):
                self._wakes.get(timeout=seconds)
