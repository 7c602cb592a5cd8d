"""Stand-ins running in this process, and a clock that the tests move."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from sandbox.heroku.model import App
from sandbox.heroku.platform import Heroku
from sandbox.newrelic import NewRelic
from sandbox.server import Outside, Sandbox, running


@dataclass
class MovedClock:
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def sandbox(clock: MovedClock) -> Iterator[Sandbox]:
    heroku = Heroku(client_secret="oauth-secret", clock=clock)
    with running(Outside(heroku=heroku, new_relic=NewRelic(clock=clock))) as sandbox:
        yield sandbox


@pytest.fixture
def shop(sandbox: Sandbox) -> App:
    """Make an app with one worker dyno, whose dynos take 20 s to boot."""
    return sandbox.heroku.new_app("shop", {"web": 1, "worker": 1}, boot_delay=20)


@pytest.fixture
def control(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{sandbox.url}/sandbox") as client:
        yield client


@pytest.fixture
def customer_api(sandbox: Sandbox, shop: App) -> Iterator[httpx.Client]:
    """Return a client of the Platform API with the token of the shop's owner."""
    with api_with(
        sandbox, sandbox.heroku.authorizations.user_token(shop, "owner@example.com")
    ) as api:
        yield api


def api_with(sandbox: Sandbox, token: str) -> httpx.Client:
    return httpx.Client(base_url=sandbox.url, headers={"Authorization": f"Bearer {token}"})


PartnerApi = Callable[[], httpx.Client]
