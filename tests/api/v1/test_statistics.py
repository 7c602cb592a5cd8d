"""Statistics: share in time, dyno hours and cost of any span."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from guv.roles.models import Role
from tests.api.callers import TenantCaller, a_caller
from tests.builders import NOON, a_role, an_hour

SPAN = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}


def used(session: Session, role: Role, hours: int = 0, **values: Any) -> None:
    """Store an hour of the role with two Basic dynos, `hours` after noon."""
    given = {"ticks": 360, "seconds": 3600.0, "dyno_seconds": 7200.0}
    an_hour(session, role, NOON + timedelta(hours=hours), **{**given, **values})
    session.commit()


@pytest.fixture
def role(session: Session, caller: TenantCaller) -> Role:
    return a_role(session, caller.app)


def total(caller: TenantCaller, **query: Any) -> dict[str, Any]:
    sums: dict[str, Any] = caller.get("/statistics", **{**SPAN, **query}).json()["total"]
    return sums


def test_statistics_sum_the_hours_of_the_span(
    session: Session, caller: TenantCaller, role: Role
) -> None:
    used(session, role, 0, ups=2, downs=1, maximum_seconds=60.0)
    used(session, role, 1, ups=1)
    sums = total(caller)
    assert (sums["dyno_hours"], sums["decisions"]) == (4.0, 720)
    assert (sums["changes"], sums["ups"], sums["downs"]) == (4, 3, 1)
    assert (sums["seconds_at_maximum"], sums["seconds_watched"]) == (60.0, 7200.0)


def test_the_share_in_time_counts_measured_jobs_only(
    session: Session, caller: TenantCaller, role: Role
) -> None:
    used(session, role, 0, finished=300, in_time=300.0)
    used(session, role, 1, finished=100, in_time=50.0)
    assert total(caller)["share_in_time"] == 0.875


def test_the_share_in_time_is_unknown_without_jobs(
    session: Session, caller: TenantCaller, role: Role
) -> None:
    used(session, role)
    assert total(caller)["share_in_time"] is None


def test_statistics_show_the_cost_of_each_dyno_size(
    session: Session, caller: TenantCaller, role: Role
) -> None:
    used(session, role, 0)
    used(session, role, 0, dyno_size="Performance-L")
    used(session, role, 0, dyno_size="")
    assert total(caller)["cost"] == [
        {"dyno_size": "", "dyno_hours": 2.0, "usd": None},
        {"dyno_size": "Basic", "dyno_hours": 2.0, "usd": 0.02},
        {"dyno_size": "Performance-L", "dyno_hours": 2.0, "usd": 1.388},
    ]


def test_the_statistics_span_includes_its_start_and_excludes_its_end(
    session: Session, caller: TenantCaller, role: Role
) -> None:
    for hours in range(4):
        used(session, role, hours)
    span = {"from": "2026-11-25T13:30:00Z", "to": "2026-11-25T15:00:00Z"}
    answer = caller.get("/statistics", **span).json()
    assert answer["from"] == "2026-11-25T13:00:00Z"
    assert answer["total"]["dyno_hours"] == 4.0


def test_statistics_by_day_follow_the_time_zone(
    session: Session, caller: TenantCaller, role: Role
) -> None:
    used(session, role, 10)  # 22:00 UTC, 23:00 in Berlin
    used(session, role, 11)  # midnight in Berlin
    query = {**SPAN, "step": "day", "timezone": "Europe/Berlin"}
    steps = caller.get("/statistics", **query).json()["steps"]
    assert [step["at"] for step in steps] == ["2026-11-24T23:00:00Z", "2026-11-25T23:00:00Z"]


def test_statistics_are_summed_for_each_role(
    session: Session, caller: TenantCaller, role: Role
) -> None:
    used(session, role)
    used(session, a_role(session, caller.app, "mails"), dyno_seconds=3600.0)
    roles = caller.get("/statistics", **SPAN).json()["roles"]
    assert [(row["role"], row["dyno_hours"]) for row in roles] == [("mails", 1.0), ("worker", 2.0)]
    assert total(caller, role="mails")["dyno_hours"] == 1.0


def test_statistics_default_to_the_last_month(
    session: Session, caller: TenantCaller, role: Role
) -> None:
    used(session, role, -24 * 365)
    assert caller.get("/statistics").json()["total"]["decisions"] == 0


def test_statistics_exclude_another_tenants_hours(
    session: Session, caller: TenantCaller, role: Role, sealer: Any
) -> None:
    used(session, role)
    other = a_caller(caller.client, session, sealer)
    assert total(other)["decisions"] == 0
