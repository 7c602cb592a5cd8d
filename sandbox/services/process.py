"""How a server of the sandbox is started, waited for and ended."""

import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

KEEPER = Path(__file__).with_name("keeper.py")
LOG_LINES = 15
_PORTS = range(20000, 32000)


class ServiceFailed(RuntimeError):
    """A server of the sandbox did not start; the text ends with its last log lines."""


@dataclass(frozen=True, slots=True)
class Command:
    """What runs, and how it is asked to end.

    Attributes:
        name: What people call the server.
        argv: The program and its arguments.
        environment: Replaces our own environment; None keeps it.
        stop: The signal that makes the server end in good order.
        grace: Seconds it may take for that before it is killed.
        folder: Where it runs; None: where we do.
    """

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] | None = None
    stop: signal.Signals = signal.SIGTERM
    grace: float = 5.0
    folder: Path | None = None


@contextmanager
def running(
    command: Command, log: Path, ready: Callable[[], bool], *, seconds: float = 20.0
) -> Iterator[None]:
    """Run a server until the block ends, and end it with this process at the latest.

    Args:
        command: What runs.
        log: Where its output goes.
        ready: Whether the server answers by now.
        seconds: How long it may take for that.

    Raises:
        ServiceFailed: It ended or did not answer in time.
    """
    with log.open("ab") as output:
        keeper = subprocess.Popen(  # noqa: S603  # our own script and command
            [sys.executable, "-I", "-S", str(KEEPER), *_how_to_end(command), *command.argv],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=command.environment,
            cwd=command.folder,
            start_new_session=True,  # Ctrl-C in a terminal is for the callers to handle
        )
    try:
        _wait(command, keeper, log, ready, seconds)
        yield
    finally:
        keeper.communicate()


def _how_to_end(command: Command) -> list[str]:
    return [str(int(command.stop)), str(command.grace)]


def _wait(
    command: Command,
    keeper: subprocess.Popen[bytes],
    log: Path,
    ready: Callable[[], bool],
    seconds: float,
) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if keeper.poll() is not None:
            raise failure(f"{command.name} ended with status {keeper.returncode}", log)
        if time.monotonic() > end:
            raise failure(f"{command.name} does not answer after {seconds:g} s", log)
        time.sleep(0.02)


def failure(what: str, log: Path) -> ServiceFailed:
    """Build the error that says what happened and shows the end of the log."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    shown = "\n".join(f"  {line}" for line in lines[-LOG_LINES:])
    return ServiceFailed(f"{what}; the last lines of {log}:\n{shown or '  (none)'}")


def free_port() -> int:
    """Return a TCP port of the loopback interface on which nobody listens now.

    Below the range that the kernel hands out, so that no connection takes it before the server
    does, and drawn at random, so that test processes do not meet.

    Raises:
        ServiceFailed: A hundred draws found none.
    """
    for port in random.SystemRandom().sample(_PORTS, 100):  # tests may have seeded the other one
        if not listens(port):
            return port
    raise ServiceFailed("no free port found on 127.0.0.1")


def listens(port: int) -> bool:
    """Check that something accepts connections on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
