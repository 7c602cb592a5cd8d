"""Incidents over the API: filtered, last seen first, in pages."""

from typing import Any

import pytest
from sqlmodel import Session

from guv.roles.models import Role
from tests.api.callers import TenantCaller, faults
from tests.api.rows import an_incident
from tests.builders import NOON, a_role


@pytest.fixture
def role(caller: TenantCaller, session: Session) -> Role:
    role = a_role(session, caller.app)
    session.commit()
    return role


def ids_of(caller: TenantCaller, **query: Any) -> list[str]:
    answer = caller.get("/incidents", **query)
    assert answer.status_code == 200, answer.text
    return [incident["id"] for incident in answer.json()["incidents"]]


def test_an_incident_is_shown_with_its_names_and_state(
    caller: TenantCaller, role: Role, session: Session
) -> None:
    id_ = str(an_incident(session, role, 1, opened_at=NOON).id)
    (shown,) = caller.get("/incidents").json()["incidents"]
    assert (shown["id"], shown["app"], shown["role"]) == (id_, caller.app.name, "worker")
    assert (shown["state"], shown["cause"]) == ("open", "cause_1")


@pytest.mark.parametrize("state", ["pending", "open", "resolved"])
def test_incidents_are_filtered_by_state(
    caller: TenantCaller, role: Role, session: Session, state: str
) -> None:
    ids = {
        "pending": str(an_incident(session, role, 1).id),
        "open": str(an_incident(session, role, 2, opened_at=NOON).id),
        "resolved": str(an_incident(session, role, 3, opened_at=NOON, resolved_at=NOON).id),
    }
    assert ids_of(caller, state=state) == [ids[state]]


def test_incidents_are_filtered_by_role_and_app(
    caller: TenantCaller, role: Role, session: Session
) -> None:
    worker = str(an_incident(session, role, 1).id)
    mails = str(an_incident(session, a_role(session, caller.app, "mails"), 2).id)
    assert ids_of(caller, role="mails") == [mails]
    assert ids_of(caller, app=caller.app.name) == [mails, worker]


def test_pages_of_incidents_follow_each_other(
    caller: TenantCaller, role: Role, session: Session
) -> None:
    ids = [str(an_incident(session, role, minutes).id) for minutes in range(3)]
    page = caller.get("/incidents", limit=2).json()
    assert [incident["id"] for incident in page["incidents"]] == [ids[2], ids[1]]
    assert ids_of(caller, limit=2, cursor=page["next_cursor"]) == [ids[0]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"state": "bad"}, "state"),
        ({"cursor": "WyIyMDI2LTExLTI1VDEyOjAwOjAwWiIsIjEiXQ"}, "cursor"),  # its id is "1"
    ],
)
def test_an_invalid_query_of_incidents_is_refused(
    caller: TenantCaller, query: dict[str, str], field: str
) -> None:
    answer = caller.get("/incidents", **query)
    assert answer.status_code == 422
    assert list(faults(answer)) == [field]
