"""Refusals of settings, each with the field and the correction."""

from typing import Any

import pytest
from sqlmodel import Session, select

from guv.crypto import Sealer
from guv.roles.models import Role
from guv.settings.models import SettingsLevel
from tests.api.callers import TenantCaller, a_caller, faults


def refused(caller: TenantCaller, path: str, body: Any) -> dict[str, str]:
    answer = caller.put(path, body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["id"] == "invalid_params"
    return faults(answer)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("minimun_dynos", "minimum_dynos"),
        ("max", "maximum_dynos"),
        ("deadline", "target_deadline"),
        ("pollinterval", "interval"),
        ("schedule", "schedules"),
    ],
)
def test_an_unknown_setting_is_refused_with_the_nearest(
    caller: TenantCaller, name: str, meant: str
) -> None:
    messages = refused(caller, "/settings", {name: 1})
    assert messages.keys() == {name}
    assert f"did you mean {meant}?" in messages[name]


def test_a_setting_like_no_other_is_refused_without_a_guess(caller: TenantCaller) -> None:
    messages = refused(caller, "/settings", {"xyzzy": 1})
    assert messages.keys() == {"xyzzy"}
    assert "did you mean" not in messages["xyzzy"]


def test_an_unknown_name_inside_a_setting_is_refused_with_the_nearest(caller: TenantCaller) -> None:
    messages = refused(caller, caller.role_path(), {"override": {"till": 1, "maximum_dynos": 3}})
    assert messages.keys() == {"override.till", "override.until"}
    assert "did you mean until?" in messages["override.till"]


@pytest.mark.parametrize(
    ("field", "value", "right"),
    [
        ("minimum_dynos", -1, "at least 0"),
        ("maximum_dynos", 1001, "at most 1000"),
        ("minimum_dynos", "3", "a whole number"),
        ("minimum_dynos", True, "a whole number"),
        ("minimum_dynos", 2.5, "a whole number"),
        ("target_deadline", 0, "above 0"),
        ("target_deadline", [60], "a number"),
        ("percentile", 100, "at most 99.99"),
        ("interval", 7, "multiple of 5"),
        ("interval", 0, "at least 5"),
        ("policy", "magic", "deadline, "),
        ("dry_run", "yes", "true or false"),
        ("busy_protection", "maybe", "auto, always or never"),
        ("no_data", "zero", "hold or an object"),
        ("policy_parameters", {"a": [1]}, "a number or text"),
        ("policy_parameters", [1], "must be an object"),
        ("history", "x" * 300, "a number"),
    ],
)
def test_a_setting_out_of_range_is_refused_with_the_range(
    caller: TenantCaller, field: str, value: Any, right: str
) -> None:
    messages = refused(caller, "/settings", {field: value})
    assert any(right in message for message in messages.values()), messages
    assert all(name.startswith(field) for name in messages)


@pytest.mark.parametrize(
    ("field", "value", "right"),
    [
        ("queues", [], "1 entry"),
        ("queues", [""], "1 character"),
        ("queues", ["a", "a"], "same thing twice"),
        ("queues", ["nul\x00"], "not contain the character U+0000"),
        ("queues", "jobs", "must be a list"),
        ("process_type", "a b", "letters, digits, - and _"),
        ("override", {"until": "2027-01-01T00:00:00Z"}, "minimum_dynos or"),
        ("override", {"until": "2027-01-01T00:00:00", "maximum_dynos": 1}, "offset from UTC"),
        ("pause", {"direction": "sideways"}, "both, up or down"),
        ("pause", {"until": "9999-12-31T23:59:59-12:00"}, "2199"),
        ("override", {"until": "0001-01-01T00:00:00+14:00", "maximum_dynos": 1}, "1970"),
    ],
)
def test_an_invalid_setting_of_a_role_is_refused(
    caller: TenantCaller, field: str, value: Any, right: str
) -> None:
    messages = refused(caller, caller.role_path(), {field: value})
    assert any(right in message for message in messages.values()), messages


@pytest.mark.parametrize(
    ("change", "right"),
    [
        ({"timezone": "Mars/Olympus"}, "IANA"),
        ({"start": "25:00"}, "from 00:00 to 23:59"),
        ({"days": [7]}, "at most 6"),
        ({"days": []}, "a date"),
        ({"date": "2027-02-01"}, "a date"),
        ({"days": [], "date": "2027-02-31"}, "not a day of the calendar"),
        ({"days": [], "date": "9999-12-31"}, "2199"),
        ({"days": [], "date": "0001-01-01"}, "1970"),
        ({"minimum_dynos": None}, "or dynos"),
        ({"maximum_dynos": 1}, "minimum_dynos 2 is above maximum_dynos 1"),
    ],
)
def test_an_invalid_schedule_window_is_refused(
    caller: TenantCaller, change: dict[str, Any], right: str
) -> None:
    window = {"days": [0], "start": "08:00", "end": "18:00", "timezone": "UTC", "minimum_dynos": 2}
    messages = refused(caller, "/settings", {"schedules": [window | change]})
    assert any(right in message for message in messages.values()), messages
    assert all(name.startswith("schedules.0") for name in messages)


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        ("/settings", {"queues": ["a"]}, "set it at a role"),
        ("/settings", {"process_type": "a"}, "set it at a role"),
        ("/settings", {"pause": {}}, "set it at an app or a role"),
        ("/apps/{app}/settings", {"queues": ["a"]}, "set it at a role"),
    ],
)
def test_a_setting_at_the_wrong_level_is_refused_with_the_right_level(
    caller: TenantCaller, path: str, body: dict[str, Any], where: str
) -> None:
    messages = refused(caller, path.format(app=caller.app.name), body)
    assert list(messages) == list(body)
    assert where in next(iter(messages.values()))


def test_a_minimum_above_the_maximum_is_refused_with_both_sources(caller: TenantCaller) -> None:
    caller.put("/settings", {"maximum_dynos": 4})
    messages = refused(caller, caller.role_path(), {"minimum_dynos": 9})
    message = messages["minimum_dynos"]
    assert "role 'worker' of app" in message
    assert "9 (from role)" in message
    assert "4 (from global)" in message


@pytest.mark.parametrize("path", ["/settings", "/apps/{app}/settings"])
def test_a_contradiction_within_a_wider_level_is_refused_without_any_role(
    caller: TenantCaller, path: str
) -> None:
    body = {"minimum_dynos": 9, "maximum_dynos": 4}
    messages = refused(caller, path.format(app=caller.app.name), body)
    assert "9 (from" in messages["minimum_dynos"]


def test_a_change_of_a_wider_level_is_refused_for_every_role_that_would_break(
    caller: TenantCaller, session: Session
) -> None:
    caller.put(caller.role_path("one"), {"minimum_dynos": 4})
    caller.put(caller.role_path("two"), {"minimum_dynos": 5})
    caller.put(caller.role_path("own"), {"minimum_dynos": 4, "maximum_dynos": 8})
    answer = caller.put("/settings", {"maximum_dynos": 3})
    assert answer.status_code == 422
    named = [fault["message"].split(" of ")[0] for fault in answer.json()["fields"]]
    assert named == ["role 'one'", "role 'two'"]
    assert session.exec(select(SettingsLevel).where(SettingsLevel.level == "global")).all() == []


def test_an_impossible_deadline_is_refused_with_the_lowest_possible(
    caller: TenantCaller,
) -> None:
    body = {"minimum_dynos": 0, "target_deadline": 30, "processing_time": 10, "boot_time": 25}
    message = refused(caller, caller.role_path(), body)["target_deadline"]
    assert "must be above 45 s" in message


def test_two_roles_cannot_scale_the_same_process_type(caller: TenantCaller) -> None:
    caller.put(caller.role_path("worker"), {})
    message = refused(caller, caller.role_path("mails"), {"process_type": "worker"})["process_type"]
    assert "worker is already scaled by role 'worker'" in message


def test_an_interval_that_the_plan_does_not_allow_is_refused(
    caller: TenantCaller, session: Session, sealer: Sealer
) -> None:
    poor = a_caller(caller.client, session, sealer, plan="test")
    message = refused(poor, "/settings", {"interval": 10})["interval"]
    assert message == "must be at least 60 s on plan test"


def test_the_plans_shortest_interval_is_shown_as_the_effective_interval(
    caller: TenantCaller, session: Session, sealer: Sealer
) -> None:
    poor = a_caller(caller.client, session, sealer, plan="test")
    effective = poor.put(poor.role_path(), {}).json()["effective"]
    assert effective["interval"] == {"value": 60, "source": "plan"}


def test_a_refused_role_is_not_created(caller: TenantCaller, session: Session) -> None:
    refused(caller, caller.role_path(), {"minimum_dynos": 9})
    assert session.exec(select(Role)).all() == []


def test_a_refused_settings_change_stores_nothing(caller: TenantCaller) -> None:
    before = caller.put(caller.role_path(), {"maximum_dynos": 3}).json()
    caller.patch(caller.role_path(), {"minimum_dynos": 9, "concurrency": 2})
    assert caller.get(caller.role_path()).json() == before
