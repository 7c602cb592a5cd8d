"""How much service times differ, learned from what full slots finish."""

from random import Random

import pytest

from guv.scaling.estimate.service_time import Stretch, squared_variation


def stretches(
    times: list[float], slots: int = 5, gap: float = 10.0, ticks: int = 400
) -> list[Stretch]:
    """What slots finish per gap whose service times are drawn from the list."""
    chance = Random(3)
    free = [0.0] * slots
    ends: list[float] = []
    for slot in range(slots):
        while free[slot] < gap * ticks:
            free[slot] += chance.choice(times)
            ends.append(free[slot])
    counts = [0] * ticks
    for end in ends:
        if end < gap * ticks:
            counts[int(end / gap)] += 1
    return [Stretch(gap, gap * slots, float(count)) for count in counts]


def test_a_few_very_long_messages_are_noticed() -> None:
    mixed = [3.0] * 29 + [120.0]
    assert squared_variation(stretches(mixed), 6.9, 0.25, 8.0) > 2.0


def test_even_messages_are_noticed_too() -> None:
    assert squared_variation(stretches([10.0]), 10.0, 0.25, 8.0) < 0.15


def test_exponential_messages_have_a_variation_of_one() -> None:
    chance = Random(5)
    times = [chance.expovariate(0.2) for _ in range(500)]
    assert squared_variation(stretches(times), 5.0, 0.25, 8.0) == pytest.approx(1.0, abs=0.4)


def test_too_little_leaves_the_prior() -> None:
    assert squared_variation(stretches([10.0])[:10], 10.0, 0.25, 8.0) == 0.25


def test_slots_that_finish_nothing_leave_the_prior() -> None:
    assert squared_variation([Stretch(60.0, 300.0, 0.0)] * 9, 10.0, 0.25, 8.0) == 0.25


def test_a_told_spread_outweighs_a_few_blocks() -> None:
    some = stretches([10.0])[:60]
    told, usual = (squared_variation(some, 10.0, 0.25, weight) for weight in (40.0, 8.0))
    assert told > usual
