"""A web process over real stores, with the sandbox as its outside."""

import io
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog
from pydantic import SecretStr
from sqlmodel import Session
from starlette.testclient import TestClient

from api.app import create_app
from guv.config import Config
from guv.crypto import Sealer
from guv.logging import configure_logs
from sandbox.heroku.model import AddOn
from sandbox.heroku.platform import Heroku
from sandbox.server import Outside, Sandbox, running
from tests.api.authorizing import CLIENT, SECRET, Desk
from tests.api.callers import HerokuCaller, TenantCaller, a_caller, engine_of


@pytest.fixture(scope="session")
def endless_world() -> Iterator[Sandbox]:
    with running(Outside(Heroku(client_secret="oauth-secret-marker"))) as sandbox:
        yield sandbox


@pytest.fixture
def world(endless_world: Sandbox) -> Iterator[Sandbox]:
    """The sandbox around guv, without recorded requests and without faults."""
    endless_world.traffic.forget()
    yield endless_world
    endless_world.heroku.authorizations.partner_may_scale = True
    endless_world.traffic.clear_faults()


@pytest.fixture
def web_config(config: Config, world: Sandbox) -> Config:
    """The configuration of a web process that reaches the sandbox's Heroku."""
    return config.model_copy(
        update={
            "heroku_api_url": world.url,
            "heroku_id_url": world.url,
            "guv_public_url": "https://guv.example.com",
            "new_relic_events_url": world.url,
            "guv_user_oauth_client_id": CLIENT,
            "guv_user_oauth_client_secret": SecretStr(SECRET),
            "guv_heroku_timeout": 1.0,
            "guv_broker_timeout": 1.0,
        }
    )


@pytest.fixture
def client(web_config: Config) -> Iterator[TestClient]:
    with TestClient(create_app(web_config), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def caller(client: TestClient, session: Session, sealer: Sealer) -> TenantCaller:
    """A tenant on plan premium with an app and no roles."""
    return a_caller(client, session, sealer)


@pytest.fixture
def heroku(client: TestClient) -> HerokuCaller:
    return HerokuCaller(client, "addon-password-marker")


@pytest.fixture
def desk(client: TestClient, world: Sandbox, session: Session, sealer: Sealer) -> Desk:
    """A tenant whose add-on Heroku does not let scale."""
    shop = world.heroku.new_app(f"shop-{len(world.heroku.apps)}", {"worker": 1})
    addon = world.heroku.new_addon(shop, "basic")
    caller = a_caller(client, session, sealer, id=addon.id)
    office = world.heroku.authorizations
    grant = office.new_grant(addon, world.heroku.clock())
    tokens = office.exchange(grant.code, office.client_secret, world.heroku.clock())
    caller.app.heroku_id, caller.app.name = shop.id, shop.name
    caller.app.access_token_sealed = sealer.seal(tokens.access_token)
    caller.app.refresh_token_sealed = sealer.seal(tokens.refresh_token)
    caller.app.authorization_state = "needs_authorization"
    session.add(caller.app)
    session.commit()
    world.offer_consent(CLIENT, SECRET, "https://guv.example.com")
    return Desk(caller, world, shop, engine_of(client))


@pytest.fixture
def addon(world: Sandbox) -> AddOn:
    """A resource of an app at the sandbox's Heroku that guv does not know yet."""
    app = world.heroku.new_app(f"shop-{len(world.heroku.apps)}", {"worker": 1})
    return world.heroku.new_addon(app, "basic")


@pytest.fixture
def logged() -> Iterator[Callable[[], str]]:
    """Logs of the test so far, as a web process writes them."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    configure_logs("DEBUG", json=True)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # the test's own client
    for handler in root.handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(stream)
    yield stream.getvalue
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
