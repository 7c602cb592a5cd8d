"""decide is total: bad or missing input holds with a reason, and the trail tells the way."""

from dataclasses import FrozenInstanceError, replace
from math import inf, nan

import pytest

from guv.scaling import Decision, Direction, Pause, Reason, Sample, Settings, Window, decide
from guv.scaling.policies import POLICIES

NOW = 10_000.0
ROLE = Settings(minimum_dynos=0, maximum_dynos=10, target_deadline=60, processing_time=10)


def a_history(ready: int = 0, running: int = 2, dynos: int = 3, ticks: int = 60) -> list[Sample]:
    return [
        Sample(NOW - 10.0 * k, ready, running, 1000 - 2 * k, 990 - 2 * k, dynos, dynos)
        for k in range(ticks, -1, -1)
    ]


def without_counts(seconds: float, dynos: int = 3) -> list[Sample]:
    known = a_history(dynos=dynos)
    return [Sample(s.at, dynos=dynos) if s.at > NOW - seconds else s for s in known]


@pytest.mark.parametrize("history", [[], None, "x", [None], [Sample(nan)], [Sample(NOW + 1e6)]])
def test_no_history_holds(history: list[Sample]) -> None:
    decision = decide(ROLE, history, NOW)
    assert (decision.direction, decision.reason) == (Direction.HOLD, Reason.NO_DATA)


@pytest.mark.parametrize("now", [nan, inf, None, "noon"])
def test_no_present_time_holds(now: float) -> None:
    assert decide(ROLE, a_history(), now).direction is Direction.HOLD


def test_unknown_counts_hold_the_dynos() -> None:
    decision = decide(ROLE, without_counts(60), NOW)
    assert (decision.desired, decision.reason) == (3, Reason.NO_DATA)


@pytest.mark.parametrize(("ready", "unacknowledged"), [(None, 2), (0, None)])
def test_one_unknown_part_of_the_backlog_holds(
    ready: int | None, unacknowledged: int | None
) -> None:
    history = a_history(dynos=9)
    history[-1] = Sample(NOW, ready, unacknowledged, 1000, 990, 9, 9)
    assert decide(ROLE, history, NOW).desired == 9


def test_unknown_dynos_hold_without_a_count() -> None:
    history = [replace(sample, dynos=None) for sample in a_history()]
    assert decide(ROLE, history, NOW).desired is None


def test_the_last_known_dynos_are_held_when_the_last_sample_lacks_them() -> None:
    history = a_history()
    history[-1] = replace(history[-1], dynos=None)
    assert decide(ROLE, history, NOW).desired == 3


def test_an_old_last_sample_holds() -> None:
    assert decide(ROLE, a_history(), NOW + 600).reason is Reason.NO_DATA


def test_without_data_for_long_a_fallback_may_be_asked_for() -> None:
    settings = replace(ROLE, no_data=300, no_data_dynos=6)
    assert decide(settings, without_counts(400), NOW).desired == 6
    assert decide(settings, without_counts(200), NOW).desired == 3


def test_the_fallback_never_goes_below_what_runs() -> None:
    settings = replace(ROLE, no_data=300, no_data_dynos=1)
    assert decide(settings, without_counts(400), NOW).desired == 3


def test_without_data_the_schedule_holds_all_the_same() -> None:
    window = Window("00:00", "24:00", "UTC", days=tuple(range(7)), minimum_dynos=5)
    assert decide(replace(ROLE, schedules=(window,)), without_counts(60), NOW).desired == 5


def test_data_that_comes_back_is_acted_on_at_once() -> None:
    history = without_counts(400)
    history[-1] = Sample(NOW, 400, 3, 2000, 1000, 3, 3)
    assert decide(ROLE, history, NOW).desired == 10


def test_the_trail_leads_from_the_policy_to_the_wish_carried_out() -> None:
    decision = decide(replace(ROLE, maximum_dynos=4), a_history(ready=200), NOW)
    assert decision.trail[0].name == "deadline"
    assert decision.trail[0].before == decision.current
    assert decision.trail[-1].after == decision.desired == 4
    assert decision.reason is decision.trail[-1].reason is Reason.MAXIMUM


def test_what_the_policy_asks_for_is_kept_beside_what_is_done() -> None:
    decision = decide(replace(ROLE, maximum_dynos=4), a_history(ready=200), NOW)
    assert (decision.required or 0) > (decision.desired or 0)


def test_the_direction_compares_with_what_runs() -> None:
    assert decide(ROLE, a_history(ready=200), NOW).direction is Direction.UP
    assert decide(ROLE, a_history(running=0, dynos=9), NOW).direction is Direction.DOWN


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_every_policy_decides(policy: str) -> None:
    decision = decide(replace(ROLE, policy=policy), a_history(ready=50), NOW)
    assert decision.trail[0].name == policy
    assert 0 <= (decision.desired or 0) <= 10


def test_an_unknown_policy_is_the_deadline_policy() -> None:
    plain = decide(ROLE, a_history(ready=50), NOW)
    assert decide(replace(ROLE, policy="magic"), a_history(ready=50), NOW).desired == plain.desired


def test_the_same_input_gives_the_same_decision() -> None:
    assert decide(ROLE, a_history(ready=7), NOW) == decide(ROLE, a_history(ready=7), NOW)


def test_a_decision_cannot_be_changed() -> None:
    decision = decide(ROLE, a_history(), NOW)
    with pytest.raises(FrozenInstanceError):
        decision.desired = 99  # type: ignore[misc]  # the point


def test_a_told_time_that_is_contradicted_is_noticed() -> None:
    history = [Sample(NOW - 10.0 * k, 500, 4, 5000, 1000 - 8 * k, 4, 4) for k in range(90, -1, -1)]
    assert any("as told" in notice for notice in decide(ROLE, history, NOW).notices)


def test_a_paused_role_stays_as_it_is() -> None:
    decision = decide(replace(ROLE, pause=Pause()), a_history(ready=200), NOW)
    assert (decision.desired, decision.reason) == (3, Reason.PAUSED)


def test_decisions_of_different_roles_do_not_meet() -> None:
    alone = decide(ROLE, a_history(ready=50), NOW)
    decide(ROLE, [Sample(NOW + 1e9, 9, 9, 9, 9, 9, 9)], NOW)
    assert decide(ROLE, a_history(ready=50), NOW) == alone


def test_the_public_names_are_the_decision_and_its_values() -> None:
    assert isinstance(decide(Settings(), [], 0.0), Decision)
