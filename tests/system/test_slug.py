"""guv as Heroku runs it: the Procfile's lines, with only what a dyno has."""

import http.client
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from redis import Redis

from sandbox.services.process import Command, free_port, running
from tests.system.slug import PROCFILE, ROOT, build
from tests.system.tls import behind_tls
from tests.system.world import wait_until

pytestmark = pytest.mark.system
NOWHERE = "http://127.0.0.1:9"  # as good as Heroku for who only starts
MOST_IN_REDIS = 4 + 19 + 1  # as docs/operations.md says
LONGER_THAN_UVICORNS_S = 6.0
PASSWORD = "addon-password-marker"


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("slug"))


@pytest.fixture
def dyno(
    programs: Path, empty_url: str, redis_url: str, encryption_key: str, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """Make a dyno's environment: Heroku's variables, and those that the README asks for."""
    port = str(free_port())
    with behind_tls(redis_url, tmp_path) as url:
        yield {
            "PATH": f"{programs}:/usr/bin:/bin",
            "PORT": port,
            "WEB_CONCURRENCY": "2",  # set by Heroku's Python buildpack
            "PYTHONUNBUFFERED": "true",
            "DATABASE_URL": empty_url,
            "REDIS_URL": url,
            "GUV_ENCRYPTION_KEYS": encryption_key,
            "GUV_ADDON_PASSWORD": PASSWORD,
            "GUV_OAUTH_CLIENT_SECRET": "oauth-secret-marker",
            "GUV_SSO_SALT": "salt-marker",
            "GUV_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "HEROKU_API_URL": NOWHERE,
            "HEROKU_ID_URL": NOWHERE,
        }


def release(dyno: dict[str, str]) -> None:
    argv = ["bash", "-c", PROCFILE["release"]]
    done = subprocess.run(argv, cwd=ROOT, env=dyno, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@contextmanager
def formation(dyno: dict[str, str], logs: Path) -> Iterator[Callable[[], dict[str, Any]]]:
    """Run one dyno of each line of the Procfile and give its health."""
    with ExitStack() as stack:
        for name, line in PROCFILE.items():
            if name != "release":
                command = Command(name, ["bash", "-c", line], dyno, grace=30.0, folder=ROOT)
                stack.enter_context(running(command, logs / f"{name}.log", lambda: True))
        yield lambda: health(dyno["GUV_PUBLIC_URL"])


def health(url: str) -> dict[str, Any]:
    try:
        health: dict[str, Any] = httpx.get(f"{url}/health", timeout=5).json()
    except httpx.HTTPError:
        return {}
    return health


def events(logs: Path, name: str) -> list[str]:
    """Read the events that the process logged, each a line of JSON."""
    lines = (logs / f"{name}.log").read_text().splitlines()
    return [json.loads(line)["event"] for line in lines]


def test_the_procfiles_lines_run_on_heroku(
    dyno: dict[str, str], tmp_path: Path, redis_url: str
) -> None:
    release(dyno)
    with formation(dyno, tmp_path) as health:
        wait_until(lambda: health().get("status") == "ok", 60)
        provision(dyno["GUV_PUBLIC_URL"])
        wait_until(lambda: "provisioning_tried" in events(tmp_path, "worker"), 30)
        with Redis.from_url(redis_url) as redis:
            assert len(redis.client_list()) <= MOST_IN_REDIS
        a_connection_that_was_idle_is_answered(int(dyno["PORT"]))

    started = [event for event in events(tmp_path, "web") if event.startswith("Started server")]
    assert len(started) == 1, "a web dyno is one process: its connections are counted"
    assert events(tmp_path, "clock")[:1] == ["clock_started"]


def a_connection_that_was_idle_is_answered(port: int) -> None:
    router = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    router.connect()
    router.auto_open = 0  # fails where the dyno has ended the connection, as Heroku's router does
    for pause in (0.0, LONGER_THAN_UVICORNS_S):
        time.sleep(pause)
        router.request("GET", "/health")
        assert router.getresponse().read()
    router.close()


def provision(url: str) -> None:
    body = {
        "uuid": str(uuid4()),
        "name": "guv-curved-12345",
        "plan": "test",
        "region": "amazon-web-services::us-east-1",
        "options": {},
        "oauth_grant": {"code": str(uuid4()), "type": "authorization_code", "expires_at": None},
    }
    answer = httpx.post(f"{url}/heroku/resources", json=body, auth=("guv", PASSWORD), timeout=30)
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
