"""Sign-on and sign-out in a real browser: with script and without, by keyboard."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from redis import Redis

from sandbox.heroku.customer import Partner
from sandbox.server import Sandbox
from tests.pages.conftest import DESKTOP, Site, watched

pytestmark = pytest.mark.xdist_group("pages")


@pytest.fixture
def scriptless(browser: Browser, site: Site) -> Iterator[Page]:
    """Open a signed-on browser that runs no script."""
    with watched(browser, viewport=DESKTOP, java_script_enabled=False) as page:
        page.goto(site.door)
        page.get_by_role("button", name="Go on").click()
        yield page


def test_a_click_at_heroku_opens_the_apps_page(visitor: Page, site: Site) -> None:
    assert visitor.url == site.path("")
    assert visitor.get_by_role("heading", name="shop").is_visible()
    assert visitor.get_by_text("customer@example.com").is_visible()
    assert visitor.get_by_text("Times are in Europe/Berlin").is_visible()


def test_the_session_cookie_is_out_of_reach_of_script(visitor: Page) -> None:
    cookies = {cookie["name"]: cookie for cookie in visitor.context.cookies()}
    assert (cookies["guv"]["httpOnly"], cookies["guv"]["sameSite"]) == (True, "Lax")
    assert "guv=" not in visitor.evaluate("document.cookie").replace("guv-zone", "")


def test_a_link_that_heroku_did_not_sign_gets_a_page_that_says_what_to_do(
    page: Page, site: Site, world: Sandbox
) -> None:
    world.customer(Partner(f"{site.url}/heroku/resources", "guv", "x", "another-salt"))
    page.goto(site.door)
    page.wait_for_url(f"{site.url}/sso/login")
    assert page.get_by_role("heading", name="Not allowed").is_visible()
    assert page.get_by_text("heroku addons:open guv").is_visible()


def test_an_expired_session_shows_the_signed_out_page_on_the_next_click(
    visitor: Page, redis_url: str, site: Site
) -> None:
    with Redis.from_url(redis_url) as redis:
        for name in redis.scan_iter("guv:visit:*"):
            redis.delete(name)
    visitor.get_by_role("link", name="API keys").click()
    assert visitor.get_by_role("heading", name="Signed out").is_visible()
    assert visitor.url == f"{site.url}/dashboard/keys"


def test_signing_out_leaves_nothing_to_go_back_to(visitor: Page) -> None:
    visitor.get_by_role("button", name="Sign out").click()
    assert visitor.get_by_role("heading", name="Signed out").is_visible()
    visitor.go_back()
    assert visitor.get_by_role("heading", name="Signed out").is_visible()


def test_pages_read_and_forms_work_without_script(scriptless: Page, site: Site) -> None:
    assert scriptless.url == site.path("")
    scriptless.locator("summary", has_text="Pause scaling").click()
    scriptless.get_by_role("button", name="Pause scaling").click()
    assert scriptless.locator("[data-done=paused]").is_visible()
    assert scriptless.get_by_text("Times are in UTC").is_visible()


def test_the_keyboard_reaches_everything_and_skips_the_menu(visitor: Page) -> None:
    visitor.keyboard.press("Tab")
    assert visitor.evaluate("document.activeElement.className") == "skip"
    visitor.keyboard.press("Enter")
    assert visitor.evaluate("document.activeElement.id") == "content"
    for _ in range(3):
        visitor.keyboard.press("Tab")
        where = visitor.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert where == "solid"  # one sees where one is


def test_a_key_is_shown_once_and_not_by_going_back(visitor: Page, site: Site) -> None:
    visitor.goto(f"{site.url}/dashboard/keys")
    visitor.get_by_label("Name").fill("notebook")
    visitor.get_by_role("button", name="Add API key").click()
    key = visitor.locator("#new-key").inner_text()
    assert re.fullmatch(r"guv_[\w-]{32,}", key)
    visitor.goto(f"{site.url}/dashboard/keys")
    assert key not in visitor.content()
