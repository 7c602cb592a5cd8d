"""Stand-ins for the outside, and a runtime that talks to them."""

from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr

from guv.config import Config
from sandbox.heroku.platform import Heroku
from sandbox.newrelic import NewRelic
from sandbox.server import Outside, Sandbox, running
from tests.worker.world import MovedClock, World, a_world
from worker.process.runtime import Runtime, build_runtime


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def sandbox(clock: MovedClock) -> Iterator[Sandbox]:
    heroku = Heroku(client_secret="oauth-secret-marker", clock=clock)
    with running(Outside(heroku=heroku, new_relic=NewRelic(clock=clock))) as sandbox:
        yield sandbox


@pytest.fixture
def outside_config(config: Config, sandbox: Sandbox) -> Config:
    """Return guv's configuration with the stand-ins' addresses and the default patience."""
    return config.model_copy(
        update={
            "heroku_api_url": sandbox.url,
            "heroku_id_url": sandbox.url,
            "heroku_metrics_url": sandbox.url,
            "new_relic_events_url": sandbox.url,
            "guv_user_oauth_client_id": "connect-client",
            "guv_user_oauth_client_secret": SecretStr("user-secret-marker"),
            "guv_broker_timeout": 3.0,
            "guv_heroku_timeout": 3.0,
        }
    )


@pytest.fixture
def runtime(outside_config: Config) -> Iterator[Runtime]:
    runtime = build_runtime(outside_config)
    yield runtime
    runtime.close()


@pytest.fixture
def world(sandbox: Sandbox, runtime: Runtime, clock: MovedClock) -> Callable[..., World]:
    """Return a function that makes a tenant's world from the settings of its role."""
    return lambda **settings: a_world(sandbox, runtime, clock, **settings)
