"""The README's picture of the dashboard, taken from the demo: `make picture`.

The demo plays for some minutes; then a browser opens the pages as a click at Heroku does, and
takes the role's page with those minutes in the charts.
"""

import argparse
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page

from sandbox.demo import scenario
from sandbox.demo.environment import Environment, calls, demo_environment
from sandbox.demo.scenario import Scenario
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
        demo_environment(Path(folder), Scenario(), rabbitmq=False, say=print) as environment,
        chromium() as browser,
    ):
        page = browser.new_page(viewport=_SIZE, timezone_id="UTC")  # type: ignore[arg-type]
        _play(environment, options.seconds)
        _take(page, environment, options.seconds, options.to)
    print(f"{options.to} is written.")


def _play(environment: Environment, seconds: float) -> None:
    for call in calls(environment.broker, Scenario()):
        call.make(environment.api)
    with environment.workload.running():
        time.sleep(seconds)


def _take(page: Page, environment: Environment, seconds: float, target: Path) -> None:
    page.goto(environment.pages)
    page.wait_for_url("**/dashboard/**")
    page.wait_for_selector("script[data-zone=known]", state="attached")
    page.get_by_role("link", name=scenario.ROLE, exact=True).first.click()
    page.get_by_role("link", name="1 hour", exact=True).click()
    page.locator("#chart .main-svg").first.wait_for()
    now = page.evaluate("Date.now()")
    page.evaluate(_ZOOM, [now - 1000 * (seconds + _BEFORE_S), now])
    page.wait_for_timeout(1000)  # the zoom's animation
    page.screenshot(path=target)


if __name__ == "__main__":
    main()
