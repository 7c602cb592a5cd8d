"""A process that runs one server and ends it as soon as the process that started it is gone.

`python keeper.py SIGNAL GRACE COMMAND...`: standard input is a pipe to which nobody writes. Its end
means that the starting process has closed it or died, however it died: the server is sent SIGNAL,
and SIGKILL after GRACE seconds. The script needs only the standard library, so that it starts fast.
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
    """Run the server, and exit with its status, or with 0 where a signal ended it."""
    # A shell starts background jobs with SIGINT ignored. A handler that is set before the server
    # starts undoes that for both processes, since a new program begins with default actions.
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, _interrupt)
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)  # noqa: S603
    threading.Thread(target=_exit_with, args=(server,), daemon=True).start()
    with contextlib.suppress(InterruptedError):
        sys.stdin.buffer.read()
    server.send_signal(stop)
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(grace)
    _exit_with(server, kill=True)


def _interrupt(*_: object) -> NoReturn:
    raise InterruptedError


def _exit_with(server: subprocess.Popen[bytes], *, kill: bool = False) -> NoReturn:
    """Kill what is left of the server's group, once it has ended, and exit with its status."""
    if not kill:
        server.wait()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, signal.SIGKILL)
    os._exit(max(server.wait(), 0))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
