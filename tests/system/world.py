"""A tenant on guv's real processes, with a real broker and stand-ins for Heroku and New Relic."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from sandbox.fleet import OAUTH_SECRET, PROCESSES, Fleet, Surroundings, fleet
from sandbox.heroku.model import App
from sandbox.heroku.platform import Heroku
from sandbox.server import Outside, Sandbox, running
from sandbox.services import BrokerAccess
from sandbox.workload import Work
from sandbox.workload.queues import AmqpQueue
from sandbox.workload.shape import Shape
from sandbox.workload.workload import Tenant, Workload

INTERVAL = 5
STALENESS = 10.0  # how old a broker's figures may be
LICENSE_KEY = "license-key-marker-0123456789"
JOBS = "jobs"


@dataclass
class World:
    """A tenant, its broker, the stand-ins and guv's processes.

    Attributes:
        sandbox: Heroku and New Relic.
        fleet: guv's processes.
        app: The tenant's Heroku app, with a process type "worker".
        access: The tenant's virtual host.
        api: The tenant's client of guv, as `GUV_URL` says.
    """

    sandbox: Sandbox
    fleet: Fleet
    app: App
    access: BrokerAccess
    api: httpx.Client

    def set_role(self, name: str = "worker", **settings: Any) -> dict[str, Any]:
        """Set a role and return the API's answer."""
        body = {"queues": [JOBS], "interval": INTERVAL, "boot_time": 2, **settings}
        answer = self.api.put(f"apps/{self.app.name}/roles/{name}", json=body)
        assert answer.is_success, answer.text
        stored: dict[str, Any] = answer.json()
        return stored

    def decisions(self, role: str = "worker", **filters: Any) -> list[dict[str, Any]]:
        """Read the role's decisions, oldest first."""
        asked = {"app": self.app.name, "role": role, "limit": 200, **filters}
        decisions: list[dict[str, Any]] = []
        while True:
            answer = self.api.get("decisions", params=asked)
            assert answer.is_success, answer.text
            page = answer.json()
            decisions += page["decisions"]
            if page["next_cursor"] is None:
                return decisions[::-1]
            asked["cursor"] = page["next_cursor"]

    @property
    def dynos(self) -> int:
        """Return how many dynos Heroku is asked to run."""
        return self.app.types["worker"].quantity

    def queue(self) -> AmqpQueue:
        """Return the tenant's queue."""
        return AmqpQueue(self.access.amqp_url, JOBS)

    def publish(self, count: int) -> None:
        """Put messages into the queue."""
        with self.queue().producing() as sender:
            for _ in range(count):
                sender.send(repr(time.monotonic()))

    @contextmanager
    def consuming(self, seconds: float, deadline: float = 60) -> Iterator[Workload]:
        """Run the tenant's dynos, with `seconds` for each message."""
        tenant = Tenant(
            self.sandbox.heroku, self.app, "worker", self.queue(), Work(seconds), deadline
        )
        workload = Workload(tenant, Shape(mean=0))
        with workload.running():
            yield workload


def wait_until(what: Callable[[], object], seconds: float) -> float:
    """Wait until `what` is true and return the seconds that it took.

    Raises:
        AssertionError: It did not come true in time.
    """
    start = time.monotonic()
    while not what():
        assert time.monotonic() - start < seconds, f"not within {seconds} s"
        time.sleep(0.1)
    return time.monotonic() - start


@contextmanager
def a_world(
    surroundings: Callable[[str], Surroundings], access: BrokerAccess, folder: Path
) -> Iterator[World]:
    """Run API, clock and worker with a provisioned tenant whose broker is set.

    Args:
        surroundings: guv's surroundings, for the address of the stand-ins.
        access: The tenant's virtual host.
        folder: Where logs go.
    """
    with ExitStack() as stack:
        outside = Outside(heroku=Heroku(client_secret=OAUTH_SECRET))
        sandbox = stack.enter_context(running(outside))
        sandbox.new_relic.accounts["4711"] = LICENSE_KEY
        guv = stack.enter_context(fleet(surroundings(sandbox.url), folder, *PROCESSES))
        app = sandbox.heroku.new_app("shop", {"worker": 1, "mailer": 1}, boot_delay=2.0)
        guv.create_addon(sandbox, app)
        api = stack.enter_context(client_of(app.config_vars["GUV_URL"]))
        with AmqpQueue(access.amqp_url, JOBS).producing():
            pass  # declares the queue
        answer = api.put("apps/shop/broker", json={"url": access.management_url})
        assert answer.is_success, answer.text
        yield World(sandbox, guv, app, access, api)


def client_of(url: str) -> httpx.Client:
    """Return a client that takes user and key from the URL, as curl does."""
    parts = httpx.URL(url)
    auth = httpx.BasicAuth(parts.username, parts.password)
    return httpx.Client(base_url=parts.copy_with(userinfo=b""), auth=auth, timeout=30)
