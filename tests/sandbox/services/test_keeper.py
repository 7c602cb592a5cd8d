"""Ends of servers, whatever happens to the process that asked for them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.services.process import KEEPER, Command, ServiceFailed, free_port, listens, running

ROOT = Path(__file__).parents[3]

ASKING = """
import signal, sys, time
from pathlib import Path
from sandbox.services.process import KEEPER, Command, running
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in background
pid = Path(sys.argv[1])
argv = [sys.executable, "-c", sys.argv[2], str(pid)]
written = lambda: pid.exists() and pid.read_text()
with running(Command("child", argv, grace=0.5), pid.with_suffix(".log"), written):
    print("ready", flush=True)
    time.sleep(60)
"""
SLEEPS = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"
REPORTS = (
    "import signal, sys; default = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN;"
    "open(sys.argv[1], 'w').write(str(default)); signal.pause()"
)
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPS


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(condition())


def wait_until_gone(pid: int) -> bool:
    return wait_until(lambda: not alive(pid))


def start_asking(pid_file: Path, child: str) -> tuple[subprocess.Popen[str], int]:
    """Start a process that runs `child` as its server; return it and the server's id."""
    argv = [sys.executable, "-c", ASKING, str(pid_file), child]
    asking = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert asking.stdout is not None
    assert asking.stdout.readline() == "ready\n"
    return asking, int(pid_file.read_text())


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_when_the_process_that_asked_dies(
    tmp_path: Path, death: signal.Signals
) -> None:
    asking, server = start_asking(tmp_path / "pid", SLEEPS)
    asking.send_signal(death)
    asking.communicate()
    assert wait_until_gone(server)


def test_a_server_that_ignores_the_signal_is_killed_after_its_grace(tmp_path: Path) -> None:
    asking, server = start_asking(tmp_path / "pid", STUBBORN)
    asking.kill()
    asking.communicate()
    assert wait_until_gone(server)


def test_a_server_ends_when_its_keeper_is_told_to(tmp_path: Path) -> None:
    asking, server = start_asking(tmp_path / "pid", SLEEPS)
    keeper = int(Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(keeper, signal.SIGTERM)
    gone = wait_until_gone(server)
    asking.kill()
    asking.communicate()
    assert gone


def test_a_server_ends_when_its_keeper_gets_sigint_although_it_began_ignored(
    tmp_path: Path,
) -> None:
    argv = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", sys.executable, str(KEEPER)]
    argv += [str(int(signal.SIGINT)), "5", sys.executable, "-c", REPORTS, str(tmp_path / "file")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as keeper:
        try:
            wait_until(lambda: (tmp_path / "file").exists() and (tmp_path / "file").read_text())
            keeper.send_signal(signal.SIGINT)
            keeper.wait(timeout=4)  # less than the grace after which it would kill the server
        finally:
            keeper.kill()
    assert (tmp_path / "file").read_text() == "True"


def test_a_server_that_ends_at_once_is_one_error_with_its_last_words(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "import sys; print('no disk left'); sys.exit(3)"]
    with (
        pytest.raises(ServiceFailed, match=r"Example ended with status 3(?s:.*)no disk left"),
        running(Command("Example", argv), tmp_path / "log", lambda: False),
    ):
        pytest.fail("it never answered")


def test_a_server_that_does_not_answer_is_one_error_and_is_ended(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    argv = [sys.executable, "-c", SLEEPS, str(pid_file)]
    with (
        pytest.raises(ServiceFailed, match=r"Example does not answer after 0\.5 s"),
        running(Command("Example", argv), tmp_path / "log", lambda: False, seconds=0.5),
    ):
        pytest.fail("it never answered")
    assert wait_until_gone(int(pid_file.read_text()))


def test_a_free_port_has_no_listener() -> None:
    assert not listens(free_port())
