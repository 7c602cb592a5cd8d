import subprocess
import sys
from pathlib import Path
from threading import Timer

from guv.clock import steady_seconds
from worker.process.shutdown import Ending

ROOT = Path(__file__).parents[3]
STORM = """
import signal
from worker.process.shutdown import Ending

ending, signals = Ending(), 0

def end(*_):
    global signals
    signals += 1
    ending.set()

signal.signal(signal.SIGALRM, end)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0001)
while signals < 5000:
    ending.set()
    ending.wait(0.001)
    ending.clear()
    ending.wait(0.00001)
signal.setitimer(signal.ITIMER_REAL, 0)
print("over")
"""


def test_signals_that_interrupt_each_other_stop_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STORM],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "over\n"


def test_a_wait_ends_at_once_when_it_is_said() -> None:
    ending = Ending()
    Timer(0.1, ending.set).start()
    start = steady_seconds()
    ending.wait(20)
    assert steady_seconds() - start < 10
    assert ending.is_set()
    ending.wait(20)
    assert steady_seconds() - start < 10


def test_a_wait_is_over_after_its_time() -> None:
    ending = Ending()
    ending.wait(0.01)
    assert not ending.is_set()


def test_what_is_taken_back_can_be_said_again() -> None:
    ending = Ending()
    ending.set()
    ending.clear()
    assert not ending.is_set()
    ending.set()
    assert ending.is_set()
