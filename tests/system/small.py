"""A tenant on guv's real processes, with a stand-in broker that starts at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine, text

from sandbox.fleet import OAUTH_SECRET, PROCESSES, Fleet, Surroundings, fleet
from sandbox.heroku.model import App
from sandbox.heroku.platform import Heroku
from sandbox.server import Outside, Sandbox, running
from tests.system.world import client_of

QUEUE = "worker"
INTERVAL = 5
MakeSurroundings = Callable[[str], Surroundings]


@dataclass
class Small:
    """A tenant, its stand-ins and guv's processes.

    Attributes:
        sandbox: Heroku, New Relic and the broker.
        fleet: guv's processes.
        app: The tenant's app "shop" with one dyno of "worker".
        api: The tenant's client of guv.
        broker: The broker's URL as the tenant gave it.
        engine: guv's database.
    """

    sandbox: Sandbox
    fleet: Fleet
    app: App
    api: httpx.Client
    broker: str
    engine: Engine

    def set_role(self, name: str = "worker", **settings: Any) -> None:
        """Set the role, which ticks as often as it may."""
        body = {"queues": [QUEUE], "interval": INTERVAL, "boot_time": 2, **settings}
        self.api.put(f"apps/shop/roles/{name}", json=body).raise_for_status()

    def publish(self, count: int) -> None:
        """Put more messages into the queue."""
        for _ in range(count):
            self.sandbox.broker.publish("shop", QUEUE, b"")

    @property
    def dynos(self) -> int:
        """Return how many dynos Heroku is asked to run."""
        return self.app.types["worker"].quantity

    def count(self, where: str = "true") -> int:
        """Count the decisions."""
        with self.engine.connect() as connection:
            query = text(f"select count(*) from decision where {where}")
            return int(connection.execute(query).scalar_one())


@contextmanager
def a_small_world(
    make: MakeSurroundings,
    engine: Engine,
    folder: Path,
    *,
    change: Callable[[Surroundings], Surroundings] = lambda given: given,
) -> Iterator[Small]:
    """Run API, clock and worker with a provisioned tenant whose broker is set.

    Args:
        make: guv's surroundings, for the address of the stand-ins.
        engine: guv's database.
        folder: Where logs go.
        change: What is different for these processes.
    """
    with running(Outside(heroku=Heroku(client_secret=OAUTH_SECRET))) as sandbox:
        given = change(make(sandbox.url))
        with fleet(given, folder / "guv", *PROCESSES) as processes:
            app = sandbox.heroku.new_app("shop", {"worker": 1})
            processes.create_addon(sandbox, app)
            broker = sandbox.broker.new_vhost("shop").management_url(sandbox.url)
            sandbox.broker.declare("shop", QUEUE)
            with client_of(app.config_vars["GUV_URL"]) as api:
                api.put("apps/shop/broker", json={"url": broker}).raise_for_status()
                yield Small(sandbox, processes, app, api, broker, engine)
