"""The README's picture of the dashboard, taken from the demo: `make picture`.

The demo plays for some minutes; then a browser opens the pages as a click at Heroku does, and
takes the role's page with those minutes in the charts.
"""

import argparse
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page

from sandbox.demo import scenario as scene
from sandbox.demo.environment import Stage, calls, stage
from sandbox.demo.scenario import Scene
from sandbox.services.chromium import chromium

_TARGET = Path(__file__).parent.parent / "docs" / "dashboard.png"
_SIZE = {"width": 1280, "height": 1480}
_BEFORE_S = 20  # shown before the first job
# The charts are Plotly's; what it is told is what a person does who zooms with the mouse.
_ZOOM = "([from, to]) => Plotly.relayout('chart', {'xaxis.range': [from, to]})"


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(prog="python -m tools.picture", description=__doc__)
    parser.add_argument("--seconds", type=float, default=340, help="how long the demo plays")
    parser.add_argument("--to", type=Path, default=_TARGET, help="the file")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="guv-picture-", ignore_cleanup_errors=True) as folder,
        stage(Path(folder), Scene(), rabbitmq=False, say=print) as set_up,
        chromium() as browser,
    ):
        page = browser.new_page(viewport=_SIZE, timezone_id="UTC")  # type: ignore[arg-type]
        _play(set_up, options.seconds)
        _take(page, set_up, options.seconds, options.to)
    print(f"{options.to} is written.")


def _play(set_up: Stage, seconds: float) -> None:
    for call in calls(set_up.broker, Scene()):
        call.make(set_up.api)
    with set_up.workload.running():
        time.sleep(seconds)


def _take(page: Page, set_up: Stage, seconds: float, target: Path) -> None:
    page.goto(set_up.pages)
    page.wait_for_url("**/dashboard/**")
    page.wait_for_selector("script[data-zone=known]", state="attached")
    page.get_by_role("link", name=scene.ROLE, exact=True).first.click()
    page.get_by_role("link", name="1 hour", exact=True).click()
    page.locator("#chart .main-svg").first.wait_for()
    now = page.evaluate("Date.now()")
    page.evaluate(_ZOOM, [now - 1000 * (seconds + _BEFORE_S), now])
    page.wait_for_timeout(1000)  # the zoom's animation
    page.screenshot(path=target)


if __name__ == "__main__":
    main()
