"""The demo as a person runs it: what it shows, and that it leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
pytestmark = [pytest.mark.system, pytest.mark.xdist_group("demo"), pytest.mark.timeout(900)]


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    """Start the demo, which writes below `folder`."""
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox.demo", "--broker=memory", *options],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def left_behind(folder: Path) -> list[str]:
    """Return the processes that were started with this folder for their files."""
    mark, command_lines = str(folder).encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            process_text = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        except OSError:
            continue
        if mark in process_text and int(process.name) != os.getpid():
            command_lines.append((process / "cmdline").read_text().replace("\0", " "))
    return command_lines


def wait_until_left(folder: Path, seconds: float = 15.0) -> list[str]:
    end = time.monotonic() + seconds
    while left_behind(folder) and time.monotonic() < end:
        time.sleep(0.1)
    return left_behind(folder)


def lines_until(process: subprocess.Popen[str], text: str) -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        yield line
        if text in line:
            return
    pytest.fail(f"the demo ended without saying {text!r}")


def test_the_demo_shows_everything_and_ends_by_itself(tmp_path: Path) -> None:
    process = start(tmp_path, "--cycle=60", "--exit-after=85")
    output, _ = process.communicate(timeout=180)
    assert process.returncode == 0, output
    assert 'curl -X PUT "$GUV_URL/apps/shop/roles/worker"' in output
    assert "Not shown" not in output
    assert list(tmp_path.iterdir()) == []
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM])
def test_ended_by_hand_the_demo_leaves_no_process_and_no_file(
    tmp_path: Path, way: signal.Signals
) -> None:
    process = start(tmp_path)
    list(lines_until(process, "Ready"))
    process.send_signal(way)
    process.send_signal(way)  # an impatient second time
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert list(tmp_path.iterdir()) == []
    assert left_behind(tmp_path) == []


def test_killed_the_demo_leaves_no_process(tmp_path: Path) -> None:
    process = start(tmp_path)
    list(lines_until(process, "Ready"))
    process.kill()
    process.communicate()
    assert wait_until_left(tmp_path) == []


def test_a_demo_too_short_to_show_everything_says_what_is_missing(tmp_path: Path) -> None:
    process = start(tmp_path, "--exit-after=2")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Not shown: exactly one alert (there were 0)." in output
    assert "One round takes 120 s" in output


def test_a_round_that_is_too_short_is_refused(tmp_path: Path) -> None:
    process = start(tmp_path, "--cycle=10")
    output, _ = process.communicate(timeout=60)
    assert (process.returncode, "must be at least 60" in output) == (2, True)
