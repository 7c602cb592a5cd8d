"""More dynos that bring nothing are noticed; those that help or boot are not blamed."""

from dataclasses import replace
from typing import Any

import pytest

from guv.scaling.model import Estimates, Sample
from guv.scaling.policies.deadline import no_gain, not_consuming, not_finishing

BOOT = Estimates(boot_time=30.0, service_time=5.0, service_time_stddev=2.5)


def climb(*steps: tuple[int, float], each: int = 12, ready: int = 300) -> list[Sample]:
    """A stretch of samples each ten seconds per (dynos, messages served a second)."""
    samples: list[Sample] = []
    served = 0.0
    for dynos, pace in steps:
        for _ in range(each):
            served += 10 * pace
            samples.append(
                Sample(10.0 * len(samples), ready, dynos, 9999, int(served), dynos, dynos)
            )
    return samples


def test_two_increases_that_bring_nothing_are_called_no_gain() -> None:
    why = no_gain(climb((10, 2.0), (20, 1.9), (30, 2.1)), BOOT)
    assert "throughput per dyno fell from 0.2 to" in why


def test_a_third_increase_by_somebody_else_hides_nothing() -> None:
    why = no_gain(climb((10, 1.8), (20, 0.9), (30, 1.1), (40, 1.1)), BOOT)
    assert "throughput per dyno fell from 0.17 to" in why


def test_a_climb_that_helped_until_its_last_step_may_go_on() -> None:
    assert no_gain(climb((10, 2.0), (20, 4.0), (30, 6.0), (40, 6.0)), BOOT) == ""


def test_what_was_before_dynos_were_taken_away_does_not_count() -> None:
    assert no_gain(climb((10, 4.0), (5, 0.5), (10, 1.0), (20, 2.0)), BOOT) == ""


def test_increases_that_help_are_not_called_no_gain() -> None:
    assert no_gain(climb((10, 2.0), (20, 4.0), (30, 6.0)), BOOT) == ""


def test_one_increase_is_too_few_to_tell_no_gain() -> None:
    assert no_gain(climb((10, 2.0), (20, 2.0)), BOOT) == ""


def test_without_waiting_messages_nothing_can_be_told() -> None:
    assert no_gain(climb((10, 2.0), (20, 2.0), (30, 2.0), ready=0), BOOT) == ""


def test_chance_is_no_proof() -> None:
    assert no_gain(climb((10, 0.2), (20, 0.25), (30, 0.2)), BOOT) == ""


def test_an_increase_long_ago_is_tried_again() -> None:
    samples = climb((10, 2.0), (20, 2.0), (30, 2.0))
    later = [
        Sample(samples[-1].at + 10.0 * k, 300, 30, 9999, 720 + 20 * k, 30, 30)
        for k in range(1, 100)
    ]
    assert no_gain(samples + later, BOOT) == ""


def test_without_a_served_counter_nothing_is_claimed() -> None:
    samples = [Sample(10.0 * k, 300, 9, dynos=10 + 10 * (k // 12)) for k in range(36)]
    assert no_gain(samples, BOOT) == ""


def idle(seconds: float, consumers: int | None = 0, ready: int = 500) -> list[Sample]:
    return [Sample(10.0 * k, ready, 0, 500, 0, consumers, 20) for k in range(int(seconds / 10) + 1)]


def test_dynos_that_never_consume_are_noticed_after_three_boots() -> None:
    assert "do not consume" in not_consuming(idle(90), BOOT)


def test_dynos_without_consumers_may_boot_before_no_gain_is_said() -> None:
    assert not_consuming(idle(60), BOOT) == ""


def test_unknown_consumers_are_not_called_not_consuming() -> None:
    assert not_consuming(idle(900, consumers=None), BOOT) == ""


def test_nothing_to_consume_is_no_fault() -> None:
    assert not_consuming(idle(900, ready=0), BOOT) == ""


TOLD = replace(BOOT, service_time_source="told")


def stuck(seconds: int, **more: int | None) -> list[Sample]:
    """A stuck queue: for that long no message was finished, though five run and more wait."""
    values: dict[str, Any] = {
        "messages_ready": 9,
        "messages_unacknowledged": 5,
        "served": 7,
        "dynos": 5,
        **more,
    }
    return [Sample(float(at), consumers=5, published=99, **values) for at in range(0, seconds, 10)]


def test_work_that_is_never_finished_is_noticed_after_many_service_times() -> None:
    assert not_finishing(stuck(90), TOLD) == ""
    assert not_finishing(stuck(130), TOLD) == (
        "no message was finished for 120 s, though 5 are worked on"
    )


def test_a_single_finished_message_is_enough() -> None:
    samples = stuck(300)
    samples[-5:] = [replace(sample, served=8) for sample in samples[-5:]]
    assert not_finishing(samples, TOLD) == ""


def test_long_jobs_have_their_time() -> None:
    assert not_finishing(stuck(3000), replace(TOLD, service_time=600.0)) == ""


def test_nothing_is_said_while_the_service_time_is_only_assumed() -> None:
    assert not_finishing(stuck(3000), BOOT) == ""


@pytest.mark.parametrize(
    "more", [{"served": None}, {"messages_ready": 0}, {"messages_unacknowledged": 0}, {"dynos": 0}]
)
def test_what_is_unknown_or_at_rest_is_not_stuck(more: dict[str, int | None]) -> None:
    assert not_finishing(stuck(3000, **more), TOLD) == ""
