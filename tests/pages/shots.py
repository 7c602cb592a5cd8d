"""Pictures of a page in the sizes and themes that people have, for looking at."""

import os
from pathlib import Path

from playwright.sync_api import Page

from tests.pages.conftest import DESKTOP, PHONE

_FITTED = """async () => {
  const isWide = () => [...document.querySelectorAll(".main-svg")].some((svg) => svg.clientWidth >= innerWidth);
  for (let frame = 0; isWide() && frame < 300; frame++) await new Promise(requestAnimationFrame);
}"""  # noqa: E501  # JavaScript; a predicate to wait for would need eval, which the policy forbids
FOLDER = os.environ.get("GUV_TEST_SCREENSHOTS")


def settle(page: Page) -> None:
    """Wait until charts have the size of the page."""
    page.evaluate(_FITTED)


def picture(page: Page, name: str) -> list[str]:
    """Return where a page is too wide, in all sizes and themes; save pictures if asked to.

    A whole page that scrolls sideways cannot be read on a phone.
    """
    wide = []
    for size_name, size in (("desktop", DESKTOP), ("phone", PHONE)):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # a TypedDict of the same keys
        settle(page)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(f"{name} is wider than a {size_name}")
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            if FOLDER:
                path = Path(FOLDER) / f"{name}-{size_name}-{theme}.png"
                page.screenshot(path=path, full_page=True)
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light")
    return wide
