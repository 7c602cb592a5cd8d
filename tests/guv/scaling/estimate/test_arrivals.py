"""The arrival rate, its uncertainty, its unrest and its rise."""

from random import Random

import pytest

from guv.scaling.estimate.arrivals import Arrivals, Curve, arrivals


def a_curve(counts: list[int], gap: float = 10.0) -> Curve:
    totals, total = [0.0], 0.0
    for count in reversed(counts):
        total -= count
        totals.append(total)
    return Curve([gap * k for k in range(len(totals))], totals[::-1])


def known(counts: list[int], period: float = 40.0) -> Arrivals:
    found = arrivals(a_curve(counts), period)
    assert found is not None
    return found


def poisson(mean: float, samples: int, seed: int = 7) -> list[int]:
    chance = Random(seed)
    return [sum(chance.random() < mean / 100 for _ in range(100)) for _ in range(samples)]


def test_a_single_sample_has_no_arrival_rate() -> None:
    assert arrivals(Curve([0.0], [0.0]), 40.0) is None


def test_a_steady_rate_is_known_from_the_longest_window() -> None:
    found = known(poisson(3.0, 100))
    assert found.rate == pytest.approx(0.3, abs=0.05)
    assert found.stddev < 0.03


def test_a_short_history_leaves_much_doubt() -> None:
    assert known([3, 3]).stddev > 0.1


def test_nothing_for_long_is_a_rate_near_nothing() -> None:
    found = known([0] * 90)
    assert (found.rate, found.stddev > 0.0) == (0.0, True)


def test_a_jump_is_seen_at_once() -> None:
    assert known([3] * 60 + [30, 30, 30]).rate == pytest.approx(3.0, rel=0.1)


def test_a_fall_is_seen_within_a_minute() -> None:
    assert known([30] * 60 + [2] * 6).rate < 0.5


def test_chance_is_no_change() -> None:
    assert known([3] * 60 + [5]).rate == pytest.approx(0.3, abs=0.05)


def test_even_arrivals_are_no_calmer_than_chance() -> None:
    assert known([4] * 100).dispersion == 1.0


def test_batches_are_unrest() -> None:
    assert known(([0] * 11 + [120]) * 8).dispersion == 10.0


def test_a_batch_among_batches_is_no_change_of_rate() -> None:
    assert known(([0] * 11 + [120]) * 8).rate < 3.0


def test_a_slow_tide_is_no_unrest() -> None:
    assert known(list(range(1, 100))).dispersion < 2.0


def test_a_certain_rise_is_followed() -> None:
    found = known([10 + 2 * k for k in range(40)])
    assert found.ahead > found.rate


def test_a_steady_flow_has_no_rise() -> None:
    found = known(poisson(5.0, 100))
    assert found.ahead == found.rate


def test_a_fall_is_not_followed_ahead() -> None:
    found = known([100 - 2 * k for k in range(40)])
    assert found.ahead == found.rate
