"""The value "none", which overrides the wider levels with no value."""

from typing import Any

import pytest

from guv.settings.schema import MAY_BE_NONE
from tests.api.callers import TenantCaller, faults

WIDE: dict[str, Any] = {
    "processing_time": 3.0,
    "processing_time_stddev": 1.0,
    "boot_time": 20.0,
    "step_up": 2,
    "step_down": 1,
    "cooldown_up": 30.0,
    "cooldown_down": 60.0,
    "change_budget": 9,
    "monthly_dyno_hours": 500.0,
    "notify": {"new_relic": {"account_id": 7, "license_key": "license-key-marker"}},
}


def effective(caller: TenantCaller, name: str) -> Any:
    return caller.get(caller.role_path()).json()["effective"][name]


@pytest.mark.parametrize("name", sorted(WIDE))
def test_none_at_the_role_wins_over_a_value_at_the_tenant(caller: TenantCaller, name: str) -> None:
    caller.put("/settings", {name: WIDE[name]})
    answer = caller.put(caller.role_path(), {name: "none"})
    assert answer.json()["settings"] == {name: "none"}
    assert effective(caller, name) == {"value": None, "source": "role"}


@pytest.mark.parametrize("name", sorted(WIDE))
def test_null_resets_a_setting_that_is_none(caller: TenantCaller, name: str) -> None:
    caller.put("/settings", {name: WIDE[name]})
    caller.put(caller.role_path(), {name: "none"})
    assert caller.patch(caller.role_path(), {name: None}).json()["settings"] == {}
    assert effective(caller, name)["source"] == "global"


def test_a_role_is_not_paused_with_its_app(caller: TenantCaller) -> None:
    caller.put(caller.app_path("/settings"), {"pause": {"direction": "down"}})
    caller.put(caller.role_path(), {"pause": "none"})
    assert effective(caller, "pause") == {"value": None, "source": "role"}


def test_a_patch_of_other_settings_keeps_none(caller: TenantCaller) -> None:
    caller.put("/settings", {"notify": "none"})
    answer = caller.patch("/settings", {"step_up": 3}).json()
    assert answer["settings"] == {"notify": "none", "step_up": 3}


def test_a_notification_target_replaces_none_and_none_replaces_the_target(
    caller: TenantCaller,
) -> None:
    caller.put("/settings", {"notify": "none"})
    assert "new_relic" in caller.patch("/settings", {"notify": WIDE["notify"]}).text
    assert caller.patch("/settings", {"notify": "none"}).json()["settings"] == {"notify": "none"}


def test_a_setting_that_needs_a_value_takes_no_none(caller: TenantCaller) -> None:
    assert faults(caller.put("/settings", {"maximum_dynos": "none"})).keys() == {"maximum_dynos"}


def test_every_setting_that_accepts_none_is_covered() -> None:
    assert {*WIDE, "pause"} == MAY_BE_NONE
