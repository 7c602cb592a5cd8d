"""A browser without script that Heroku signed on."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlmodel import Session
from starlette.testclient import TestClient

from api.app import create_app
from api.container import Outside
from guv.clock import utc_now
from guv.config import Config
from guv.crypto import Sealer
from guv.roles.models import Role
from tests.api.callers import TenantCaller, a_caller
from tests.api.dashboard.browser import SALT, Browser
from tests.builders import a_role


class HandClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def page_config(web_config: Config) -> Config:
    return web_config.model_copy(update={"guv_sso_salt": SecretStr(SALT)})


@pytest.fixture
def client(page_config: Config, clock: HandClock) -> Iterator[TestClient]:
    """The web process over HTTPS, as browsers reach it."""
    app = create_app(page_config, Outside(clock=clock))
    with TestClient(
        app, "https://testserver", raise_server_exceptions=False, follow_redirects=False
    ) as client:
        yield client


@pytest.fixture
def new_browser(
    client: TestClient, session: Session, sealer: Sealer, clock: Callable[[], datetime]
) -> Callable[[], Browser]:
    """Makes a tenant with one app, and a browser that is not signed on yet."""

    def make() -> Browser:
        caller: TenantCaller = a_caller(client, session, sealer)
        return Browser(client, caller, clock)

    return make


@pytest.fixture
def guest(new_browser: Callable[[], Browser]) -> Browser:
    """A browser that is not signed on yet."""
    return new_browser()


@pytest.fixture
def visitor(guest: Browser) -> Browser:
    """A browser that is signed on."""
    assert guest.sign_on().status_code == 303
    return guest


@pytest.fixture
def role(visitor: Browser, session: Session) -> Role:
    """A role of the visitor's app that was never looked at."""
    role = a_role(session, visitor.owner.app, maximum_dynos=9)
    session.commit()
    return role


@pytest.fixture
def page(visitor: Browser, role: Role) -> str:
    """The address of the role's page."""
    return f"/dashboard/apps/{visitor.owner.app.name}/roles/{role.name}"
