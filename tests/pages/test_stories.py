"""Stories of people who use the pages, against guv's own processes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page
from sqlalchemy import Engine

from sandbox.fleet import Surroundings
from tests.pages.stories import Story, a_story, reload_until, until

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("pages")]


@pytest.fixture
def around(
    engine: Engine,  # noqa: ARG001  # empties the database
    database_url: str,
    redis_url: str,
) -> Callable[[str], Surroundings]:
    def make(url: str) -> Surroundings:
        extra = {"GUV_RESOLVE_AFTER": "5", "GUV_WORKER_PROCESSES": "1"}
        return Surroundings(database_url, redis_url, url, url, extra)

    return make


@pytest.fixture
def story(around: Callable[[str], Surroundings], tmp_path: Path) -> Iterator[Story]:
    with a_story(around, tmp_path / "guv") as story:
        yield story


def sign_on(page: Page, story: Story) -> None:
    page.goto(story.addon.web_url)
    page.wait_for_url(f"{story.url}/dashboard/apps/shop")
    page.wait_for_selector("script[data-zone=known]", state="attached")


def connect_broker(page: Page, url: str) -> None:
    page.get_by_label("RabbitMQ URL").fill(url)
    page.get_by_role("button", name="Test and save broker").click()


def make_role(page: Page) -> None:
    page.get_by_label("orders", exact=True).check()
    page.get_by_label("Deadline in seconds").fill("15")
    page.get_by_role("button", name="Create role").click()
    page.locator("[data-done=role]").wait_for()


def test_from_sign_on_to_the_first_scaled_dyno(page: Page, story: Story) -> None:
    sign_on(page, story)
    page.get_by_role("link", name="Continue setup").click()
    connect_broker(page, story.broker_url.replace(":", ":wrong-", 2))
    page.locator("#url-fault").wait_for()
    connect_broker(page, story.broker_url)
    page.locator("[data-done=broker]").wait_for()
    make_role(page)
    story.publish(150)
    reload_until(page, page.locator("[data-authorized]"))
    reload_until(page, page.locator("[data-step='4']"))
    page.get_by_role("link", name="Overview").first.click()
    reload_until(page, page.locator(".state", has_text="dry run: would run"))
    assert story.dynos == 1
    page.go_back()
    page.get_by_role("button", name="Start scaling worker").click()
    page.locator("[data-done=live]").wait_for()
    until(lambda: story.dynos > 1)
    pause(page, story)


def pause(page: Page, story: Story) -> None:
    """Pause the role, see that it holds, and end the pause."""
    page.goto(f"{story.url}/dashboard/apps/shop/roles/worker/controls")
    section = page.locator("section", has=page.get_by_role("heading", name="Pause"))
    section.get_by_label("Until").fill("2099-12-24T14:00")
    section.get_by_role("button", name="Pause scaling").click()
    page.get_by_text("paused until 24 Dec 2099 14:00").wait_for()
    story.empty()
    held = story.dynos
    page.goto(f"{story.url}/dashboard")
    reload_until(page, page.locator(".state", has_text="paused until 24 Dec 2099 14:00"))
    assert story.dynos == held
    page.goto(f"{story.url}/dashboard/apps/shop/roles/worker/controls")
    page.get_by_role("button", name="Resume scaling").click()
    page.locator("[data-done=resumed]").wait_for()


def test_an_incident_and_a_lost_authorization_are_shown_and_resolved(
    page: Page, story: Story
) -> None:
    sign_on(page, story)
    page.goto(f"{story.url}/dashboard/apps/shop/start")
    connect_broker(page, story.broker_url)
    make_role(page)
    page.get_by_role("button", name="Start scaling worker").click()
    set_up_new_relic(page, story)
    alert_soon(page, story)
    story.publish(3000)
    page.goto(f"{story.url}/dashboard")
    reload_until(page, page.locator("[data-state=misses_at_maximum]"))
    until(lambda: "deadline_missed" in causes(story))
    story.empty()
    reload_until(page, page.locator("[data-state=in_time]"), 60)
    story.sandbox.heroku.authorizations.revoke(story.addon.id)
    reload_until(page, page.locator("[data-state=needs_authorization]"), 60)
    consent(page, story)
    page.goto(f"{story.url}/dashboard")
    reload_until(page, page.locator("[data-state=in_time]"))


def set_up_new_relic(page: Page, story: Story) -> None:
    """Set up New Relic with a typing error, correct it and send a test."""
    story.sandbox.new_relic.accounts["7"] = "license-key-marker"
    page.get_by_role("navigation", name="Pages", exact=True).get_by_role(
        "link", name="Notifications"
    ).click()
    page.get_by_label("Account ID").fill("seven")
    page.get_by_label("License key").fill("license-key-marker")
    page.get_by_role("button", name="Save targets").click()
    page.locator("[id='notify.new_relic.account_id-fault']").wait_for()
    page.get_by_label("Account ID").fill("7")
    page.get_by_role("button", name="Save targets").click()
    page.locator("[data-done=saved]").wait_for()
    page.get_by_role("button", name="Send test alert").click()
    page.locator("[data-trial=ok]").wait_for()
    assert "license-key-marker" not in page.content()
    assert causes(story) == ["test"]


def alert_soon(page: Page, story: Story) -> None:
    """Set the patience before an alert to two seconds."""
    page.goto(f"{story.url}/dashboard/apps/shop/roles/worker/settings")
    page.locator("details", has_text="Alert delay").locator("summary").first.click()
    page.get_by_label("Alert delay").fill("2")
    page.get_by_role("button", name="Review changes").click()
    page.get_by_role("button", name="Save settings").click()
    page.locator("[data-done=saved]").wait_for()


def causes(story: Story) -> list[str]:
    """Return the causes of the incidents at New Relic."""
    return [incident.tags["aggregationTag.cause"] for incident in story.sandbox.new_relic.incidents]


def consent(page: Page, story: Story) -> None:
    """Paste a token that is refused, then give consent at Heroku's own page."""
    page.goto(f"{story.url}/dashboard/apps/shop/start")
    page.get_by_label("Heroku token").fill("HRKU-01234567-89ab-cdef-0123-456789abcdef")
    page.get_by_role("button", name="Test and save token").click()
    page.locator("#token-fault", has_text="Heroku does not accept it").wait_for()
    page.get_by_role("button", name="Connect with Heroku").click()
    page.wait_for_url(f"{story.sandbox.url}/oauth/authorize**")
    page.locator("button[value=yes]").click()
    page.wait_for_url(f"{story.url}/**")
    page.goto(f"{story.url}/dashboard/apps/shop/start")
    page.locator("[data-authorized]", has_text="the consent of").wait_for()
