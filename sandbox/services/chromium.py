"""A browser where the machine has one: Debian's chromium, driven without a window."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from sandbox.services.process import ServiceFailed

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_HOW_TO_GET = "Chromium is missing: install the package chromium"


def find_chromium() -> str | None:
    """Return the browser's path, or None; `GUV_TEST_CHROMIUM` overrides the search."""
    override = os.environ.get("GUV_TEST_CHROMIUM")
    return override or next((program for name in _NAMES if (program := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the browser until the block ends.

    Raises:
        ServiceFailed: The machine has none.
    """
    program = find_chromium()
    if program is None:
        raise ServiceFailed(_HOW_TO_GET)
    with sync_playwright() as playwright:
        # No sandbox of its own: that needs rights which root in a container lacks. It only ever
        # sees our own pages.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
