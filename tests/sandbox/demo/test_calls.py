"""Equality of the demo's calls and the lines that it prints for a shell."""

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from sandbox.demo.calls import Call, CallFailed
from sandbox.heroku.model import App
from sandbox.server import Sandbox

QUOTED = {"type": "it's", "quantity": 2, "note": 'a "b" $HOME `c`'}


@pytest.fixture
def call(shop: App) -> Call:
    return Call("PATCH", f"apps/{shop.id}/formation/worker", QUOTED)


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{sandbox.url}/") as client:
        yield client


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.usefixtures("shop")
def test_the_printed_line_sends_the_same_request(
    sandbox: Sandbox, call: Call, api: httpx.Client
) -> None:
    with pytest.raises(CallFailed):
        call.make(api)
    subprocess.run(
        ["sh", "-c", call.as_curl()],
        env={"GUV_URL": sandbox.url, "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
    )
    made, printed = sandbox.traffic.requests()
    assert (made.method, made.path, made.body) == (printed.method, printed.path, printed.body)


def test_the_printed_line_keeps_quotes_and_dollars_as_they_are(call: Call) -> None:
    assert json.loads(shlex.split(call.as_curl())[-1]) == QUOTED


def test_a_refused_call_says_which_and_why(call: Call, api: httpx.Client) -> None:
    with pytest.raises(CallFailed, match=r"PATCH apps/.*: 401 .*Invalid credentials"):
        call.make(api)
