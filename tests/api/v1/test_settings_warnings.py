"""Warnings of doubtful settings, and refusals that name the correction."""

from typing import Any

import pytest

from tests.api.callers import TenantCaller, faults

WEEKLY = {"days": [0], "start": "08:00", "end": "12:00", "timezone": "UTC", "dynos": 2}


def warned(caller: TenantCaller, **settings: Any) -> dict[str, str]:
    answer = caller.put(caller.role_path(), settings)
    assert answer.status_code in {200, 201}, answer.text
    return {warning["field"]: warning["message"] for warning in answer.json()["warnings"]}


def windows(caller: TenantCaller, *changes: dict[str, Any]) -> dict[str, str]:
    return faults(
        caller.put("/settings", {"schedules": [{**WEEKLY, **change} for change in changes]})
    )


def test_sound_settings_have_no_warning(caller: TenantCaller) -> None:
    assert warned(caller, minimum_dynos=1, maximum_dynos=10) == {}


def test_two_roles_on_the_same_queue_are_both_warned(caller: TenantCaller) -> None:
    assert warned(caller, queues=["mails", "orders"]) == {}
    other = caller.put(caller.role_path("other"), {"queues": ["orders"]}).json()
    [warning] = other["warnings"]
    assert warning["field"] == "queues.0"
    assert warning["message"].startswith("'orders' is watched by role 'worker' of app")
    [warning] = caller.get(caller.role_path()).json()["warnings"]
    assert warning["field"] == "queues.1"
    listed = caller.get(caller.app_path("/roles")).json()["roles"]
    assert [len(role["warnings"]) for role in listed] == [1, 1]
    caller.put(caller.role_path("other"), {"queues": ["others"]})
    assert caller.get(caller.role_path()).json()["warnings"] == []


def test_a_role_on_web_requests_shares_no_queue(caller: TenantCaller) -> None:
    caller.put(caller.role_path("web"), {"signal": "web", "queues": ["orders"]})
    assert warned(caller, queues=["orders"]) == {}


def test_a_deadline_below_the_default_times_is_warned_about(caller: TenantCaller) -> None:
    warnings = warned(caller, minimum_dynos=0, target_deadline=45)
    assert "50 s are needed" in warnings["target_deadline"]
    assert "minimum_dynos 1" in warnings["target_deadline"]


def test_a_deadline_below_the_configured_times_is_refused_with_the_lowest_possible(
    caller: TenantCaller,
) -> None:
    times = {"processing_time": 10, "boot_time": 30}
    answer = caller.put(caller.role_path(), {"minimum_dynos": 0, "target_deadline": 45, **times})
    assert "must be above 50 s" in faults(answer)["target_deadline"]


def test_a_policy_parameter_of_another_policy_is_warned_about(caller: TenantCaller) -> None:
    warnings = warned(caller, policy="deadline", policy_parameters={"highest": 3})
    assert warnings == {"policy_parameters.highest": "is not used by policy deadline"}


def test_an_unknown_policy_parameter_is_refused_with_the_known_parameters(
    caller: TenantCaller,
) -> None:
    answer = caller.put("/settings", {"policy": "band", "policy_parameters": {"hihgest": 3}})
    assert "highest" in faults(answer)["policy_parameters.hihgest"]


@pytest.mark.parametrize(
    ("value", "wanted"), [(-1, "a number from 0"), ("3", "a number"), (True, "a number")]
)
def test_a_policy_parameter_out_of_range_is_refused(
    caller: TenantCaller, value: Any, wanted: str
) -> None:
    answer = caller.put("/settings", {"policy": "band", "policy_parameters": {"highest": value}})
    assert wanted in faults(answer)["policy_parameters.highest"]


def test_an_unknown_policy_parameter_choice_is_refused_with_the_choices(
    caller: TenantCaller,
) -> None:
    answer = caller.put("/settings", {"policy": "band", "policy_parameters": {"source": "moon"}})
    assert "running, backlog, arrivals" in faults(answer)["policy_parameters.source"]


def test_a_schedule_window_above_the_maximum_is_warned_about(caller: TenantCaller) -> None:
    assert "schedules.0" in warned(caller, schedules=[{**WEEKLY, "dynos": 9}])


@pytest.mark.parametrize("name", ["override", "pause"])
def test_a_pause_or_override_that_ended_in_the_past_is_warned_about(
    caller: TenantCaller, name: str
) -> None:
    value = {"until": "2020-01-01T00:00:00Z"}
    given = {**value, "minimum_dynos": 2} if name == "override" else value
    assert f"{name}.until" in warned(caller, **{name: given})


def test_schedule_windows_that_overlap_are_refused_with_a_correction(caller: TenantCaller) -> None:
    message = windows(caller, {}, {"start": "11:00", "end": "14:00"})["schedules"]
    assert "begin it at 12:00" in message


@pytest.mark.parametrize(
    "second",
    [
        {"days": [1]},
        {"start": "12:00", "end": "14:00"},
        {"timezone": "Europe/Berlin"},
        {"days": [], "date": "2026-12-24"},
    ],
)
def test_schedule_windows_without_overlap_are_accepted(
    caller: TenantCaller, second: dict[str, Any]
) -> None:
    path = {"schedules": [WEEKLY, {**WEEKLY, **second}]}
    assert caller.put("/settings", path).status_code == 200


def test_a_schedule_window_of_sunday_night_overlaps_monday_morning(caller: TenantCaller) -> None:
    night = {"days": [6], "start": "22:00", "end": "09:00"}
    assert "schedules" in windows(caller, night, {})


def test_two_one_off_schedule_windows_of_the_same_day_overlap(caller: TenantCaller) -> None:
    day = {"days": [], "date": "2026-12-24"}
    assert "schedules" in windows(caller, day, {**day, "start": "09:00", "end": "10:00"})
