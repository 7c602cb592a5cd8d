"""Pictures of a page in the sizes and themes that people have, for looking at."""

import os
from pathlib import Path

from playwright.sync_api import Page

from tests.pages.conftest import DESKTOP, PHONE

_TOO_WIDE = (
    "[...document.querySelectorAll('.main-svg')].some((one) => one.clientWidth >= innerWidth)"
)
FOLDER = os.environ.get("GUV_TEST_SCREENSHOTS")


def settle(page: Page) -> None:
    """Nothing; charts have taken the size of the page."""
    for _ in range(50):
        if not page.evaluate(_TOO_WIDE):
            return
        page.wait_for_timeout(100)


def picture(page: Page, name: str) -> list[str]:
    """What does not fit, in any of the sizes and themes; pictures are kept where that is wanted.

    Sideways scrolling of a whole page is what makes one unreadable on a phone.
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
