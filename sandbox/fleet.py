"""guv's own processes on this machine: the API, clocks and workers, as the Procfile runs them."""

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from cryptography.fernet import Fernet

from sandbox.heroku.customer import Partner
from sandbox.heroku.model import AddOn, App
from sandbox.server import Sandbox
from sandbox.services.process import KEEPER, Command, free_port, running

PROVISIONED_S = 60.0  # Seconds that a provisioning may take on a busy machine.
ADDON_PASSWORD = "sandbox-addon-password"  # noqa: S105  # the sandbox's Heroku knows it too
OAUTH_SECRET = "sandbox-oauth-secret"  # noqa: S105
SSO_SALT = "sandbox-sso-salt"
PROCESSES = ("api", "clock-1", "worker-1")  # one of each
MARK = "GUV_PROCESS"  # by which the children of a process of ours are found
USER_CLIENT, USER_SECRET = "sandbox-guv-connect", "sandbox-connect-secret"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What guv's processes stand on and talk to.

    Attributes:
        database_url: PostgreSQL, migrated.
        redis_url: Redis.
        heroku_url: Platform API and token endpoint.
        new_relic_url: The event collector.
        extra: More environment variables by name.
    """

    database_url: str
    redis_url: str
    heroku_url: str
    new_relic_url: str
    extra: Mapping[str, str] = field(default_factory=dict)


class Fleet:
    """Running processes by name ("api", "clock-1", "worker-1"), each started and ended alone.

    Attributes:
        api_url: Where the API answers.
        folder: Where each process has its log, `NAME.log`.
    """

    def __init__(self, surroundings: Surroundings, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        port = free_port()
        self.api_url = f"http://127.0.0.1:{port}"
        self._environment = _environment(surroundings, self.api_url)
        self._running: dict[str, ExitStack] = {}
        self._modules = {
            "api": ["api", "--host", "127.0.0.1", "--port", str(port)],
            "clock": ["worker.clock"],
            "worker": ["worker"],
        }

    def start(self, name: str, code: Path | None = None) -> None:
        """Start the process, and wait until the API answers.

        Args:
            name: Which.
            code: Where another version of guv is; None: it is this one.

        Raises:
            ServiceFailed: It ended at once, or does not answer.
        """
        kind = name.partition("-")[0]
        argv = [sys.executable, "-m", *self._modules[kind]]
        environment = {**self._environment, MARK: name}
        command = Command(f"guv's {name}", argv, environment, grace=10.0, folder=code)
        stack = ExitStack()
        ready = self._answers if kind == "api" else _at_once
        stack.enter_context(running(command, self.folder / f"{name}.log", ready, seconds=60.0))
        self._running[name] = stack

    def create_addon(self, sandbox: Sandbox, app: App, plan: str = "premium") -> AddOn:
        """Provision the add-on as `heroku addons:create guv` does, ready to ask for consent.

        On a busy machine guv answers that it will finish later; then this waits until it has.

        Raises:
            PartnerRefused: As `Customer.create_addon` does.
            TimeoutError: The add-on has no config vars after a minute.
        """
        sandbox.offer_consent(USER_CLIENT, USER_SECRET, self.api_url)
        partner = Partner(f"{self.api_url}/heroku/resources", "guv", ADDON_PASSWORD, SSO_SALT)
        addon = sandbox.customer(partner).create_addon(app, plan)
        end = time.monotonic() + PROVISIONED_S
        while "GUV_URL" not in app.config_vars:
            if time.monotonic() > end:
                raise TimeoutError("the add-on has no GUV_URL yet")
            time.sleep(0.1)
        return addon

    def stop(self, name: str) -> None:
        """Ask the process to end, and wait until it has."""
        self._running.pop(name).close()

    def kill(self, name: str) -> int:
        """Kill the process and its children, and return how many they were."""
        pids = self.pids(name)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.stop(name)
        return len(pids)

    def pids(self, name: str) -> list[int]:
        """Return the ids of the process and its children, without its keeper."""
        marks = f"{MARK}={name}\0".encode(), f"GUV_PUBLIC_URL={self.api_url}\0".encode()
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit()
            and _holds(entry / "environ", *marks)
            and not _holds(entry / "cmdline", bytes(KEEPER))
        ]

    def stop_all(self) -> None:
        """Stop every process."""
        for name in reversed(list(self._running)):
            self.stop(name)

    def log(self, name: str) -> str:
        """Return what the process has written so far."""
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.api_url}/health", timeout=2).status_code > 0
        except httpx.HTTPError:
            return False


def _holds(path: Path, *words: bytes) -> bool:
    """Check that the file holds all of the words; a file that is gone holds none."""
    with suppress(OSError):
        content = path.read_bytes()
        return all(word in content for word in words)
    return False


@contextmanager
def fleet(surroundings: Surroundings, folder: Path, *names: str) -> Iterator[Fleet]:
    """Run the named processes until the block ends."""
    processes = Fleet(surroundings, folder)
    try:
        for name in names:
            processes.start(name)
        yield processes
    finally:
        processes.stop_all()


def _at_once() -> bool:
    return True


def _environment(surroundings: Surroundings, api_url: str) -> dict[str, str]:
    """Our environment without anybody's credentials, and what `guv.config` wants to know."""
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ
    }
    return {
        **kept,
        "PYTHONUNBUFFERED": "1",
        "DATABASE_URL": surroundings.database_url,
        "REDIS_URL": surroundings.redis_url,
        "HEROKU_API_URL": surroundings.heroku_url,
        "HEROKU_ID_URL": surroundings.heroku_url,
        "HEROKU_METRICS_URL": surroundings.heroku_url,
        "NEW_RELIC_EVENTS_URL": surroundings.new_relic_url,
        "GUV_ALLOWED_NETWORKS": "127.0.0.0/8",  # where the stand-ins are
        "GUV_ADDON_PASSWORD": ADDON_PASSWORD,
        "GUV_OAUTH_CLIENT_SECRET": OAUTH_SECRET,
        "GUV_SSO_SALT": SSO_SALT,
        "GUV_USER_OAUTH_CLIENT_ID": USER_CLIENT,
        "GUV_USER_OAUTH_CLIENT_SECRET": USER_SECRET,
        "GUV_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "GUV_PUBLIC_URL": api_url,
        **surroundings.extra,
    }
