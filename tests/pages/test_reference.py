"""The API's reference at /docs in a real browser: all routes, and nothing blocked by its policy."""

import httpx
import pytest
from playwright.sync_api import Page

from tests.pages.conftest import Site

pytestmark = pytest.mark.xdist_group("pages")


def test_every_route_of_the_contract_can_be_read_and_opened(page: Page, site: Site) -> None:
    paths = httpx.get(f"{site.url}/openapi.json").json()["paths"]
    page.goto(f"{site.url}/docs")
    page.wait_for_selector(".opblock")

    assert page.locator(".opblock").count() == sum(len(methods) for methods in paths.values())
    page.locator(".opblock", has_text="/health").first.click()
    assert page.locator(".opblock.is-open .opblock-description").is_visible()
