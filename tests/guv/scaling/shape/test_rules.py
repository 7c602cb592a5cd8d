"""Shaping: each rule with its reason, in a fixed order."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from guv.scaling.estimate.estimate import estimate
from guv.scaling.model import (
    Estimates,
    Override,
    Pause,
    Reason,
    Sample,
    Settings,
    Step,
    Window,
    Wish,
)
from guv.scaling.shape.rules import RULES, Case, bounds_at, shape

NOW = 3600.0
LONG = Settings(minimum_dynos=0, maximum_dynos=20, processing_time=600, target_deadline=3600)
SHORT = Settings(minimum_dynos=0, maximum_dynos=20, processing_time=2)


def held(dynos: int, running: int = 0, ticks: int = 30) -> list[Sample]:
    return [Sample(NOW - 10.0 * k, 0, running, 100, 90, dynos, dynos) for k in range(ticks, -1, -1)]


def a_case(settings: Settings, samples: Sequence[Sample], **more: object) -> Case:
    case = Case(
        settings,
        samples,
        estimate(settings, samples),
        NOW,
        samples[-1].dynos or 0,
        bounds_at(settings, NOW),
    )
    return replace(case, **more)  # type: ignore[arg-type]  # fields of mixed types


def shaped(case: Case, dynos: int, reason: Reason = Reason.IDLE) -> tuple[int, Reason]:
    steps = shape(case, Wish(dynos, reason))
    return (steps[-1].after or 0, steps[-1].reason) if steps else (dynos, reason)


def test_a_wish_within_everything_is_left_alone() -> None:
    assert shape(a_case(SHORT, held(3)), Wish(4, Reason.DEADLINE)) == ()


def test_the_order_is_fixed() -> None:
    assert [name for name, _ in RULES] == [
        "schedule",
        "busy_protection",
        "bounce",
        "cooldown",
        "step_limit",
        "change_budget",
        "spend_cap",
        "bounds",
        "platform_limit",
        "pause",
    ]


def test_each_step_of_the_trail_says_what_changed_and_why() -> None:
    steps = shape(a_case(replace(SHORT, step_up=2), held(3)), Wish(30, Reason.DEADLINE))
    assert steps == (Step("step_limit", 30, 5, Reason.STEP_LIMIT, "at most 2 more at once"),)


def test_the_minimum_is_met_at_once() -> None:
    settings = replace(SHORT, minimum_dynos=4, cooldown_up=900, step_up=1)
    assert shaped(a_case(settings, held(0)), 0) == (4, Reason.MINIMUM)


def test_the_maximum_is_obeyed_at_once() -> None:
    settings = replace(LONG, maximum_dynos=2, step_down=1)
    assert shaped(a_case(settings, held(9, running=9)), 9) == (2, Reason.MAXIMUM)


def test_a_scheduled_count_is_met_exactly() -> None:
    window = Window("00:00", "24:00", "UTC", days=tuple(range(7)), dynos=7)
    case = a_case(replace(SHORT, schedules=(window,), step_up=1), held(3))
    assert shaped(case, 1) == (7, Reason.SCHEDULE)


def test_an_override_is_named() -> None:
    settings = replace(SHORT, override=Override(until=NOW + 60, maximum_dynos=2))
    assert shaped(a_case(settings, held(3)), 9) == (2, Reason.OVERRIDE)


def test_running_long_jobs_hold_the_count() -> None:
    assert shaped(a_case(LONG, held(10, running=7)), 7) == (10, Reason.BUSY)


def test_short_jobs_do_not() -> None:
    assert shaped(a_case(SHORT, held(10, running=7)), 7) == (7, Reason.IDLE)


def test_busy_protection_holds_nothing_while_no_job_runs() -> None:
    assert shaped(a_case(LONG, held(10)), 0) == (0, Reason.IDLE)


def test_protection_ends_when_idling_has_cost_as_much_as_the_cut_jobs_would() -> None:
    assert shaped(a_case(LONG, held(10, running=1, ticks=80)), 1) == (1, Reason.IDLE)


def test_busy_protection_ends_at_its_limit() -> None:
    settings = replace(LONG, busy_protection="always", busy_protection_limit=120)
    assert shaped(a_case(settings, held(10, running=7)), 7) == (7, Reason.IDLE)


def test_protection_may_be_wanted_for_short_jobs_too() -> None:
    settings = replace(SHORT, busy_protection="always")
    assert shaped(a_case(settings, held(10, running=7)), 7) == (10, Reason.BUSY)


def test_protection_may_be_off() -> None:
    settings = replace(LONG, busy_protection="never")
    assert shaped(a_case(settings, held(10, running=7)), 7) == (7, Reason.IDLE)


def eager(
    _settings: Settings, samples: Sequence[Sample], _estimates: Estimates, _now: float
) -> Wish:
    """A policy that asks for three more whatever there is."""
    return Wish((samples[-1].dynos or 0) + 3, Reason.BACKLOG)


def test_going_down_only_to_come_back_is_not_done() -> None:
    assert shaped(a_case(SHORT, held(5), policy=eager), 3) == (5, Reason.BOUNCE)


CHANGED = [*held(3, ticks=30)[:-6], *held(5, ticks=5)]


@pytest.mark.parametrize(("quiet", "dynos"), [(300.0, 5), (30.0, 4)])
def test_a_cooldown_holds_until_it_is_over(quiet: float, dynos: int) -> None:
    assert shaped(a_case(replace(SHORT, cooldown_down=quiet), CHANGED), 4)[0] == dynos


def test_a_cooldown_in_one_direction_leaves_the_other() -> None:
    assert shaped(a_case(replace(SHORT, cooldown_down=300.0), CHANGED), 9)[0] == 9


def test_a_cooldown_up_holds_too() -> None:
    assert shaped(a_case(replace(SHORT, cooldown_up=300.0), CHANGED), 9) == (5, Reason.COOLDOWN)


def test_a_step_down_is_limited() -> None:
    assert shaped(a_case(replace(SHORT, step_down=2), held(9)), 1) == (7, Reason.STEP_LIMIT)


def test_a_spent_change_budget_holds() -> None:
    case = a_case(replace(SHORT, change_budget=1), CHANGED)
    assert shaped(case, 4) == (5, Reason.CHANGE_BUDGET)


def test_going_up_for_a_deadline_is_exempt_from_the_budget() -> None:
    case = a_case(replace(SHORT, change_budget=1), CHANGED)
    assert shaped(case, 9, Reason.DEADLINE) == (9, Reason.DEADLINE)


def test_at_the_spend_cap_the_minimum_is_kept() -> None:
    settings = replace(SHORT, minimum_dynos=1, monthly_dyno_hours=100, dyno_hours_used=100)
    assert shaped(a_case(settings, held(5, running=3)), 9) == (1, Reason.SPEND_CAP)


def test_at_the_spend_cap_long_jobs_are_not_stopped() -> None:
    settings = replace(LONG, minimum_dynos=1, monthly_dyno_hours=100, dyno_hours_used=100)
    assert shaped(a_case(settings, held(5, running=3)), 9) == (5, Reason.SPEND_CAP)


def test_below_the_spend_cap_nothing_changes() -> None:
    settings = replace(SHORT, monthly_dyno_hours=100, dyno_hours_used=99)
    assert shaped(a_case(settings, held(5)), 9)[0] == 9


def test_the_platform_limit_is_the_working_maximum() -> None:
    case = a_case(replace(SHORT, platform_limit=10), held(3))
    assert shaped(case, 15) == (10, Reason.PLATFORM_LIMIT)


@pytest.mark.parametrize(
    ("direction", "asked", "dynos"),
    [("both", 9, 5), ("both", 1, 5), ("up", 9, 5), ("up", 1, 1), ("down", 9, 9), ("down", 1, 5)],
)
def test_a_pause_stops_its_direction(direction: str, asked: int, dynos: int) -> None:
    case = a_case(replace(SHORT, pause=Pause(direction)), held(5))
    assert shaped(case, asked)[0] == dynos


def test_a_pause_may_end() -> None:
    case = a_case(replace(SHORT, pause=Pause("both", until=NOW)), held(5))
    assert shaped(case, 9)[0] == 9


def test_a_pause_wins_over_the_bounds() -> None:
    case = a_case(replace(SHORT, maximum_dynos=2, pause=Pause()), held(5))
    assert shaped(case, 9) == (5, Reason.PAUSED)
