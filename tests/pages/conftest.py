"""Real browser in front of a real web process, with rows of the tenant for each test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page
from pydantic import SecretStr
from sqlmodel import Session

from api.app import create_app
from guv.apps.models import App
from guv.clock import utc_now
from guv.config import Config
from guv.crypto import Sealer
from guv.tenants.models import Tenant
from sandbox.heroku.customer import Partner
from sandbox.heroku.model import AddOn
from sandbox.heroku.platform import Heroku
from sandbox.server import Outside, Sandbox, running
from sandbox.services.chromium import chromium
from tests.api.serving import serving
from tests.builders import a_tenant, an_app

SALT = "sso-salt-marker"
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
PATIENCE_MS = 10_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def world() -> Iterator[Sandbox]:
    with running(Outside(Heroku(client_secret="oauth-secret-marker"))) as sandbox:
        yield sandbox


@dataclass(frozen=True, slots=True)
class Site:
    """guv's pages at an address, and a tenant that Heroku can sign on there.

    Attributes:
        url: Where the pages are.
        tenant: Whose.
        app: Its one app.
        door: What a click on the add-on in Heroku's dashboard opens.
    """

    url: str
    tenant: Tenant
    app: App
    door: str

    def path(self, rest: str) -> str:
        """Return the address of a page of the app."""
        return f"{self.url}/dashboard/apps/{self.app.name}{rest}"


@pytest.fixture
def site(config: Config, world: Sandbox, session: Session, sealer: Sealer) -> Iterator[Site]:
    """Run a web process over HTTP, with a tenant that has an app and no role."""
    tenant = a_tenant(session)
    app = an_app(session, tenant, sealer, name="shop")
    session.commit()
    settings = config.model_copy(
        update={
            "guv_sso_salt": SecretStr(SALT),
            "heroku_api_url": world.url,
            "heroku_id_url": world.url,
            "guv_allowed_networks": "127.0.0.0/8",
        }
    )
    with serving(create_app(settings)) as url:
        yield Site(url, tenant, app, _door(world, url, tenant.id))


def _door(world: Sandbox, url: str, tenant: UUID) -> str:
    """Tell the sandbox's Heroku the tenant's resource and guv's address."""
    world.customer(Partner(f"{url}/heroku/resources", "guv", "addon-password-marker", SALT))
    world.heroku.apps.clear()
    app = world.heroku.new_app("shop", {"worker": 1})
    web_url = f"{world.heroku.sso_url}/apps/{app.id}/addons/{tenant}"
    world.heroku.addons[tenant] = AddOn(tenant, "guv-1", "premium", app, utc_now(), web_url)
    return web_url


@contextmanager
def watched(browser: Browser, **options: object) -> Iterator[Page]:
    """Open a page in a new profile; fail where the page broke a rule of its own.

    Whatever a script throws, and whatever the content security policy stops, is such an error.
    """
    context = browser.new_context(**options)  # type: ignore[arg-type]  # as Playwright takes them
    page, broken = context.new_page(), list[str]()
    page.set_default_timeout(PATIENCE_MS)
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on(
        "console", lambda message: broken.append(message.text) if message.type == "error" else None
    )
    try:
        yield page
    finally:
        context.close()
    assert [fault for fault in broken if "the server responded with a status" not in fault] == []


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:  # noqa: ARG001  # closed before it
    """Open a desktop's browser that is not signed on, and close it before the site ends."""
    with watched(browser, viewport=DESKTOP, timezone_id="Europe/Berlin") as page:
        yield page


def sign_on(page: Page, site: Site) -> None:
    """Sign a page on, and wait until it shows times of its own zone."""
    page.goto(site.door)
    page.wait_for_url(f"{site.url}/dashboard/**")
    page.wait_for_selector("script[data-zone=known]", state="attached")


@pytest.fixture
def visitor(page: Page, site: Site) -> Page:
    """Open a desktop's browser that is signed on."""
    sign_on(page, site)
    return page


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Callable[..., object]:
    """Return a function for signed-on pages: `with open_page(viewport=PHONE) as page: ...`."""

    @contextmanager
    def opened(**options: object) -> Iterator[Page]:
        with watched(browser, **options) as page:
            sign_on(page, site)
            yield page

    return opened
