"""A role's page in a browser: its chart, decisions, settings and what-if replays."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from math import sin
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect
from sqlmodel import Session, select

from guv.clock import utc_now
from guv.config import Config
from guv.history.models import DecisionRow, SampleRow
from guv.replays.models import ReplayRow
from guv.roles.models import Role
from guv.settings.queries import Edit, write_level
from guv.settings.resolve import Level
from tests.api.rows import a_decision, an_incident
from tests.builders import NOON, a_role
from tests.pages.conftest import DESKTOP, PHONE, Site, sign_on, watched
from tests.pages.rules import broken_rules
from tests.pages.shots import picture
from worker.process.runtime import build_runtime
from worker.replays.job import run_replay

pytestmark = pytest.mark.xdist_group("role_page")
DRAWN = "#chart .legendtext"
RANGE = "chart._fullLayout.xaxis.range.map((at) => new Date(at + 'Z').getTime())"
OpenPage = Callable[..., AbstractContextManager[Page]]


@pytest.fixture
def role(site: Site, session: Session) -> Role:
    """Add a role with an hour of history: waves of messages, changes and an incident."""
    role = a_role(session, site.app, maximum_dynos=10, processing_time=2.0)
    now, published = utc_now(), 0
    for ago in range(3600, 0, -10):
        wave = sin(ago / 300)
        published += 12 + round(10 * wave)
        dynos = 3 + round(2 * wave)
        session.add(
            SampleRow(
                role_id=role.id,
                at=now - timedelta(seconds=ago),
                messages_ready=20 + round(15 * wave),
                messages_unacknowledged=dynos,
                published=published,
                served=published - 20 - round(15 * wave) - dynos,
                consumers=dynos,
                dynos=dynos,
            )
        )
        session.add(_decision(role, now - timedelta(seconds=ago), dynos, wave))
    minutes = int((now - NOON).total_seconds() // 60)
    an_incident(session, role, minutes - 30, opened_at=now - timedelta(minutes=29))
    session.commit()
    return role


def _decision(role: Role, at: Any, dynos: int, wave: float) -> DecisionRow:
    is_change = at.second < 10 and at.minute % 5 == 0
    return DecisionRow(
        tenant_id=role.tenant_id,
        app_id=role.app_id,
        role_id=role.id,
        at=at,
        settings_version="0.0.1",
        current=dynos,
        desired=dynos + 1 if is_change else dynos,
        direction="up" if is_change else "hold",
        reason="deadline" if is_change else "steady",
        outcome="scaled" if is_change else "held",
        explanation=f"{dynos} dynos finish the last message in time",
        predicted_wait=30.0 + 25 * wave,
        arrived=12 + round(10 * wave),
        served=12,
        seconds=10.0,
        trail=[{"name": "deadline", "before": 2, "after": 3, "reason": "deadline", "note": "why"}],
    )


@pytest.fixture
def shown(visitor: Page, site: Site, role: Role) -> Page:
    """Open the role's page and wait for its chart."""
    visitor.goto(site.path(f"/roles/{role.name}?range=1h"))
    visitor.locator(DRAWN).first.wait_for()
    return visitor


def test_the_role_chart_is_drawn_over_one_axis_in_place_of_the_table(shown: Page) -> None:
    for name in ("waiting", "desired", "deadline", "arriving"):
        expect(shown.locator("#chart")).to_contain_text(name)
    assert shown.locator("#chart .scatterlayer .trace").count() >= 11
    assert shown.evaluate("chart.data.every((line) => (line.xaxis || 'x') === 'x')")
    assert shown.locator("#chart .shapelayer path").count() == 1  # the incident
    assert shown.locator("#table").get_attribute("open") is None
    buttons = shown.locator("#chart .modebar-btn")
    names = buttons.evaluate_all("(all) => all.map((one) => one.dataset.title)")
    assert "Zoom" in names
    assert not [name for name in names if "share" in name.lower()]  # it would leave our origin


def test_zooming_into_one_panel_zooms_all_of_them(shown: Page) -> None:
    begin, end = shown.evaluate(RANGE)
    box = shown.locator("#chart .nsewdrag").first.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    shown.mouse.move(box["x"] + box["width"] * 0.4, middle)
    shown.mouse.down()
    shown.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=5)
    shown.mouse.up()
    shown.wait_for_function(f"{RANGE}[0] > {begin}")
    zoomed = shown.evaluate(RANGE)
    assert (zoomed[1] - zoomed[0]) / (end - begin) == pytest.approx(0.2, abs=0.05)
    assert shown.evaluate("Object.keys(chart._fullLayout).filter((n) => /^xaxis/.test(n))") == [
        "xaxis"
    ]


def test_another_time_range_changes_the_axis_of_the_chart(shown: Page) -> None:
    shown.get_by_role("link", name="1 day").click()
    shown.wait_for_url(re.compile("range=1d"))
    shown.locator(DRAWN).first.wait_for()
    begin, end = shown.evaluate(RANGE)
    assert end - begin == 24 * 3600 * 1000


def test_a_click_on_a_decision_opens_its_trail(shown: Page) -> None:
    mark = shown.locator("#chart .trace .point").last.bounding_box()
    assert mark is not None
    shown.mouse.click(mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2)
    opened = shown.locator("#decisions details[open]")
    expect(opened).to_have_count(1)
    expect(opened.get_by_text("Steps of the decision")).to_be_in_viewport()
    expect(opened.locator("summary")).to_be_focused()


def test_the_role_page_updates_itself_and_rests_while_hidden(
    visitor: Page, site: Site, role: Role, session: Session
) -> None:
    visitor.clock.install()
    visitor.goto(site.path(f"/roles/{role.name}?range=1h"))
    visitor.locator(DRAWN).first.wait_for()
    now = (utc_now() - NOON).total_seconds()
    a_decision(session, role, now, explanation="Now it is like this", outcome="failed")
    visitor.clock.fast_forward(10_000)
    expect(visitor.locator("#headline").get_by_text("Now it is like this")).to_be_visible()
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    visitor.on("request", note)
    visitor.evaluate("Object.defineProperty(document, 'hidden', {value: true, writable: true})")
    visitor.clock.fast_forward(60_000)
    visitor.evaluate("null")  # requests of the timers would have been reported before the answer
    assert asked == []
    with visitor.expect_request("**/chart?*"):
        visitor.evaluate(
            "document.hidden = false; document.dispatchEvent(new Event('visibilitychange'))"
        )


def test_an_opened_decision_stays_open_while_the_page_updates(
    visitor: Page, site: Site, role: Role, session: Session
) -> None:
    visitor.clock.install()
    visitor.goto(site.path(f"/roles/{role.name}?range=1h"))
    visitor.locator(DRAWN).first.wait_for()
    visitor.locator("#decisions summary").first.click()
    now = (utc_now() - NOON).total_seconds()
    a_decision(session, role, now, explanation="Something new", outcome="failed")
    visitor.clock.fast_forward(10_000)
    expect(visitor.locator("#headline").get_by_text("Something new")).to_be_visible()
    expect(visitor.locator("#decisions details[open]")).to_have_count(1)


def test_when_guv_does_not_answer_the_page_says_that_it_is_not_up_to_date(
    visitor: Page, site: Site, role: Role
) -> None:
    visitor.clock.install()
    visitor.goto(site.path(f"/roles/{role.name}?range=1h"))
    visitor.locator(DRAWN).first.wait_for()
    visitor.route("**/chart?*", lambda route: route.fulfill(status=503))
    visitor.clock.fast_forward(10_000)
    expect(visitor.get_by_text("Not up to date")).to_be_visible()


def test_settings_are_edited_warned_of_and_saved(shown: Page) -> None:
    shown.get_by_label("Deadline").fill("1.5")
    shown.get_by_role("button", name="Review changes").click()
    expect(shown.get_by_role("alert")).to_contain_text("1 value is not valid")
    shown.get_by_label("Deadline").fill("12")
    shown.get_by_label("Maximum").fill("12")
    shown.get_by_role("button", name="Review changes").click()
    expect(shown.get_by_role("table")).to_contain_text("12 dynos (from role)")
    shown.get_by_role("button", name="Save settings").click()
    expect(shown.locator("[data-done=saved]")).to_be_visible()
    expect(shown.get_by_label("Maximum")).to_have_value("12")


def test_a_conflict_of_settings_shows_both_changes_and_loses_nothing(
    shown: Page, session: Session, site: Site, role: Role
) -> None:
    shown.get_by_label("Maximum").fill("12")
    values = {"maximum_dynos": 7, "processing_time": 2.0, "step_up": 2}
    edit = Edit("somebody@example.com", utc_now())
    write_level(session, site.tenant, Level("role", values), role.id, notify=None, edit=edit)
    session.commit()
    shown.get_by_role("button", name="Review changes").click()
    expect(shown.get_by_role("alert")).to_contain_text("You both changed: Maximum")
    expect(shown.get_by_text("somebody@example.com")).to_be_visible()
    expect(shown.get_by_label("Maximum")).to_have_value("12")
    assert picture(shown, "role-conflict") == []
    assert broken_rules(shown) == []
    shown.get_by_role("button", name="Review changes").click()
    shown.get_by_role("button", name="Save settings").click()
    expect(shown.locator("[data-done=saved]")).to_be_visible()
    shown.get_by_text("Limits on changes").click()
    expect(shown.get_by_label("Largest step up")).to_have_value("2")


@pytest.fixture
def run_all(session: Session, config: Config) -> Callable[[], None]:
    """Run every replay, as the worker does."""

    def run() -> None:
        runtime = build_runtime(config)
        for row in session.exec(select(ReplayRow.id)).all():
            run_replay(runtime, row)
        runtime.close()

    return run


def test_a_what_if_replay_is_started_followed_and_shown(
    shown: Page, run_all: Callable[[], None]
) -> None:
    shown.get_by_label("Maximum").fill("20")
    shown.get_by_role("button", name="Review changes").click()
    assert picture(shown, "role-preview") == []
    assert broken_rules(shown) == []
    shown.get_by_role("button", name="Replay the last day").click()
    expect(shown.get_by_role("progressbar")).to_be_visible()
    assert picture(shown, "role-what-if-waits") == []
    assert broken_rules(shown) == []
    run_all()
    expect(shown.get_by_role("heading", name="Comparison")).to_be_visible()
    for name in ("recorded", "present settings", "edited settings"):
        expect(shown.get_by_role("rowheader", name=name)).to_be_visible()
    shown.locator(DRAWN).first.wait_for()
    assert picture(shown, "role-what-if") == []
    assert broken_rules(shown) == []
    shown.get_by_role("button", name="Use these settings").click()
    expect(shown.get_by_role("table")).to_contain_text("20 dynos (from role)")


PAGES = {
    "role-drawn": "?range=1h",
    "role-month": "?range=30d",
    "role-all": "?range=1h&show=all",
    "role-settings": "/settings",
    "role-what-ifs": "/what-if",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_roles_pages_fit_and_are_accessible(
    visitor: Page, site: Site, role: Role, name: str
) -> None:
    visitor.goto(site.path(f"/roles/{role.name}{PAGES[name]}"))
    if "range" in PAGES[name]:
        visitor.locator(DRAWN).first.wait_for()
    assert picture(visitor, name) == []
    assert broken_rules(visitor) == []


def test_an_opened_decision_and_its_own_page_are_accessible(shown: Page) -> None:
    shown.locator("#decisions summary").first.click()
    assert picture(shown, "role-decision-open") == []
    assert broken_rules(shown) == []
    shown.get_by_role("link", name="Link to this decision").first.click()
    expect(shown.get_by_role("heading", level=1)).to_contain_text("Decision")
    assert picture(shown, "role-decision") == []
    assert broken_rules(shown) == []


def test_touch_scrolls_the_page_over_the_chart(open_page: OpenPage, site: Site, role: Role) -> None:
    with open_page(viewport=PHONE, has_touch=True, is_mobile=True) as page:
        page.goto(site.path(f"/roles/{role.name}?range=1h"))
        page.locator(DRAWN).first.wait_for()
        assert page.evaluate("chart._fullLayout.dragmode") is False
        assert page.locator("#chart .modebar").count() == 0


@pytest.fixture
def scriptless(browser: Browser, site: Site) -> Iterator[Page]:
    """Open a signed-on browser that runs no script."""
    with watched(browser) as page:
        sign_on(page, site)
        kept = page.context.storage_state()
    quiet: dict[str, Any] = {"java_script_enabled": False, "storage_state": kept}
    with watched(browser, viewport=DESKTOP, **quiet) as page:
        yield page


def test_without_script_the_page_reads_and_its_forms_work(
    scriptless: Page, site: Site, role: Role
) -> None:
    page = scriptless
    page.goto(site.path(f"/roles/{role.name}?range=1h"))
    expect(page.locator("#chart")).to_be_hidden()
    assert page.locator("#table tbody tr").count() >= 12  # an hour in rows of five minutes
    page.locator("#decisions summary").first.click()
    expect(page.get_by_text("Steps of the decision").first).to_be_visible()
    page.get_by_label("Maximum").fill("12")
    page.get_by_role("button", name="Review changes").click()
    page.get_by_role("button", name="Save settings").click()
    expect(page.locator("[data-done=saved]")).to_be_visible()


def test_the_role_page_works_with_the_keyboard_alone(shown: Page) -> None:
    _tab_to(shown, "a[href$='range=6h']")
    shown.keyboard.press("Enter")
    shown.wait_for_url(re.compile("range=6h"))
    shown.locator(DRAWN).first.wait_for()
    _tab_to(shown, "#table > summary")
    shown.keyboard.press("Enter")
    expect(shown.locator("#table table")).to_be_visible()
    _tab_to(shown, "#decisions summary")
    shown.keyboard.press("Enter")
    expect(shown.locator("#decisions details[open]")).to_have_count(1)
    _tab_to(shown, "#set-maximum_dynos")
    shown.keyboard.type("14")
    _tab_to(shown, "button[value=preview]")
    shown.keyboard.press("Enter")
    expect(shown.get_by_role("table")).to_contain_text("14 dynos (from role)")
    _tab_to(shown, "button[value=save]")
    shown.keyboard.press("Enter")
    expect(shown.locator("[data-done=saved]")).to_be_visible()


def _tab_to(page: Page, selector: str, most: int = 150) -> None:
    """Press Tab until an element that matches has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}")
