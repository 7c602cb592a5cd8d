"""Web dynos through the whole loop, from Logplex's deliveries to guv's scaling."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.fleet import OAUTH_SECRET, PROCESSES, Fleet, Surroundings, fleet
from sandbox.heroku.model import App
from sandbox.heroku.platform import Heroku
from sandbox.server import Outside, running
from sandbox.workload.shape import Shape, Spike
from tests.system.web_workload import WebWorkload
from tests.system.world import client_of, wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]
CALM, RUSH = 15.0, 110.0  # requests a second; a dyno can answer 50


@dataclass
class Shop:
    """A tenant's app with web dynos, and guv's processes."""

    fleet: Fleet
    heroku: Heroku
    app: App
    api: httpx.Client

    @property
    def dynos(self) -> int:
        return self.app.types["web"].quantity

    def counted(self) -> int:
        """Return how many requests guv has counted in all."""
        total: dict[str, Any] = self.api.get("apps/shop/web").json()["total"]
        assert total["lost"] == 0
        return int(total["requests"])

    def reasons(self) -> set[tuple[str, str]]:
        page = self.api.get("decisions", params={"role": "web", "limit": 200}).json()
        return {(decision["direction"], decision["reason"]) for decision in page["decisions"]}


@pytest.fixture
def shop(surroundings: Callable[[str], Surroundings], tmp_path: Path) -> Iterator[Shop]:
    with ExitStack() as stack:
        sandbox = stack.enter_context(running(Outside(heroku=Heroku(client_secret=OAUTH_SECRET))))
        guv = stack.enter_context(fleet(surroundings(sandbox.url), tmp_path, *PROCESSES))
        app = sandbox.heroku.new_app("shop", {"web": 1}, boot_delay=2.0)
        guv.create_addon(sandbox, app)
        wait_until(lambda: "GUV_URL" in app.config_vars, 30)  # it may come later than the answer
        api = stack.enter_context(client_of(app.config_vars["GUV_URL"]))
        role = {
            "signal": "web",
            "interval": 5,
            "history": 15,
            "concurrency": 5,
            "maximum_dynos": 12,
            "policy_parameters": {"response_time": 0.6},
        }
        answer = api.put("apps/shop/roles/web", json=role)
        assert answer.is_success, answer.text
        yield Shop(guv, sandbox.heroku, app, api)


def test_a_rush_of_requests_brings_web_dynos_and_its_end_removes_them(shop: Shop) -> None:
    wait_until(lambda: shop.app.drains, 30)
    shape = Shape(mean=CALM, spikes=[Spike(start=15, seconds=60, rate=RUSH - CALM)])
    web = WebWorkload(shop.heroku, shop.app, shape, repeat=0.3)
    with web.running():
        wait_until(lambda: shop.dynos >= 3, 75)
        shop.fleet.kill("worker-1")
        shop.fleet.start("worker-1")
        wait_until(lambda: shop.dynos == 1, 120)
    wait_until(lambda: shop.counted() == web.answered, 30)
    assert {("up", "response_time"), ("down", "idle")} <= shop.reasons()
    assert sum(logplex.sent.repeats for logplex in web.logplexes) > 0
    assert "own line" not in "".join(map(shop.fleet.log, ("api", "clock-1", "worker-1")))
