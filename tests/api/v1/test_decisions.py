"""Decisions over the API: filtered, newest first, in pages."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from guv.history.models import DecisionRow, SampleRow
from guv.roles.models import Role
from tests.api.callers import TenantCaller, engine_of, faults
from tests.api.rows import a_decision
from tests.builders import NOON, a_role

Decide = Callable[..., DecisionRow]


@pytest.fixture
def decide(session: Session) -> Decide:
    """Store a decision of a role, `seconds` after noon."""
    return partial(a_decision, session)


@pytest.fixture
def role(caller: TenantCaller, session: Session) -> Role:
    role = a_role(session, caller.app)
    session.commit()
    return role


def decisions_of(caller: TenantCaller, **query: Any) -> list[Any]:
    answer = caller.get("/decisions", **query)
    assert answer.status_code == 200, answer.text
    return [decision["id"] for decision in answer.json()["decisions"]]


def test_a_decision_is_shown_with_its_names_and_figures(
    caller: TenantCaller, role: Role, decide: Decide
) -> None:
    row = decide(role, current=1, required=3, desired=2, direction="up", reason="maximum")
    (shown,) = caller.get("/decisions").json()["decisions"]
    assert (shown["id"], shown["app"], shown["role"]) == (row.id, caller.app.name, "worker")
    assert (shown["current"], shown["required"], shown["desired"]) == (1, 3, 2)
    assert datetime.fromisoformat(shown["at"]) == NOON
    assert shown["sample"] is None


def test_a_decision_shows_its_sample(
    caller: TenantCaller, role: Role, decide: Decide, session: Session
) -> None:
    session.add(SampleRow(role_id=role.id, at=NOON, messages_ready=7))
    decide(role)
    sample = caller.get("/decisions").json()["decisions"][0]["sample"]
    assert (sample["messages_ready"], sample["consumers"]) == (7, None)


@pytest.mark.parametrize(
    ("stored", "shown", "never"),
    [(None, None, False), (12.5, 12.5, False), (float("inf"), None, True)],
)
def test_an_endless_wait_has_a_decision_field_of_its_own(
    caller: TenantCaller,
    role: Role,
    decide: Decide,
    stored: float | None,
    shown: float | None,
    *,
    never: bool,
) -> None:
    decide(role, predicted_wait=stored)
    decision = caller.get("/decisions").json()["decisions"][0]
    assert (decision["predicted_wait"], decision["never_done"]) == (shown, never)


def test_the_newest_decision_is_first(caller: TenantCaller, role: Role, decide: Decide) -> None:
    rows = [decide(role, seconds) for seconds in (10, 30, 20)]
    assert decisions_of(caller) == [rows[1].id, rows[2].id, rows[0].id]


def test_pages_of_decisions_have_no_gap_or_repeat(
    caller: TenantCaller, role: Role, decide: Decide
) -> None:
    rows = [decide(role, seconds) for seconds in range(7)]
    seen, cursor = [], None
    while True:
        page = caller.get("/decisions", limit=3, **({"cursor": cursor} if cursor else {})).json()
        seen.append([decision["id"] for decision in page["decisions"]])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    ids = [row.id for row in reversed(rows)]
    assert seen == [ids[:3], ids[3:6], ids[6:]]


def test_the_next_page_of_decisions_ignores_newer_rows(
    caller: TenantCaller, role: Role, decide: Decide
) -> None:
    rows = [decide(role, seconds) for seconds in range(4)]
    cursor = caller.get("/decisions", limit=2).json()["next_cursor"]
    decide(role, 100)
    assert decisions_of(caller, limit=2, cursor=cursor) == [rows[1].id, rows[0].id]


def test_decisions_of_the_same_instant_are_ordered_by_their_id(
    caller: TenantCaller, session: Session, decide: Decide
) -> None:
    rows = [decide(a_role(session, caller.app, name)) for name in ("a", "b", "c")]
    cursor = caller.get("/decisions", limit=1).json()["next_cursor"]
    assert decisions_of(caller, cursor=cursor) == [rows[1].id, rows[0].id]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"direction": "up"}, [1]),
        ({"reason": "no_data"}, [2]),
        ({"outcome": "failed"}, [2]),
        ({"from": "2026-11-25T12:00:10Z"}, [2, 1]),  # from is included
        ({"to": "2026-11-25T12:00:10Z"}, [0]),  # to is not
        ({"from": "2026-11-25T13:00:05+01:00", "to": "2026-11-25T12:00:15Z"}, [1]),
        ({"direction": "down"}, []),
    ],
)
def test_decisions_are_filtered(
    caller: TenantCaller, role: Role, decide: Decide, query: dict[str, str], expected: list[int]
) -> None:
    rows = [
        decide(role, 0),
        decide(role, 10, direction="up", reason="deadline", outcome="scaled"),
        decide(role, 20, reason="no_data", outcome="failed"),
    ]
    assert decisions_of(caller, **query) == [rows[index].id for index in expected]


def test_decisions_are_filtered_by_role_and_app(
    caller: TenantCaller, role: Role, decide: Decide, session: Session
) -> None:
    worker, mails = decide(role), decide(a_role(session, caller.app, "mails"))
    assert decisions_of(caller, role="mails") == [mails.id]
    assert decisions_of(caller, app=caller.app.name, role="worker") == [worker.id]
    assert decisions_of(caller, app=str(caller.app.heroku_id)) == [mails.id, worker.id]


def test_a_removed_roles_decisions_can_still_be_read(
    caller: TenantCaller, role: Role, decide: Decide
) -> None:
    row = decide(role)
    caller.delete(caller.role_path())
    assert decisions_of(caller, role="worker") == [row.id]


@pytest.mark.parametrize("query", [{"app": "nobodys"}, {"role": "nobodys"}])
def test_an_unknown_app_or_role_of_decisions_is_named(
    caller: TenantCaller, query: dict[str, str]
) -> None:
    assert caller.get("/decisions", **query).status_code == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"direction": "sideways"}, "direction"),
        ({"reason": "mood"}, "reason"),
        ({"outcome": "fine"}, "outcome"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-11-25T12:00:00"}, "from"),  # in which time zone?
        ({"from": "2026-11-25T12:00:00Z", "to": "2026-11-25T12:00:00Z"}, "to"),
        ({"role": "nul\x00"}, "role"),
        ({"rolle": "worker"}, "rolle"),
        ({"cursor": "!"}, "cursor"),
        ({"cursor": "bm9uc2Vuc2U"}, "cursor"),
        ({"cursor": "WzEsMl0"}, "cursor"),  # [1,2]
        ({"cursor": "WyIyMDI2LTExLTI1VDEyOjAwOjAwIiwiMSJd"}, "cursor"),  # no time zone
        ({"cursor": "WyIyMDI2LTExLTI1VDEyOjAwOjAwWiIsIngiXQ"}, "cursor"),  # its id is "x"
    ],
)
def test_an_invalid_query_of_decisions_is_refused(
    caller: TenantCaller, query: dict[str, Any], field: str
) -> None:
    answer = caller.get("/decisions", **query)
    assert answer.status_code == 422
    assert list(faults(answer)) == [field]


def test_a_role_without_decisions_has_an_empty_page(caller: TenantCaller) -> None:
    assert caller.get("/decisions").json() == {"decisions": [], "next_cursor": None}


def test_a_longer_page_of_decisions_takes_no_more_queries(
    caller: TenantCaller, role: Role, decide: Decide
) -> None:
    for seconds in range(20):
        decide(role, seconds)
    decisions_of(caller)  # notes the key's use, once an hour
    with counted_statements(caller) as short:
        assert len(decisions_of(caller, limit=1)) == 1
    with counted_statements(caller) as long:
        assert len(decisions_of(caller, limit=20)) == 20
    assert len(long) == len(short)


@contextmanager
def counted_statements(caller: TenantCaller) -> Iterator[list[str]]:
    """Collect the statements that the web process sends to the database."""
    engine, statements = engine_of(caller.client), list[str]()

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("far", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
@pytest.mark.parametrize("path", ["/decisions", "/incidents", "/changes", "/statistics"])
def test_a_timestamp_outside_the_calendar_is_refused(
    caller: TenantCaller, path: str, far: str
) -> None:
    for name in ("from", "to"):
        assert "year from 1970 to 2199" in faults(caller.get(path, **{name: far}))[name]


def test_a_plus_decoded_as_a_space_in_a_timestamp_is_accepted(caller: TenantCaller) -> None:
    for path in ("/v1/decisions", "/v1/apps/{app}/web"):
        for offset in ("+01:00", "%2B01:00"):
            span = f"from=2026-11-25T10:00:00{offset}&to=2026-11-25T11:00:00.5{offset}"
            address = f"{path.format(app=caller.app.name)}?{span}"
            assert caller.client.get(address, auth=("guv", caller.key)).status_code == 200


def test_a_local_timestamp_may_contain_a_space(caller: TenantCaller) -> None:
    given = {"from": "2026-11-25 10:00", "timezone": "Europe/Berlin"}
    assert caller.get("/decisions", **given).status_code == 200
