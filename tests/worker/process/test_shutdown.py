import subprocess
import sys
from pathlib import Path
from threading import Timer

from guv.clock import steady_seconds
from worker.process.shutdown import Shutdown

ROOT = Path(__file__).parents[3]
STORM = """
import signal
from worker.process.shutdown import Shutdown

shutdown, signals = Shutdown(), 0

def end(*_):
    global signals
    signals += 1
    shutdown.set()

signal.signal(signal.SIGALRM, end)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0001)
while signals < 5000:
    shutdown.set()
    shutdown.wait(0.001)
    shutdown.clear()
    shutdown.wait(0.00001)
signal.setitimer(signal.ITIMER_REAL, 0)
print("over")
"""


def test_signals_that_interrupt_each_other_do_not_deadlock() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STORM],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "over\n"


def test_a_wait_ends_at_once_on_shutdown() -> None:
    shutdown = Shutdown()
    Timer(0.1, shutdown.set).start()
    start = steady_seconds()
    shutdown.wait(20)
    assert steady_seconds() - start < 10
    assert shutdown.is_set()
    shutdown.wait(20)
    assert steady_seconds() - start < 10


def test_a_wait_without_a_shutdown_ends_after_its_time() -> None:
    shutdown = Shutdown()
    shutdown.wait(0.01)
    assert not shutdown.is_set()


def test_a_cleared_shutdown_can_be_set_again() -> None:
    shutdown = Shutdown()
    shutdown.set()
    shutdown.clear()
    assert not shutdown.is_set()
    shutdown.set()
    assert shutdown.is_set()
