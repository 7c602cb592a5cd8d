"""A person does with guv's pages what pages are for, against guv's own processes."""

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


def come_in(page: Page, story: Story) -> None:
    page.goto(story.addon.web_url)
    page.wait_for_url(f"{story.url}/dashboard/apps/shop")
    page.wait_for_selector("script[data-zone=known]", state="attached")


def connect_broker(page: Page, url: str) -> None:
    page.get_by_label("RabbitMQ's URL").fill(url)
    page.get_by_role("button", name="Test and save").click()


def make_role(page: Page) -> None:
    page.get_by_label("orders", exact=True).check()
    page.get_by_label("Deadline in seconds").fill("15")
    page.get_by_role("button", name="Make the role").click()
    page.get_by_text("It decides and scales nothing yet").wait_for()


def test_from_sign_on_to_the_first_scaled_dyno(page: Page, story: Story) -> None:
    come_in(page, story)
    page.get_by_role("link", name="Go on with the first steps").click()
    connect_broker(page, story.broker_url.replace(":", ":wrong-", 2))
    page.locator("#url-fault").wait_for()
    connect_broker(page, story.broker_url)
    page.get_by_text("The broker answers, and is saved").wait_for()
    make_role(page)
    story.publish(150)
    reload_until(page, page.get_by_text("guv may scale this app"))
    reload_until(page, page.locator("section", has_text="4. Look at").get_by_text("done"))
    page.get_by_role("link", name="Overview").first.click()
    reload_until(page, page.get_by_text("dry run: would run"))
    assert story.dynos == 1
    page.go_back()
    page.get_by_role("button", name="Scale worker from now on").click()
    page.get_by_text("guv scales the role from now on").wait_for()
    until(lambda: story.dynos > 1)
    pause(page, story)


def pause(page: Page, story: Story) -> None:
    """The person pauses the role, sees that it holds, and lets it go on."""
    page.goto(f"{story.url}/dashboard/apps/shop/roles/worker/controls")
    section = page.locator("section", has=page.get_by_role("heading", name="Pause"))
    section.get_by_label("Until").fill("2099-12-24T14:00")
    section.get_by_role("button", name="Pause").click()
    page.get_by_text("paused until 24 Dec 2099 14:00").wait_for()
    story.empty()
    held = story.dynos
    page.goto(f"{story.url}/dashboard")
    reload_until(page, page.locator(".state", has_text="paused until 24 Dec 2099 14:00"))
    assert story.dynos == held
    page.goto(f"{story.url}/dashboard/apps/shop/roles/worker/controls")
    page.get_by_role("button", name="Resume").click()
    page.get_by_text("The role's own pause is over").wait_for()


def test_an_incident_and_a_lost_right_are_seen_and_mended(page: Page, story: Story) -> None:
    come_in(page, story)
    page.goto(f"{story.url}/dashboard/apps/shop/start")
    connect_broker(page, story.broker_url)
    make_role(page)
    page.get_by_role("button", name="Scale worker from now on").click()
    tell_new_relic(page, story)
    page_soon(page, story)
    story.publish(3000)
    page.goto(f"{story.url}/dashboard")
    reload_until(page, page.locator(".bad", has_text="at maximum and missing the deadline since"))
    until(lambda: "deadline_missed" in causes(story))
    story.empty()
    reload_until(page, page.locator(".state", has_text="within deadline"), 60)
    story.sandbox.heroku.authorizations.revoke(story.addon.id)
    reload_until(page, page.locator(".bad", has_text="needs authorization"), 60)
    consent(page, story)
    page.goto(f"{story.url}/dashboard")
    reload_until(page, page.locator(".state", has_text="within deadline"))


def tell_new_relic(page: Page, story: Story) -> None:
    """The person says where incidents go, mends what was mistyped, and tries it."""
    story.sandbox.new_relic.accounts["7"] = "license-key-marker"
    page.get_by_role("link", name="Notifications").click()
    page.get_by_label("Account", exact=True).fill("seven")
    page.get_by_label("License key").fill("license-key-marker")
    page.get_by_role("button", name="Save").click()
    page.locator("[id='notify.new_relic.account_id-fault']").wait_for()
    page.get_by_label("Account", exact=True).fill("7")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("The targets are saved").wait_for()
    page.get_by_role("button", name="Send a test page").click()
    page.get_by_text("The test page was taken").wait_for()
    assert "license-key-marker" not in page.content()
    assert causes(story) == ["test"]


def page_soon(page: Page, story: Story) -> None:
    """The person wants to hear of a miss after two seconds."""
    page.goto(f"{story.url}/dashboard/apps/shop/roles/worker/settings")
    page.locator("details", has_text="A miss pages after").locator("summary").first.click()
    page.get_by_label("A miss pages after").fill("2")
    page.get_by_role("button", name="Look at the change").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()


def causes(story: Story) -> list[str]:
    """The causes of the incidents that New Relic was told of."""
    return [one.tags["aggregationTag.cause"] for one in story.sandbox.new_relic.incidents]


def consent(page: Page, story: Story) -> None:
    """The person pastes a token that does not do, then lets guv scale at Heroku's own page."""
    page.goto(f"{story.url}/dashboard/apps/shop/start")
    page.get_by_label("A token").fill("HRKU-01234567-89ab-cdef-0123-456789abcdef")
    page.get_by_role("button", name="Try and keep the token").click()
    page.locator("#token-fault", has_text="Heroku does not know it").wait_for()
    page.get_by_role("button", name="Connect with Heroku").click()
    page.wait_for_url(f"{story.sandbox.url}/oauth/authorize**")
    page.locator("button[value=yes]").click()
    page.wait_for_url(f"{story.url}/**")
    page.goto(f"{story.url}/dashboard/apps/shop/start")
    page.get_by_text("guv may scale this app, with the consent of").wait_for()
