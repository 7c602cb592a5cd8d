"""Spend of the month, and the date at which a cap is reached."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from api.app import create_app
from api.container import Outside
from guv.config import Config
from guv.crypto import Sealer
from guv.history.models import SampleRow
from guv.roles.models import Role
from tests.api.callers import TenantCaller, a_caller
from tests.api.v1.test_statistics import used
from tests.builders import NOON, a_role

DAY = 24


@pytest.fixture
def client(web_config: Config) -> Any:
    """A web process at noon of 25 November."""
    with TestClient(create_app(web_config, Outside(clock=lambda: NOON))) as client:
        yield client


@pytest.fixture
def role(session: Session, caller: TenantCaller) -> Role:
    role = a_role(session, caller.app, monthly_dyno_hours=100.0)
    session.commit()
    return role


def spend(caller: TenantCaller) -> dict[str, Any]:
    answer = caller.get("/spend")
    assert answer.status_code == 200
    report: dict[str, Any] = answer.json()
    return report


def test_spend_of_a_month_without_cost_is_zero(caller: TenantCaller, role: Role) -> None:
    (report,) = spend(caller)["roles"]
    assert (report["role"], report["dyno_hours"], report["cost"]) == (role.name, 0.0, [])
    assert (report["share"], report["dyno_hours_a_day"], report["warning"]) == (0.0, None, None)


def test_spend_of_a_recreated_role_excludes_its_predecessor(
    session: Session, caller: TenantCaller, role: Role
) -> None:
    used(session, role, -2)
    caller.delete(caller.role_path())
    again = a_role(session, caller.app)
    used(session, again, -1, dyno_seconds=3600.0)
    report = spend(caller)
    (usage,) = report["roles"]
    assert (usage["dyno_hours"], usage["cost"][0]["dyno_hours"]) == (1.0, 1.0)
    assert report["cost"][0]["dyno_hours"] == 3.0


def test_spend_of_dynos_of_unknown_size_has_no_price(
    session: Session, caller: TenantCaller, role: Role
) -> None:
    used(session, role, -1, dyno_seconds=0.0, dyno_size="")
    report = spend(caller)
    assert (report["cost"], report["roles"][0]["cost"]) == ([], [])


def test_the_cap_date_follows_the_pace_of_the_last_week(
    session: Session, caller: TenantCaller, role: Role
) -> None:
    for day in range(1, 22):  # two dyno-hours each
        used(session, role, -day * DAY, dyno_seconds=4 * 3600.0)
    (report,) = spend(caller)["roles"]
    assert (report["dyno_hours"], report["share"]) == (84.0, 0.84)
    assert report["dyno_hours_a_day"] == 4.0
    assert report["cap_reached_at"] == "2026-11-29T12:00:00Z"
    assert "on 2026-11-29 at 12:00 UTC" in report["warning"]


def test_spend_excludes_hours_of_other_months(
    session: Session, caller: TenantCaller, role: Role
) -> None:
    used(session, role, -25 * DAY)  # 31 October
    used(session, role, -24 * DAY)
    answer = spend(caller)
    assert answer["roles"][0]["dyno_hours"] == 2.0
    assert (answer["from"], answer["to"]) == ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")


def test_spend_is_by_dyno_size_for_each_role_and_in_total(
    session: Session, caller: TenantCaller, role: Role
) -> None:
    used(session, role, -1)
    used(session, role, -1, dyno_size="Performance-L")
    used(session, a_role(session, caller.app, "mails"), -1)
    answer = spend(caller)
    assert [(cost["dyno_size"], cost["usd"]) for cost in answer["cost"]] == [
        ("Basic", 0.04),
        ("Performance-L", 1.388),
    ]
    mails, worker = answer["roles"]
    assert [cost["dyno_size"] for cost in mails["cost"]] == ["Basic"]
    assert [cost["dyno_size"] for cost in worker["cost"]] == ["Basic", "Performance-L"]
    assert (mails["monthly_dyno_hours"], mails["share"]) == (None, None)


def test_statistics_have_the_spend_of_past_months(
    session: Session, caller: TenantCaller, role: Role
) -> None:
    for days in (1, 40):
        used(session, role, -days * DAY)
    query = {"from": "2026-09-01T00:00:00Z", "to": "2026-12-01T00:00:00Z", "step": "month"}
    steps = caller.get("/statistics", **query).json()["steps"]
    assert [(step["at"], step["cost"][0]["usd"]) for step in steps] == [
        ("2026-10-01T00:00:00Z", 0.02),
        ("2026-11-01T00:00:00Z", 0.02),
    ]


def test_explain_knows_the_cap_as_a_tick_does(
    session: Session, caller: TenantCaller, role: Role
) -> None:
    used(session, role, -1, dyno_seconds=200 * 3600.0)
    for seconds in range(0, 70, 10):
        session.add(
            SampleRow(
                role_id=role.id,
                at=NOON - timedelta(seconds=70 - seconds),
                messages_ready=900,
                messages_unacknowledged=0,
                published=1000,
                served=100,
                consumers=1,
                dynos=1,
            )
        )
    session.commit()
    explanation = caller.get(f"{caller.role_path()}/explain").json()
    assert (explanation["reason"], explanation["desired"]) == ("spend_cap", 1)
    assert explanation["misses_at_maximum"] is True


def test_spend_excludes_another_tenants_hours(
    session: Session, caller: TenantCaller, role: Role, sealer: Sealer
) -> None:
    used(session, role, -1)
    assert spend(a_caller(caller.client, session, sealer))["cost"] == []
