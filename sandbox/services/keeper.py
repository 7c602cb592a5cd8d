"""Runs one server, and ends it as soon as the process that asked for it is gone.

`python keeper.py SIGNAL GRACE COMMAND...`: standard input is a pipe that nobody writes to. Its end
means that the asking process has let go or died, however it died: the server is sent SIGNAL, and
SIGKILL after GRACE seconds. Runs as a script of the standard library alone, so that it starts fast.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import NoReturn


def main(stop: int, grace: float, command: Sequence[str]) -> NoReturn:
    """Nothing: leaves with the server's exit status, 0 where a signal ended it."""
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)  # noqa: S603
    threading.Thread(target=_leave_with, args=(server,), daemon=True).start()
    signal.signal(signal.SIGTERM, _let_go)
    with contextlib.suppress(InterruptedError):
        sys.stdin.buffer.read()
    server.send_signal(stop)
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(grace)
    _leave_with(server, kill=True)


def _let_go(*_: object) -> NoReturn:
    raise InterruptedError


def _leave_with(server: subprocess.Popen[bytes], *, kill: bool = False) -> NoReturn:
    """Leaves with the server's exit status once it has ended, and with it all of its group."""
    if not kill:
        server.wait()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, signal.SIGKILL)
    os._exit(max(server.wait(), 0))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
