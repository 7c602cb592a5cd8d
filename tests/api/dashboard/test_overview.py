"""Overview of all apps and roles."""

import re
from collections.abc import Callable

from sqlmodel import Session

from guv.crypto import Sealer
from guv.history.models import SampleRow
from tests.api.dashboard.browser import Browser
from tests.api.dashboard.conftest import HandClock
from tests.api.rows import a_decision, an_incident
from tests.builders import NOON, a_broker, a_role


def text_of(page: str) -> str:
    """What a person reads."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_overview_of_a_tenant_without_roles_leads_to_the_setup(visitor: Browser) -> None:
    app = visitor.owner.app.name
    page = visitor.get("/dashboard")
    assert f"/dashboard/apps/{app}/start" in page.text
    assert "No roles yet" in page.text


def test_the_overview_shows_a_role_in_words_and_figures(
    visitor: Browser, session: Session, sealer: Sealer, clock: HandClock
) -> None:
    app = visitor.owner.app
    a_broker(session, app, sealer, "https://u:p@rabbit.example.com")
    role = a_role(session, app)
    seconds = (clock() - NOON).total_seconds()
    a_decision(session, role, seconds - 3, current=2, desired=4, predicted_wait=75.0)
    shown = text_of(visitor.get("/dashboard").text)
    assert "late by 15 s" in shown
    assert "2 → 4" in shown
    assert "Predicted wait 1 min 15 s deadline 1 min" in shown
    assert "Jobs unknown" in shown


def test_the_overview_shows_a_web_role_by_requests_and_not_by_jobs(
    visitor: Browser, session: Session, clock: HandClock
) -> None:
    role = a_role(session, visitor.owner.app, "web", signal="web")
    session.commit()
    seconds = (clock() - NOON).total_seconds()
    unknown = text_of(visitor.get("/dashboard").text)
    assert "Requests unknown Response time unknown target 0.5 s" in unknown
    row = a_decision(session, role, seconds - 3, predicted_wait=0.25)
    reading = {"seconds": 30.0, "requests": 1200, "p95": 0.25}
    session.add(SampleRow(role_id=role.id, at=row.at, web=reading))
    session.commit()
    shown = text_of(visitor.get("/dashboard").text)
    assert "Requests 40 per second Response time 0.25 s target 0.5 s" in shown
    assert "no requests yet" in shown
    for word in ("Jobs", "deadline", "jobs"):
        assert word not in shown


def test_the_overview_counts_roles_in_trouble_and_uses_the_visitors_time_zone(
    visitor: Browser, session: Session, sealer: Sealer, clock: HandClock
) -> None:
    app = visitor.owner.app
    a_broker(session, app, sealer, "https://u:p@rabbit.example.com")
    role = a_role(session, app)
    a_decision(session, role, (clock() - NOON).total_seconds(), misses_at_maximum=True)
    an_incident(session, role, cause="deadline_missed", opened_at=NOON)
    visitor.cookies["guv-zone"] = "Asia/Kolkata"
    page = visitor.get("/dashboard").text
    assert "<title>1 role needs attention · guv</title>" in page
    assert "25 Nov 17:30" in page
    visitor.cookies["guv-zone"] = "Nowhere/../etc"
    assert "25 Nov 12:00" in visitor.get("/dashboard").text


def test_names_are_escaped_on_the_overview(visitor: Browser, session: Session) -> None:
    visitor.owner.app.name = "<script>alert(1)</script>"
    session.add(visitor.owner.app)
    session.commit()
    page = visitor.get("/dashboard").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_overview_has_no_roles_of_another_tenant(
    visitor: Browser, new_browser: Callable[[], Browser], session: Session
) -> None:
    other = new_browser()
    a_role(session, other.owner.app, "victim-marker")
    session.commit()
    other.sign_on()
    assert "victim-marker" in other.get("/dashboard").text
    assert "victim-marker" not in visitor.get("/dashboard").text
