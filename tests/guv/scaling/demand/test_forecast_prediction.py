"""What is predicted: the finish, the misses, and when fewer dynos are possible."""

from dataclasses import replace

import pytest

from guv.scaling import Decision, Pause, Sample, Settings, decide

NOW = 900.0


def decided(ready: int, dynos: int, settings: Settings, running: int = 0) -> Decision:
    """The decision for messages that came evenly over the last minute."""
    samples = [
        Sample(
            NOW - 60 + 10 * k, k * ready // 6, running, k * ready // 6 + running, 0, dynos, dynos
        )
        for k in range(7)
    ]
    return decide(settings, samples, NOW)


ROLE = Settings(minimum_dynos=0, maximum_dynos=5, target_deadline=120, processing_time=5)


def test_the_finish_of_the_last_waiting_message_is_predicted() -> None:
    decision = decided(40, 5, replace(ROLE, minimum_dynos=5), running=5)
    assert decision.predicted_wait == pytest.approx(40 * 5 / 5 + 5, rel=0.05)


def test_nothing_that_waits_or_runs_is_finished() -> None:
    assert decided(0, 1, ROLE).predicted_wait == 0.0


def test_the_deadline_is_missed_at_the_maximum() -> None:
    decision = decided(400, 5, ROLE, running=5)
    assert decision.misses_at_maximum
    assert (decision.dynos_to_meet or 0) > 5


def test_being_at_the_maximum_is_no_miss() -> None:
    decision = decided(40, 5, ROLE, running=5)
    assert (decision.misses_at_maximum, decision.dynos_to_meet) == (False, None)


def test_minimum_and_maximum_alike_is_no_miss() -> None:
    pinned = replace(ROLE, minimum_dynos=3, maximum_dynos=3)
    assert not decided(6, 3, pinned, running=3).misses_at_maximum


def test_the_platforms_limit_counts_as_the_maximum() -> None:
    limited = replace(ROLE, maximum_dynos=50, platform_limit=5)
    assert decided(400, 5, limited, running=5).misses_at_maximum


def test_fewer_dynos_are_possible_when_the_work_is_done() -> None:
    decision = decided(40, 5, ROLE, running=5)
    assert decision.next_downscale_at == pytest.approx(NOW + 50, abs=20)


def test_at_the_minimum_none_can_go() -> None:
    assert decided(0, 0, ROLE).next_downscale_at is None


def test_a_cooldown_puts_it_off() -> None:
    cool = replace(ROLE, cooldown_down=600)
    decision = decided(400, 2, cool, running=2)
    assert (decision.next_downscale_at or 0) >= NOW + 600


def test_a_pause_without_an_end_leaves_none() -> None:
    assert decided(40, 5, replace(ROLE, pause=Pause("down")), running=5).next_downscale_at is None


def test_a_pause_with_an_end_puts_it_off() -> None:
    paused = replace(ROLE, pause=Pause("both", until=NOW + 5000))
    assert (decided(40, 5, paused, running=5).next_downscale_at or 0) >= NOW + 5000
