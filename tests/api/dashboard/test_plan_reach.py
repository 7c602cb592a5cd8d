"""What is older than the days of a tenant's plan is shown nowhere, and is not lost either."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select
from starlette.testclient import TestClient

from guv.history.models import DecisionRow, SampleRow
from guv.roles.models import Role
from guv.tenants.models import Tenant
from guv.tenants.plans import PLANS
from tests.api.callers import faults
from tests.api.dashboard.browser import Browser
from tests.api.rows import a_decision, an_incident
from tests.builders import NOON, an_hour

OLD = "old-marker"
READY = 987654  # messages of the old sample
HOUR = timedelta(hours=1)


def placed(session: Session, role: Role, at: datetime, text: str, ready: int) -> None:
    """One of everything at that instant."""
    since_noon = (at - NOON).total_seconds()
    a_decision(session, role, since_noon, explanation=text, direction="up", outcome="scaled")
    session.add(SampleRow(role_id=role.id, at=at, messages_ready=ready))
    an_hour(session, role, at, ticks=ready)
    an_incident(session, role, int(since_noon // 60), title=text, opened_at=at, resolved_at=at)


def on_plan(session: Session, visitor: Browser, plan: str) -> None:
    tenant = session.get(Tenant, visitor.owner.tenant.id)
    assert tenant is not None
    tenant.plan = plan
    session.add(tenant)
    session.commit()


@pytest.fixture
def past(session: Session, visitor: Browser, role: Role) -> datetime:
    """When the old rows of the tenant are of: eight days ago, on a plan that shows seven."""
    on_plan(session, visitor, "test")
    at = visitor.clock() - timedelta(days=8)
    placed(session, role, at, OLD, READY)
    placed(session, role, visitor.clock() - HOUR, "new-marker", 0)
    return at


def everything(client: TestClient, visitor: Browser, page: str) -> dict[str, str]:
    """What a tenant can read over the API and on a role's pages, by the address."""
    owner = visitor.owner
    role = {"app": owner.app.name, "role": "worker"}
    paths = client.get("/openapi.json").json()["paths"]
    reads = [one for one, methods in paths.items() if one.startswith("/v1/") and "get" in methods]
    reads = [one.removeprefix("/v1").format(**role, replay="none") for one in reads]
    formats = {"/decisions": ("json", "csv", "ndjson"), "/samples": ("json", "csv", "ndjson")}
    found = {
        f"{path} {kind}": owner.get(path, **role, **({"format": kind} if kind else {})).text
        for path in reads
        for kind in formats.get(path, (None,))
    }
    rests = ("", "?show=all", "?range=7d", "/chart?range=7d", "/figures.csv?range=7d")
    for rest in (*rests, "/decisions.csv?range=7d"):
        found[rest] = visitor.get(page + rest).text
    return found


@pytest.mark.usefixtures("past")
def test_history_older_than_the_plan_allows_is_in_no_answer(
    client: TestClient, visitor: Browser, page: str
) -> None:
    answers = everything(client, visitor, page)
    assert len(answers) > 25
    assert {path for path, text in answers.items() if OLD in text or str(READY) in text} == set()
    assert len([path for path, text in answers.items() if "new-marker" in text]) >= 6


def test_a_larger_plan_shows_what_was_stored_all_the_time(
    session: Session, client: TestClient, visitor: Browser, page: str, past: datetime
) -> None:
    on_plan(session, visitor, "basic")
    answers = everything(client, visitor, page)
    shown = {path for path, text in answers.items() if OLD in text or str(READY) in text}
    assert shown >= {
        *(f"/{rows} {kind}" for rows in ("decisions", "samples") for kind in ("json", "csv")),
        "/incidents None",
        "/statistics None",
    }
    assert session.exec(select(DecisionRow.id).where(DecisionRow.at == past)).first()


@pytest.mark.parametrize("path", ["/decisions", "/samples", "/incidents", "/statistics"])
@pytest.mark.parametrize("field", ["from", "to"])
def test_a_time_before_the_plans_days_is_refused_with_the_plan_that_shows_it(
    visitor: Browser, past: datetime, path: str, field: str
) -> None:
    owner = visitor.owner
    query = {"app": owner.app.name, "role": "worker", field: past.isoformat()}
    answer = owner.get(path, **query)
    assert (answer.status_code, set(faults(answer))) == (422, {field})
    said = faults(answer)[field]
    assert "plan test shows 7 days; plan basic shows 30" in said
    first = said.removeprefix("is before ").partition(",")[0]
    assert owner.get(path, **{**query, field: first}).status_code == 200


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize("plan", PLANS)
def test_a_pages_lengths_of_time_are_those_of_the_plan(
    session: Session, visitor: Browser, page: str, plan: str
) -> None:
    on_plan(session, visitor, plan)
    reaches = PLANS[plan].decision_days >= 30
    assert ("30 days" in visitor.get(page).text) is reaches
    for rest in ("", "/chart", "/figures.csv", "/decisions.csv"):
        answer = visitor.get(f"{page}{rest}?range=30d")
        assert answer.status_code == (200 if reaches else 422)
        assert reaches or "plan basic shows 30" in answer.text


def test_a_link_to_a_decision_ends_with_the_plans_days(
    session: Session, visitor: Browser, page: str, past: datetime
) -> None:
    number = session.exec(select(DecisionRow.id).where(DecisionRow.at == past)).one()
    assert visitor.get(f"{page}/decisions/{number}").status_code == 404
    on_plan(session, visitor, "basic")
    assert visitor.get(f"{page}/decisions/{number}").status_code == 200


def test_an_incident_that_goes_on_is_shown_whenever_it_began(
    session: Session, visitor: Browser, role: Role, past: datetime
) -> None:
    minutes = int((past - NOON).total_seconds() // 60)
    an_incident(session, role, minutes, cause="no_data", title="goes on", opened_at=past)
    found: list[dict[str, Any]] = visitor.owner.get("/incidents").json()["incidents"]
    assert [one["title"] for one in found] == ["new-marker", "goes on"]


def test_statistics_without_a_span_are_of_as_much_as_the_plan_shows(
    visitor: Browser, past: datetime, clock: Callable[[], datetime]
) -> None:
    answer = visitor.owner.get("/statistics").json()
    begin = datetime.fromisoformat(answer["from"])
    assert begin > past
    assert timedelta(days=7) <= clock() - begin < timedelta(days=7) + HOUR
    assert answer["total"]["decisions"] == 0
