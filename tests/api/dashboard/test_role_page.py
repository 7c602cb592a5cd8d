"""A role's page: readable without script, and the picture that a script draws on it."""

import csv
import gzip
import io
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from api.dashboard import static_files
from guv.history.models import SampleRow
from guv.roles.models import Role
from tests.api.dashboard.browser import Browser
from tests.api.dashboard.conftest import HandClock
from tests.api.rows import a_decision, an_incident
from tests.builders import NOON, a_role

PAGE_TAIL = "/roles/worker"


def a_tick(
    session: Session, role: Role, clock: HandClock, ago_s: float, counts: Any = None, **decided: Any
) -> int:
    """A sample and a decision so many seconds ago; the decision's number."""
    at = clock() - timedelta(seconds=ago_s)
    session.add(SampleRow(role_id=role.id, at=at, **(counts or {})))
    row = a_decision(session, role, (at - NOON).total_seconds(), **decided)
    return row.id or 0


def test_a_role_without_decisions_says_so(visitor: Browser, page: str) -> None:
    answer = visitor.get(page)
    assert answer.status_code == 200
    assert answer.text.count("data-empty") == 2  # no decision, and a table without rows


def test_the_role_page_reads_without_script(
    visitor: Browser, page: str, role: Role, session: Session, clock: HandClock
) -> None:
    counts = {"messages_ready": 1234, "messages_unacknowledged": 2, "dynos": 3}
    number = a_tick(
        session,
        role,
        clock,
        30,
        counts,
        current=3,
        desired=5,
        direction="up",
        reason="deadline",
        outcome="scaled",
        explanation="5 dynos finish the last message in 50 s",
        predicted_wait=50.0,
        trail=[
            {"name": "deadline", "before": 3, "after": 5, "reason": "deadline", "note": "1236 wait"}
        ],
    )
    text = visitor.get(page).text
    assert "5 dynos finish the last message in 50 s" in text
    assert "1\u202f234" in text  # in the table
    assert f'id="decision-{number}"' in text
    assert "1236 wait" in text  # the trail
    assert "1 to 9" in text  # the limits


def test_explanations_and_errors_are_escaped_on_the_role_page(
    visitor: Browser, page: str, role: Role, session: Session, clock: HandClock
) -> None:
    markup = "<img src=x onerror=alert(1)>"
    a_tick(session, role, clock, 30, explanation=markup, outcome="failed", error=markup)
    assert "<img" not in visitor.get(page).text
    a_tick(session, role, clock, 20, explanation=markup, direction="up", desired=2, current=1)
    (marks,) = [one for one in drawn(visitor, page)["data"] if one["name"] == "decision"]
    assert "<img" not in marks["text"][0]


def drawn(visitor: Browser, page: str, **params: Any) -> dict[str, Any]:
    answer = visitor.get(f"{page}/chart", **params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def line(picture: dict[str, Any], name: str) -> list[Any]:
    (found,) = [one["y"] for one in picture["data"] if one.get("meta", one["name"]) == name]
    return list(found)


def test_the_role_chart_has_all_lines_and_breaks_them_where_values_are_unknown(
    visitor: Browser, page: str, role: Role, session: Session, clock: HandClock
) -> None:
    a_tick(session, role, clock, 45, {"messages_ready": 4, "dynos": 1}, desired=2)
    a_tick(session, role, clock, 15, {"messages_ready": None, "dynos": 2}, desired=2)
    picture = drawn(visitor, page, range="1h")
    assert line(picture, "waiting") == [4, None, None]  # between them is a gap
    assert line(picture, "dynos") == [1, None, 2]
    assert line(picture, "desired") == [2, None, 2]
    assert line(picture, "deadline") == [60.0] * 3
    assert line(picture, "minimum") == [1] * 3


def test_the_chart_of_a_web_role_shows_requests(
    visitor: Browser, session: Session, clock: HandClock
) -> None:
    web = a_role(session, visitor.owner.app, "web", signal="web", policy="response_time")
    a_tick(session, web, clock, 45, {"dynos": 1}, desired=2, predicted_wait=0.4)
    page = f"/dashboard/apps/{visitor.owner.app.name}/roles/web"
    picture = drawn(visitor, page, range="1h")
    assert line(picture, "response time") == [0.4]
    assert not {"waiting", "deadline", "arriving"} & {one["name"] for one in picture["data"]}
    axes = {one.get("yaxis") for one in picture["data"]}
    assert axes == {name.replace("axis", "") for name in picture["layout"] if name[:5] == "yaxis"}
    assert "Response time" in visitor.get(page).text


def test_the_role_chart_marks_changes_with_their_reasons_and_incidents_with_bands(
    visitor: Browser, page: str, role: Role, session: Session, clock: HandClock
) -> None:
    up = {"direction": "up", "current": 1, "desired": 4, "reason": "deadline", "outcome": "scaled"}
    number = a_tick(session, role, clock, 60, explanation="4 are needed", **up)
    a_tick(session, role, clock, 50)
    minutes = int((clock() - NOON).total_seconds() // 60)
    opened = NOON + timedelta(minutes=minutes - 3)
    an_incident(session, role, minutes - 5, opened_at=opened)
    an_incident(session, role, minutes - 4)  # is pending
    picture = drawn(visitor, page)
    (marks,) = [one for one in picture["data"] if one["name"] == "decision"]
    assert (marks["customdata"], marks["y"]) == ([number], [4])
    assert "4 are needed" in marks["text"][0]
    assert "deadline" in marks["text"][0]
    (band,) = picture["layout"]["shapes"]
    assert band["name"] == "The deadline is missed"
    assert band["x0"] == opened.replace(tzinfo=None).isoformat()


@pytest.mark.parametrize("span", ["1h", "6h", "1d", "7d", "30d"])
def test_every_time_range_of_the_role_page_is_shown(visitor: Browser, page: str, span: str) -> None:
    shown = visitor.get(page, range=span)
    assert shown.status_code == 200
    assert f"?range={span}" in shown.text
    begin, end = drawn(visitor, page, range=span)["layout"]["xaxis"]["range"]
    assert begin < end


@pytest.mark.parametrize("query", [{"range": "2y"}, {"show": "some"}, {"before": "nonsense"}])
def test_an_unknown_time_range_list_or_cursor_is_refused(
    visitor: Browser, page: str, query: dict[str, str]
) -> None:
    assert visitor.get(page, **query).status_code == 422


def test_the_decision_list_shows_changes_or_all_decisions(
    visitor: Browser, page: str, role: Role, session: Session, clock: HandClock
) -> None:
    held = a_tick(session, role, clock, 60)
    changed = a_tick(session, role, clock, 50, direction="up", outcome="scaled")
    failed = a_tick(session, role, clock, 40, outcome="failed")
    assert listed(visitor, page, held, changed, failed) == [changed, failed]
    assert listed(visitor, page, held, changed, failed, show="all") == [held, changed, failed]


def listed(visitor: Browser, page: str, *numbers: int, **params: str) -> list[int]:
    """Those of the decisions that the page lists."""
    text = visitor.get(page, **params).text
    return [number for number in numbers if f'id="decision-{number}"' in text]


def test_older_decisions_are_a_link_away(
    visitor: Browser, page: str, role: Role, session: Session, clock: HandClock
) -> None:
    numbers = [a_tick(session, role, clock, 1000 - ago, outcome="failed") for ago in range(32)]
    text = visitor.get(page).text
    assert listed(visitor, page, *numbers) == numbers[2:]
    before = text.split("&amp;before=")[1].split("#")[0]
    assert listed(visitor, page, *numbers, before=before) == numbers[:2]


def test_an_unknown_value_of_a_decision_is_named_once(
    visitor: Browser, page: str, role: Role, session: Session, clock: HandClock
) -> None:
    number = a_tick(session, role, clock, 30, estimates={"service_time": 2.5})
    text = visitor.get(f"{page}/decisions/{number}").text
    assert "2.5 s (unknown)" in text
    assert "unknown (unknown)" not in text
    assert "unknown/s" not in text


def test_a_decision_has_a_page_of_its_own(
    visitor: Browser, page: str, role: Role, session: Session, clock: HandClock
) -> None:
    number = a_tick(session, role, clock, 30, explanation="because of this")
    assert "because of this" in visitor.get(f"{page}/decisions/{number}").text
    assert visitor.get(f"{page}/decisions/{number + 1}").status_code == 404
    assert visitor.get(f"{page}/decisions/{2**63}").status_code == 422


def test_another_tenants_role_and_decision_are_not_found(
    guest: Browser, new_browser: Any, session: Session, clock: HandClock
) -> None:
    role = a_role(session, guest.owner.app)
    number = a_tick(session, role, clock, 30)
    other = new_browser()
    other.sign_on()
    theirs = f"/dashboard/apps/{guest.owner.app.name}/roles/worker"
    tails = ("", "/chart", "/figures.csv", "/decisions.csv", f"/decisions/{number}")
    assert [other.get(theirs + tail).status_code for tail in tails] == [404] * len(tails)
    a_role(session, other.owner.app)
    session.commit()
    own = f"/dashboard/apps/{other.owner.app.name}/roles/worker"
    assert other.get(f"{own}/decisions/{number}").status_code == 404


def test_the_role_page_is_not_shown_without_a_session(guest: Browser, session: Session) -> None:
    a_role(session, guest.owner.app)
    session.commit()
    page = f"/dashboard/apps/{guest.owner.app.name}/roles/worker"
    tails = ("", "/chart", "/figures.csv", "/decisions.csv", "/decisions/1")
    assert [guest.get(page + tail).status_code for tail in tails] == [401] * len(tails)


def test_figures_and_decisions_can_be_downloaded_as_csv(
    visitor: Browser, page: str, role: Role, session: Session, clock: HandClock
) -> None:
    a_tick(session, role, clock, 30, {"messages_ready": 7}, direction="up", outcome="scaled")
    figures = list(csv.DictReader(io.StringIO(visitor.get(f"{page}/figures.csv").text)))
    assert [(row["messages_ready"], row["dynos"]) for row in figures] == [("7", "")]
    assert figures[0]["maximum"] == "9"
    decisions = list(csv.DictReader(io.StringIO(visitor.get(f"{page}/decisions.csv").text)))
    assert [row["direction"] for row in decisions] == ["up"]


def test_plotly_comes_compressed_from_our_origin_and_is_cached_for_a_year(
    visitor: Browser, page: str
) -> None:
    assert f'src="{static_files.PLOTLY_PATH}"' in visitor.get(page).text
    answer = visitor.get(static_files.PLOTLY_PATH)
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert b"plotly.js" in answer.content[:100]
    assert (
        visitor.get(
            static_files.PLOTLY_PATH.replace(static_files.PLOTLY_VERSION, "0.0.0")
        ).status_code
        == 404
    )


def test_plotly_is_sent_uncompressed_where_gzip_is_not_accepted(visitor: Browser) -> None:
    plain = visitor.client.get(static_files.PLOTLY_PATH, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == gzip.decompress(static_files._packed())
