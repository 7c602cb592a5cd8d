"""Contradictory schedules, zones, dates and caps: field and reason of each refusal."""

from typing import Any

import pytest

from tests.api.callers import TenantCaller, faults

WINDOW = {"days": [0], "start": "08:00", "end": "18:00", "timezone": "UTC"}
PAST, FUTURE = "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"


def in_window(**changes: Any) -> dict[str, Any]:
    return {"schedules": [{**WINDOW, **changes}]}


@pytest.mark.parametrize(
    ("settings", "field", "reason"),
    [
        (in_window(minimum_dynos=9), "schedules.0.minimum_dynos", "above maximum_dynos 5"),
        (in_window(maximum_dynos=0), "schedules.0.maximum_dynos", "below minimum_dynos 1"),
        (in_window(minimum_dynos=4, maximum_dynos=3), "schedules.0", "is above maximum_dynos 3"),
        (in_window(dynos=3, minimum_dynos=4), "schedules.0", "dynos 3 and a bound 4"),
        (in_window(dynos=3, maximum_dynos=2), "schedules.0", "dynos 3 and a bound 2"),
        (in_window(), "schedules.0", "needs minimum_dynos, maximum_dynos or dynos"),
        (in_window(dynos=-1), "schedules.0.dynos", "at least 0"),
        (in_window(dynos=2, start="24:00"), "schedules.0.start", "such as 08:30"),
        (in_window(dynos=2, end="8:00"), "schedules.0.end", "such as 08:30"),
        (in_window(dynos=2, days=[]), "schedules.0", "either days (weekly) or a date (once)"),
        (in_window(dynos=2, days=["Mon"]), "schedules.0.days.0", "a whole number"),
        (in_window(dynos=2, date="2027-01-01"), "schedules.0", "either days"),
        (in_window(dynos=2, days=[], date="2027-02-29"), "schedules.0.date", "not a day"),
        (in_window(dynos=2, days=[], date="1.1.2027"), "schedules.0.date", "such as 2027-01-31"),
        (in_window(dynos=2, timezone="europe/berlin"), "schedules.0.timezone", "Europe/Berlin?"),
        (in_window(dynos=2, timezone="Europe/Berln"), "schedules.0.timezone", "Europe/Berlin?"),
        (in_window(dynos=2, timezone="MESZ"), "schedules.0.timezone", "one is Europe/Berlin"),
        (in_window(dynos=2, timezone="+02:00"), "schedules.0.timezone", "not an IANA time zone"),
        (in_window(dynos=2, timezone="../etc/passwd"), "schedules.0.timezone", "not an IANA"),
        ({"schedules": [{"days": [0], "start": "08:00", "end": "09:00", "dynos": 1}]},
         "schedules.0.timezone", "is required"),
        ({"no_data": {"after": 60, "dynos": 9}}, "no_data.dynos", "above maximum_dynos 5"),
        ({"no_data": {"after": 0, "dynos": 1}}, "no_data.after", "above 0"),
        ({"no_data": {"after": 60}}, "no_data.dynos", "is required"),
        ({"monthly_dyno_hours": 0}, "monthly_dyno_hours", "above 0"),
        ({"monthly_dyno_hours": -5}, "monthly_dyno_hours", "above 0"),
        ({"monthly_dyno_hours": "100"}, "monthly_dyno_hours", "a number"),
        ({"monthly_dyno_hours": 1e9}, "monthly_dyno_hours", "at most"),
        ({"change_budget": 0}, "change_budget", "at least 1"),
        ({"busy_protection_limit": 0}, "busy_protection_limit", "above 0"),
        ({"override": {"until": FUTURE}}, "override", "needs minimum_dynos or maximum_dynos"),
        ({"override": {"until": FUTURE, "minimum_dynos": 3, "maximum_dynos": 2}}, "override",
         "minimum_dynos 3 is above maximum_dynos 2"),
        ({"override": {"until": "tomorrow", "maximum_dynos": 2}}, "override.until", "a date and"),
        ({"override": {"until": "2100-01-01T00:00:00", "maximum_dynos": 2}}, "override.until",
         "offset from UTC"),
        ({"pause": {"until": "2100-01-01"}}, "pause.until", "offset from UTC"),
    ],
)  # fmt: skip
def test_contradictory_settings_are_refused_with_field_and_reason(
    caller: TenantCaller, settings: dict[str, Any], field: str, reason: str
) -> None:
    answer = caller.put(caller.role_path(), settings)
    assert answer.status_code == 422, answer.text
    assert list(faults(answer)) == [field]
    assert reason in faults(answer)[field]


def test_a_schedule_window_with_both_bounds_may_exceed_the_settings(caller: TenantCaller) -> None:
    settings = in_window(minimum_dynos=8, maximum_dynos=9)
    answer = caller.put(caller.role_path(), settings)
    assert answer.status_code == 201
    assert [warning["field"] for warning in answer.json()["warnings"]] == ["schedules.0"]


def test_a_maximum_below_a_schedule_windows_minimum_is_refused(caller: TenantCaller) -> None:
    caller.put(caller.role_path(), in_window(minimum_dynos=4))
    answer = caller.patch("/settings", {"maximum_dynos": 3})
    assert "above maximum_dynos 3" in faults(answer)["schedules.0.minimum_dynos"]
    assert "role 'worker'" in faults(answer)["schedules.0.minimum_dynos"]


@pytest.mark.parametrize(
    ("settings", "field", "reason"),
    [
        (in_window(dynos=2, days=[], date="2020-01-01"), "schedules.0.date", "in the past"),
        ({"monthly_dyno_hours": 700}, "monthly_dyno_hours", "(744)"),
        ({"override": {"until": FUTURE, "minimum_dynos": 9}}, "override.minimum_dynos", "above"),
    ],
)
def test_doubtful_settings_are_warned_about(
    caller: TenantCaller, settings: dict[str, Any], field: str, reason: str
) -> None:
    answer = caller.put(caller.role_path(), settings)
    assert answer.status_code == 201, answer.text
    warned = {warning["field"]: warning["message"] for warning in answer.json()["warnings"]}
    assert list(warned) == [field]
    assert reason in warned[field]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/apps/{app}/pause", {"until": PAST}),
        ("/apps/{app}/roles/worker/pause", {"until": PAST}),
        ("/apps/{app}/roles/worker/override", {"until": PAST, "maximum_dynos": 2}),
    ],
)
def test_a_pause_or_override_that_is_over_before_it_begins_is_refused(
    caller: TenantCaller, path: str, body: dict[str, Any]
) -> None:
    caller.put(caller.role_path(), {})
    answer = caller.put(path.format(app=caller.app.name), body)
    assert answer.status_code == 422
    assert faults(answer) == {"until": "must be in the future: it has passed already"}
