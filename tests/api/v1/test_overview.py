"""The overview of all roles, with a fixed number of queries."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from guv.clock import utc_now
from guv.crypto import Sealer
from guv.history.models import SampleRow
from guv.roles.models import Role
from tests.api.callers import TenantCaller, engine_of
from tests.api.rows import a_decision, an_incident
from tests.builders import NOON, a_broker, a_role, an_hour


def seconds() -> float:
    """Now, as seconds after noon."""
    return (utc_now() - NOON).total_seconds()


def usage(session: Session, role: Role, hours_ago: float, **values: Any) -> None:
    an_hour(session, role, utc_now() - timedelta(hours=hours_ago), **{"dyno_size": "", **values})
    session.commit()


@pytest.fixture
def role(caller: TenantCaller, session: Session, sealer: Sealer) -> Role:
    """A role with a broker, whose last tick is five seconds old."""
    a_broker(session, caller.app, sealer, "https://u:p@rabbit.example.com")
    role = a_role(session, caller.app, monthly_dyno_hours=100.0)
    a_decision(session, role, seconds() - 600, desired=9, current=9)
    newest = a_decision(session, role, seconds() - 5, desired=3, current=2, predicted_wait=12.5)
    session.add(SampleRow(role_id=role.id, at=newest.at, messages_ready=40))
    session.commit()
    return role


def only(caller: TenantCaller) -> Any:
    (overview,) = caller.get("/overview").json()["roles"]
    return overview


def test_the_overview_shows_the_newest_tick_in_words_and_figures(
    caller: TenantCaller, role: Role
) -> None:
    overview = only(caller)
    assert overview["state"] == {
        "state": "in_time",
        "tone": "good",
        "text": "within deadline",
        "also": [],
    }
    assert (overview["app"], overview["role"]) == (caller.app.name, role.name)
    assert (overview["dynos"], overview["desired"], overview["predicted_wait"]) == (2, 3, 12.5)
    assert (overview["messages_ready"], overview["messages_unacknowledged"]) == (40, None)
    assert overview["share_in_time_24h"] is None
    assert overview["monthly_dyno_hours"] == 100.0


def test_the_overview_shows_the_start_of_an_open_incident(
    caller: TenantCaller, role: Role, session: Session
) -> None:
    a_decision(session, role, seconds() - 2, misses_at_maximum=True, predicted_wait=float("inf"))
    an_incident(session, role, cause="deadline_missed", opened_at=NOON)
    overview = only(caller)
    assert overview["state"]["text"].endswith("missing the deadline since 2026-11-25 12:00 UTC")
    assert (overview["never_done"], overview["predicted_wait"]) == (True, None)


def test_the_overview_omits_a_resolved_incident(
    caller: TenantCaller, role: Role, session: Session
) -> None:
    an_incident(session, role, cause="foreign_changes", opened_at=NOON, resolved_at=NOON)
    assert only(caller)["state"]["state"] == "in_time"


def test_the_overview_has_the_share_of_24_hours_and_the_cost_of_the_month(
    caller: TenantCaller, role: Role, session: Session
) -> None:
    counts = {"finished": 100, "in_time": 99.0}
    hours_ago = 0 if utc_now().hour == 0 else 1  # an hour of this month, even on its first day
    usage(session, role, hours_ago, dyno_size="Standard-1X", dyno_seconds=7200.0, **counts)
    usage(session, role, hours_ago, dyno_size="Standard-2X", dyno_seconds=3600.0, **counts)
    usage(session, role, 24 * 40, dyno_size="Basic", dyno_seconds=3600.0, finished=100, in_time=0)
    overview = only(caller)
    assert (overview["finished_24h"], overview["share_in_time_24h"]) == (200, 0.99)
    assert overview["dyno_hours_month"] == 3.0
    assert overview["usd_month"] == pytest.approx(2 * 0.035 + 0.069)


def test_the_overview_cost_is_unknown_where_a_dyno_size_has_no_price(
    caller: TenantCaller, role: Role, session: Session
) -> None:
    hours_ago = 0 if utc_now().hour == 0 else 1
    usage(session, role, hours_ago, dyno_size="Basic", dyno_seconds=3600.0)
    usage(session, role, hours_ago, dyno_size="", dyno_seconds=3600.0)
    assert (only(caller)["dyno_hours_month"], only(caller)["usd_month"]) == (2.0, None)


def test_the_overview_shows_a_role_without_a_tick(caller: TenantCaller, session: Session) -> None:
    a_role(session, caller.app)
    session.commit()
    overview = only(caller)
    assert (overview["state"]["state"], overview["at"], overview["dynos"]) == (
        "no_broker",
        None,
        None,
    )


def test_the_overview_omits_a_removed_role(caller: TenantCaller, role: Role) -> None:
    assert caller.delete(caller.role_path(role.name)).status_code == 204
    assert caller.get("/overview").json()["roles"] == []


@contextmanager
def counted(caller: TenantCaller) -> Iterator[list[str]]:
    """Collect the statements that the web process sends within the block."""
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    engine = engine_of(caller.client)
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def test_the_overview_of_ten_roles_takes_as_many_queries_as_of_a_single_role(
    caller: TenantCaller, role: Role, session: Session
) -> None:
    caller.get("/overview")  # notes the key's use
    with counted(caller) as single:
        caller.get("/overview")
    for number in range(9):
        a_decision(session, a_role(session, caller.app, f"{role.name}-{number}"))
    with counted(caller) as ten:
        assert len(caller.get("/overview").json()["roles"]) == 10
    assert len(ten) == len(single)
    assert 5 < len(single) < 14
