"""Start, answers and end of the stand-ins."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from sandbox.server import Outside, running
from sandbox.services.process import free_port

ROOT = Path(__file__).parents[2]
# A program as a shell starts it in the background of a script: with SIGINT ignored.
IN_BACKGROUND = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh"]


def test_the_stand_ins_answer_on_the_port_asked_for() -> None:
    port = free_port()
    with running(port=port) as sandbox:
        assert sandbox.url == f"http://127.0.0.1:{port}"
        assert httpx.get(f"{sandbox.url}/apps").status_code == 401


def test_two_sandboxes_share_no_app() -> None:
    with running(Outside()) as one, running(Outside()) as other:
        one.heroku.new_app("shop", {"worker": 1})
        assert (len(one.heroku.apps), len(other.heroku.apps)) == (1, 0)


def test_a_stopped_sandbox_does_not_listen() -> None:
    with running() as sandbox:
        pass
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{sandbox.url}/apps")


def test_a_taken_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"), running(port=port):
            pytest.fail("it listens on another's port")


@pytest.mark.parametrize("starting", [[], IN_BACKGROUND], ids=["foreground", "background"])
@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGINT])
def test_the_process_prints_its_addresses_and_ends_quietly(
    way: signal.Signals, starting: list[str]
) -> None:
    argv = [*starting, sys.executable, "-m", "sandbox", "--client-secret", "oauth-secret"]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            assert process.stdout is not None
            addresses = json.loads(process.stdout.readline())
            answer = httpx.get(f"{addresses['control']}/requests")
            process.send_signal(way)
            _, errors = process.communicate(timeout=10)
        finally:
            process.kill()  # a process that does not end must fail the test, not hang it
    assert (answer.json(), process.returncode, errors) == ([], 0, "")
