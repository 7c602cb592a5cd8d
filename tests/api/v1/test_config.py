"""Import and export of a tenant's settings as a YAML file."""

from typing import Any

import pytest
import yaml
from httpx2 import Response

from tests.api.callers import TenantCaller, faults

FILE = (
    "'*': {deadline: 90, p: 2}\nworker: {q: orders, min: 0, max: 10, concurrency: 4}\nmails: {}\n"
)


def put(caller: TenantCaller, text: str | bytes, **query: Any) -> Response:
    content = text.encode() if isinstance(text, str) else text
    return caller.client.put(
        "/v1/config",
        content=content,
        params=query,
        auth=("guv", caller.key),
        headers={"Content-Type": "application/yaml"},
    )


def refused(caller: TenantCaller, text: str) -> dict[str, str]:
    answer = put(caller, text)
    assert answer.status_code == 422, answer.text
    return faults(answer)


def test_a_config_file_with_old_names_and_shorthands_is_accepted(caller: TenantCaller) -> None:
    assert put(caller, FILE).status_code == 200
    assert caller.get("/settings").json()["settings"] == {
        "target_deadline": 90.0,
        "processing_time": 2.0,
    }
    assert caller.get(caller.role_path()).json()["settings"] == {
        "queues": ["orders"],
        "minimum_dynos": 0,
        "maximum_dynos": 10,
        "concurrency": 4,
    }


def test_a_config_file_is_refused_with_unknown_names_and_contradictions_together(
    caller: TenantCaller,
) -> None:
    put(caller, FILE)
    messages = refused(caller, "worker: {foo: 1}\nmails: {min: 9, max: 3}\nother: {app: nobodys}\n")
    assert messages.keys() == {"worker.foo", "minimum_dynos", "other.app"}
    assert "role 'mails'" in messages["minimum_dynos"]
    assert caller.get(caller.role_path("mails")).json()["settings"] == {}


def test_a_config_file_in_json_is_accepted_with_any_content_type(caller: TenantCaller) -> None:
    assert caller.put("/config", {"*": {"deadline": 90}}).status_code == 200
    assert caller.get("/settings").json()["settings"] == {"target_deadline": 90.0}


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n"])
def test_an_empty_config_file_changes_nothing(caller: TenantCaller, text: str) -> None:
    put(caller, FILE)
    answer = put(caller, text)
    assert (answer.status_code, "empty" in answer.json()["message"]) == (400, True)
    assert caller.get("/settings").json()["settings"]["target_deadline"] == 90.0
    assert put(caller, "{}").status_code == 200
    assert caller.get("/settings").json()["settings"] == {}


def test_a_config_file_creates_a_role_without_settings(caller: TenantCaller) -> None:
    put(caller, FILE)
    assert caller.get(caller.role_path("mails")).status_code == 200


def test_an_exported_config_changes_nothing(caller: TenantCaller) -> None:
    put(caller, FILE)
    target = {"account_id": 7, "license_key": "license-key-marker"}
    caller.patch("/settings", {"notify": {"new_relic": target}})
    caller.put(caller.app_path("/settings"), {"step_up": "none"})
    text = caller.get("/config").text
    assert "license-key-marker" not in text
    assert put(caller, text).json() == {"dry_run": False, "differences": []}


def test_the_config_export_is_yaml(caller: TenantCaller) -> None:
    put(caller, FILE)
    assert yaml.safe_load(caller.get("/config").text)["worker"]["queues"] == ["orders"]


def test_a_config_dry_run_lists_changes_and_makes_none(caller: TenantCaller) -> None:
    caller.put("/settings", {"target_deadline": 60})
    answer = put(caller, "'*': {deadline: 90}\nnew: {}\n", dry_run=True).json()
    assert answer["dry_run"] is True
    differences = [
        (difference["role"], difference["setting"], difference["before"], difference["after"])
        for difference in answer["differences"]
    ]
    assert differences == [(None, "target_deadline", 60.0, 90.0), ("new", "role", None, "new")]
    assert caller.get("/settings").json()["settings"] == {"target_deadline": 60.0}
    assert caller.get(caller.role_path("new")).status_code == 404


def test_all_faults_of_a_config_file_come_at_once_and_nothing_is_changed(
    caller: TenantCaller,
) -> None:
    messages = refused(caller, "'*': {percentile: 101}\nworker: {minn: 1}\nmails: {max: -1}\n")
    assert messages.keys() == {"*.percentile", "worker.minn", "mails.maximum_dynos"}
    assert caller.get(caller.app_path("/roles")).json()["roles"] == []


def test_a_missing_space_in_a_config_file_is_pointed_out(caller: TenantCaller) -> None:
    assert "a space belongs" in refused(caller, "worker: {p:60, min: 1}\n")["worker.p:60"]


@pytest.mark.parametrize("name", ["broker", "apikey", "statuspage", "metric", "target"])
def test_settings_that_belong_elsewhere_are_refused_in_a_config_file(
    caller: TenantCaller, name: str
) -> None:
    assert f"*.{name}" in refused(caller, f"'*': {{{name}: x}}\n")


def test_a_duplicate_name_in_a_config_file_is_refused(caller: TenantCaller) -> None:
    messages = refused(caller, "worker: {min: 1, minimum: 2, p: 1, processing_time: 2}\n")
    assert messages["worker.minimum"] == "is there twice, also as min"
    assert messages["worker.processing_time"] == "is there twice, also as p"


def test_times_and_days_in_a_config_file_need_no_quotes(caller: TenantCaller) -> None:
    window = "{date: 2027-01-31, start: 08:00, end: 18:00, timezone: UTC, dynos: 2}"
    override = "{until: 2027-01-01T00:00:00Z, minimum_dynos: 1}"
    file = f"worker: {{queue: 2026-01-01, schedules: [{window}], override: {override}}}\n"
    assert put(caller, file).status_code == 200
    stored = caller.get(caller.role_path()).json()["settings"]
    assert stored["queues"] == ["2026-01-01"]
    assert stored["schedules"][0] | {"days": []} == {
        "days": [],
        "date": "2027-01-31",
        "start": "08:00",
        "end": "18:00",
        "timezone": "UTC",
        "dynos": 2,
    }
    assert stored["override"] == {"until": "2027-01-01T00:00:00Z", "minimum_dynos": 1}


def test_an_unquoted_time_read_as_minutes_is_refused(caller: TenantCaller) -> None:
    assert "a whole number" in refused(caller, "worker: {interval: 1:30}\n")["worker.interval"]


def test_contradictory_settings_in_a_config_file_are_refused(caller: TenantCaller) -> None:
    assert "minimum_dynos" in refused(caller, "worker: {min: 9, max: 3}\n")
    assert caller.get(caller.role_path()).status_code == 404


def test_a_config_file_is_judged_by_its_final_state(caller: TenantCaller) -> None:
    put(caller, "'*': {max: 5}\nworker: {min: 4}\n")
    assert put(caller, "'*': {max: 3}\nworker: {min: 2}\n").status_code == 200


def test_a_config_file_for_another_tenants_app_is_refused(caller: TenantCaller) -> None:
    assert "not one of your apps" in refused(caller, "worker: {app: other}\n")["worker.app"]


def test_a_config_file_may_name_a_role_with_its_app(caller: TenantCaller) -> None:
    assert put(caller, f"{caller.app.name}/worker: {{min: 2}}\n").status_code == 200
    assert caller.get(caller.role_path()).json()["settings"] == {"minimum_dynos": 2}


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "- a",
        "1: {}",
        "a: {min: 1}\na: {min: 2}",
        "a: &x {min: 1}\nb: *x",
        "a: !!python/object:os.x {}",
        b"\xff\xfe\x00",
    ],
)
def test_a_body_that_is_not_a_config_file_is_refused(
    caller: TenantCaller, text: str | bytes
) -> None:
    assert put(caller, text).status_code == 400


def test_a_change_by_config_file_is_in_the_change_log(caller: TenantCaller) -> None:
    put(caller, FILE)
    assert {change["level"] for change in caller.get("/changes").json()["changes"]} == {
        "global",
        "role",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("worker: {}\nworker: {}\n", "in line 2: a name is there twice"),
        ("a: &x {}\nb: *x\n", "in line 2: aliases (*name) are not supported"),
        ("a: {}\nb: [", "in line 2."),
    ],
)
def test_invalid_yaml_is_refused_with_its_line(
    caller: TenantCaller, text: str, message: str
) -> None:
    answer = put(caller, text)
    assert answer.status_code == 400
    assert message in answer.json()["message"]
