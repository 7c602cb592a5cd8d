"""Effective settings of a role, their sources and their contradictions."""

from dataclasses import fields
from typing import Any

import pytest

from guv.scaling.model import Override, Pause, Settings, Window
from guv.settings.contradictions import contradictions
from guv.settings.resolve import Level, effective_settings, scaling_settings, tick_interval
from guv.settings.schema import DEFAULTS, EffectiveSettings, SettingsValues
from guv.tenants.plans import PLANS, Plan

PREMIUM, TEST = PLANS["premium"], PLANS["test"]


def holds(*levels: dict[str, Any], role: str = "worker") -> EffectiveSettings:
    names = ("global", "app", "role")
    return effective_settings(
        role, tuple(Level(name, values, 1) for name, values in zip(names, levels, strict=False))
    )


def blamed(*levels: dict[str, Any], plan: Plan = PREMIUM) -> dict[str, str]:
    return {fault.field: fault.message for fault in contradictions(holds(*levels), plan)}


def test_every_setting_has_a_default_and_every_default_a_setting() -> None:
    assert DEFAULTS.keys() == SettingsValues.model_fields.keys()


def test_the_default_settings_are_consistent_on_every_plan() -> None:
    for plan in PLANS.values():
        assert contradictions(holds(), plan) == []


def test_the_narrower_settings_level_wins() -> None:
    effective = holds({"concurrency": 2, "percentile": 90.0}, {"concurrency": 3}, {})
    assert (effective.concurrency, effective.sources["concurrency"]) == (3, "app")
    assert (effective.percentile, effective.sources["percentile"]) == (90.0, "global")
    assert effective.sources["interval"] == "default"


def test_false_zero_and_an_empty_list_are_settings_values() -> None:
    effective = holds(
        {"dry_run": True, "minimum_dynos": 3, "schedules": [{}]},
        {"dry_run": False, "minimum_dynos": 0, "schedules": []},
    )
    assert [effective.dry_run, effective.minimum_dynos, effective.schedules] == [
        False,
        0,
        [],
    ]


def test_a_stored_setting_of_another_version_is_ignored() -> None:
    assert "no_longer_known" not in holds({"no_longer_known": 1}).as_json()


def test_the_settings_version_covers_all_levels() -> None:
    assert holds({}, {}, {}).version == "1.1.1"


def test_the_roles_name_is_its_queue_and_its_process_type() -> None:
    effective = holds(role="mails")
    assert effective.queues == ["mails"]
    assert effective.process_type == "mails"


@pytest.mark.parametrize(("minimum", "maximum"), [(5, 5), (0, 0), (0, 1)])
def test_a_minimum_up_to_the_maximum_is_consistent(minimum: int, maximum: int) -> None:
    assert blamed({"minimum_dynos": minimum, "maximum_dynos": maximum}) == {}


def test_a_minimum_above_the_maximum_is_blamed_with_both_sources() -> None:
    assert blamed({"maximum_dynos": 2}, {}, {"minimum_dynos": 3}) == {
        "minimum_dynos": "is 3 (from role), above maximum_dynos 2 (from global);"
        " it must be at most 2"
    }


@pytest.mark.parametrize(
    ("values", "needed"),
    [
        ({"processing_time": 60.0, "target_deadline": 60.0}, "60"),  # no time to wait at all
        # 10 until it is seen + 30 to boot + 20 to work
        ({"processing_time": 20.0, "boot_time": 30.0, "minimum_dynos": 0}, "60"),
        # an unknown boot time counts as none: 10 + 50
        ({"processing_time": 50.0, "minimum_dynos": 0}, "60"),
    ],
)
def test_an_impossible_deadline_is_blamed_with_the_lowest_possible(
    values: dict[str, Any], needed: str
) -> None:
    message = blamed({"target_deadline": 60.0} | values)["target_deadline"]
    assert f"must be above {needed} s" in message


@pytest.mark.parametrize(
    "values",
    [
        {"processing_time": 59.0},
        {"processing_time": 19.0, "boot_time": 30.0, "minimum_dynos": 0},
        {"boot_time": 3000.0},  # with a dyno always up, nobody waits for a boot
        {},
    ],
)
def test_a_possible_deadline_is_consistent(values: dict[str, Any]) -> None:
    assert blamed({"target_deadline": 60.0} | values) == {}


def test_the_plans_interval_counts_in_the_deadline() -> None:
    values = {"processing_time": 5.0, "minimum_dynos": 0, "target_deadline": 60.0}
    assert blamed(values) == {}
    assert "interval (60 s)" in blamed(values, plan=TEST)["target_deadline"]


def test_an_interval_below_the_plans_is_blamed_where_it_was_set() -> None:
    assert blamed({"interval": 5}) == {}
    assert blamed({"interval": 5}, plan=PLANS["basic"]) == {
        "interval": "must be at least 10 s on plan basic"
    }


@pytest.mark.parametrize(
    ("values", "plan", "interval"),
    [({}, TEST, 60), ({}, PREMIUM, 10), ({"interval": 120}, TEST, 120)],
)
def test_a_role_ticks_as_often_as_set_and_allowed(
    values: dict[str, Any], plan: Plan, interval: int
) -> None:
    assert tick_interval(holds(values), plan) == interval


def test_the_scaling_settings_have_the_same_defaults() -> None:
    scaling = scaling_settings(holds(), PREMIUM)
    assert scaling == Settings()


def test_the_scaling_settings_receive_every_setting() -> None:
    values = SettingsValues.model_validate(
        {
            "minimum_dynos": 2,
            "maximum_dynos": 9,
            "target_deadline": 30,
            "policy": "band",
            "policy_parameters": {"high": 10},
            "interval": 15,
            "schedules": [
                {"date": "2026-12-24", "start": "08:00", "end": "12:00", "timezone": "UTC"}
                | {"dynos": 1},
                {"days": [5, 6], "start": "00:00", "end": "00:00", "timezone": "Asia/Tokyo"}
                | {"maximum_dynos": 3},
            ],
            "override": {"until": "1970-01-01T00:01:40Z", "maximum_dynos": 20},
            "pause": {"direction": "down", "until": "1970-01-01T01:00:00+01:00"},
            "no_data": {"after": 120, "dynos": 3},
        }
    )
    scaling = scaling_settings(
        holds(values.model_dump(mode="json", exclude_none=True)),
        PREMIUM,
        platform_limit=7,
        dyno_hours_used=1.5,
    )
    assert (scaling.minimum_dynos, scaling.maximum_dynos, scaling.interval) == (2, 9, 15.0)
    assert scaling.policy_parameters == {"high": 10.0}
    assert scaling.schedules == (
        Window("08:00", "12:00", "UTC", date="2026-12-24", dynos=1),
        Window("00:00", "00:00", "Asia/Tokyo", days=(5, 6), maximum_dynos=3),
    )
    assert scaling.override == Override(100.0, None, 20)
    assert scaling.pause == Pause("down", 0.0)
    assert (scaling.no_data, scaling.no_data_dynos) == (120.0, 3)
    assert (scaling.platform_limit, scaling.dyno_hours_used) == (7, 1.5)


def test_a_pause_without_an_end_resolves_to_no_end() -> None:
    assert scaling_settings(holds({"pause": {"direction": "both"}}), PREMIUM).pause == Pause()


def test_every_scaling_setting_comes_from_a_tenants_setting() -> None:
    derived = {"no_data_dynos", "dyno_hours_used", "platform_limit", "memory"}
    assert {field_.name for field_ in fields(Settings)} - derived <= DEFAULTS.keys()


def test_a_web_role_has_a_policy_for_requests_unless_it_says_its_own() -> None:
    wide = Level("global", {"policy": "ratio"})
    web = effective_settings("web", (wide, Level("role", {"signal": "web"})))
    assert (web.policy, web.sources["policy"]) == ("response_time", "default")
    assert contradictions(web, PREMIUM) == []
    own = Level("role", {"signal": "web", "policy": "utilization"})
    assert effective_settings("web", (wide, own)).policy == "utilization"


def test_queue_policies_and_web_policies_do_not_mix() -> None:
    for signal, policy, fits in [
        ("web", "deadline", "requests, response_time, schedule, utilization"),
        ("queue", "requests", "deadline"),
    ]:
        wrong = effective_settings("r", (Level("role", {"signal": signal, "policy": policy}),))
        assert [fault.field for fault in contradictions(wrong, PREMIUM)] == ["policy"]
        assert fits in contradictions(wrong, PREMIUM)[0].message
    both = effective_settings("r", (Level("role", {"signal": "web", "policy": "fixed"}),))
    assert contradictions(both, PREMIUM) == []
