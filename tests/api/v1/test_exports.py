"""Exports of decisions and samples, with their formats and filters."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from api.v1.listing import _free
from guv.history.models import SampleRow
from guv.roles.models import Role
from tests.api.callers import TenantCaller, a_caller, faults
from tests.api.rows import a_decision
from tests.builders import NOON, a_role


@pytest.fixture
def role(session: Session, caller: TenantCaller) -> Role:
    """A role with three decisions, two of them with their samples."""
    role = a_role(session, caller.app)
    for seconds in (0, 10):
        at = NOON + timedelta(seconds=seconds)
        session.add(SampleRow(role_id=role.id, at=at, messages_ready=5, dynos=seconds))
    estimates = {"arrival_rate": 1.5, "backlog": 4}
    a_decision(session, role, 0, estimates=estimates, trail=[{"name": "deadline"}])
    a_decision(session, role, 10, predicted_wait=float("inf"), notices=['a "note", with commas'])
    a_decision(session, role, 20, direction="up", outcome="scaled")
    return role


def lines(caller: TenantCaller, path: str = "/decisions", **query: Any) -> list[dict[str, Any]]:
    text = caller.get(path, format="ndjson", **query).text
    return [json.loads(line) for line in text.splitlines()]


def table(caller: TenantCaller, path: str = "/decisions", **query: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(caller.get(path, format="csv", **query).text)))


@pytest.mark.usefixtures("role")
def test_an_ndjson_export_has_the_rows_of_the_page(caller: TenantCaller) -> None:
    assert lines(caller) == caller.get("/decisions").json()["decisions"]


@pytest.mark.usefixtures("role")
def test_a_csv_export_has_a_line_for_each_decision(caller: TenantCaller) -> None:
    newest, middle, oldest = table(caller)
    assert (newest["direction"], newest["sample.dynos"]) == ("up", "")
    assert (middle["never_done"], middle["predicted_wait"]) == ("true", "")
    assert (oldest["estimates.arrival_rate"], oldest["sample.messages_ready"]) == ("1.5", "5")


@pytest.mark.usefixtures("role")
def test_nested_values_are_json_in_a_csv_export(caller: TenantCaller) -> None:
    cells = [json.loads(row["notices"]) for row in table(caller, fields="at,notices")]
    assert cells == [[], ['a "note", with commas'], []]


@pytest.mark.usefixtures("role")
@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_an_export_is_narrowed_like_a_page(caller: TenantCaller, kind: str) -> None:
    answer = caller.get("/decisions", format=kind, direction="up", fields="outcome")
    assert answer.text.split() in (["outcome", "scaled"], ['{"outcome":', '"scaled"}'])


def test_an_export_without_rows_has_its_header(caller: TenantCaller) -> None:
    assert caller.get("/decisions", format="csv", fields="at,role").text == "at,role\r\n"
    assert caller.get("/decisions", format="ndjson").text == ""


def test_an_export_names_its_type_and_file(caller: TenantCaller) -> None:
    headers = caller.get("/decisions", format="csv").headers
    assert headers["content-type"].startswith("text/csv")
    assert 'filename="decisions.csv"' in headers["content-disposition"]


def test_an_export_longer_than_its_portions_is_complete(
    caller: TenantCaller, session: Session
) -> None:
    role = a_role(session, caller.app)
    session.add_all(
        SampleRow(role_id=role.id, at=NOON + timedelta(seconds=s), dynos=s) for s in range(1203)
    )
    session.commit()
    rows = lines(caller, "/samples", app=caller.app.name, role="worker", fields="dynos")
    assert [row["dynos"] for row in rows] == list(reversed(range(1203)))


def test_too_many_exports_are_refused_and_pages_are_not(caller: TenantCaller) -> None:
    taken = [_free.acquire(blocking=False) for _ in range(4)]
    try:
        assert caller.get("/decisions", format="csv").status_code == 503
        assert caller.get("/decisions").status_code == 200
    finally:
        for _ in filter(None, taken):
            _free.release()
    assert caller.get("/decisions", format="csv").status_code == 200


@pytest.mark.usefixtures("role")
def test_fields_of_a_page_of_decisions_can_be_chosen(caller: TenantCaller) -> None:
    page = caller.get("/decisions", fields="desired,sample.dynos,sample.messages_ready").json()
    assert page["decisions"][2] == {"desired": None, "sample": {"dynos": 0, "messages_ready": 5}}


def test_an_unknown_export_field_is_refused_with_the_nearest(caller: TenantCaller) -> None:
    assert "did you mean desired" in faults(caller.get("/decisions", fields="desird"))["fields"]


def test_an_export_field_like_no_other_is_refused_without_a_guess(caller: TenantCaller) -> None:
    assert "unknown field" in faults(caller.get("/decisions", fields="0"))["fields"]


@pytest.mark.usefixtures("role")
def test_pages_of_samples_follow_each_other(caller: TenantCaller) -> None:
    query = {"app": caller.app.name, "role": "worker", "limit": 1}
    first = caller.get("/samples", **query).json()
    second = caller.get("/samples", **query, cursor=first["next_cursor"]).json()
    assert [first["samples"][0]["dynos"], second["samples"][0]["dynos"]] == [10, 0]
    assert second["next_cursor"] is None


@pytest.mark.usefixtures("role")
def test_local_times_in_filters_follow_the_time_zone(caller: TenantCaller) -> None:
    berlin = {"timezone": "Europe/Berlin", "from": "2026-11-25T13:00:05"}
    assert len(lines(caller, **berlin)) == 2
    assert len(lines(caller, timezone="Europe/Berlin", to="2026-11-26")) == 3


def test_a_local_time_without_zone_is_refused(caller: TenantCaller) -> None:
    answer = caller.get("/decisions", **{"from": "2026-11-25T13:00:05"})
    assert answer.status_code == 422
    assert "timezone" in answer.text


def test_a_mistyped_time_zone_gets_the_nearest(caller: TenantCaller) -> None:
    answer = caller.get("/decisions", timezone="Europe/Berln")
    assert answer.status_code == 422
    assert "did you mean Europe/Berlin?" in answer.text


@pytest.mark.usefixtures("role")
@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_exports_exclude_another_tenants_rows(
    caller: TenantCaller, session: Session, sealer: Any, kind: str
) -> None:
    other = a_caller(caller.client, session, sealer)
    assert "worker" not in other.get("/decisions", format=kind).text
    assert other.get("/samples", format=kind, app="x", role="worker").status_code == 404
