"""The formulas against their textbook values and limits."""

from math import inf

import pytest

from guv.scaling.demand.queueing import (
    Load,
    erlang_c,
    late_risk,
    longest_wait,
    mean_passage,
    normal_quantile,
    outlasting,
    passage,
    service_time_quantile,
)


def test_the_normal_quantile_of_99_percent() -> None:
    assert normal_quantile(99) == pytest.approx(2.3263, abs=1e-4)


@pytest.mark.parametrize(
    ("servers", "offered", "probability"),
    [(1, 0.5, 0.5), (2, 1.0, 1 / 3), (5, 4.0, 0.5541), (10, 8.0, 0.4092)],
)
def test_erlang_c_against_the_textbook(servers: int, offered: float, probability: float) -> None:
    assert erlang_c(servers, offered) == pytest.approx(probability, abs=1e-3)


def test_everybody_waits_in_an_overloaded_queue() -> None:
    assert erlang_c(3, 3.0) == 1.0


def test_nobody_waits_without_load() -> None:
    assert erlang_c(3, 0.0) == 0.0


def test_the_limit_of_many_servers_joins_the_recursion() -> None:
    assert erlang_c(61, 55.0) == pytest.approx(erlang_c(60, 54.05), abs=0.03)


def test_many_idle_servers_do_not_overflow() -> None:
    assert erlang_c(100_000, 1.0) == pytest.approx(0.0, abs=1e-9)


def test_a_fixed_service_time_is_its_own_quantile() -> None:
    assert service_time_quantile(10, 0, 99) == 10


def test_the_quantile_of_a_spread_service_time() -> None:
    assert service_time_quantile(10, 5, 99) == pytest.approx(26.8, abs=0.1)


def test_the_median_of_a_lognormal_lies_below_its_mean() -> None:
    assert service_time_quantile(10, 5, 50) < 10


def test_a_fixed_time_lasts_evenly() -> None:
    assert outlasting(40, 0, 30) == pytest.approx(0.25)


def test_short_messages_do_not_outlast_the_grace() -> None:
    assert outlasting(2, 1, 30) < 1e-4


def test_long_messages_do() -> None:
    assert outlasting(600, 300, 30) == pytest.approx(0.95, abs=0.01)


def test_a_backlog_may_wait_longer_than_if_all_waited_as_long() -> None:
    alike = 60 - service_time_quantile(10, 5, 99)
    assert alike < longest_wait(10, 5, 60, 99) < 50


def test_a_fixed_time_leaves_the_rest_for_waiting() -> None:
    assert longest_wait(10, 0, 60, 99) == 50


def test_a_driftless_walk_reaches_a_level_by_reflection() -> None:
    assert passage(1.0, 0.0, 1.0, 1.0) == pytest.approx(2 * (1 - 0.8413), abs=1e-3)


def test_a_walk_that_falls_reaches_a_level_with_its_exponential_chance() -> None:
    assert passage(1.0, -1.0, 1.0, inf) == pytest.approx(0.1353, abs=1e-3)


def test_a_walk_that_rises_reaches_every_level() -> None:
    assert passage(5.0, 1.0, 1.0, inf) == 1.0


def test_a_level_that_is_reached_is_reached() -> None:
    assert passage(0.0, -1.0, 1.0, 10.0) == 1.0


@pytest.mark.parametrize(("seconds", "reached"), [(1.0, 0.0), (3.0, 1.0)])
def test_a_walk_without_noise_arrives_on_time(seconds: float, reached: float) -> None:
    assert passage(2.0, 1.0, 0.0, seconds) == reached


def test_the_mean_passage_without_drift() -> None:
    assert mean_passage(3.0, 0.0, 1.0) == pytest.approx(9.0)


def test_the_mean_passage_with_a_strong_drift_is_the_way_by_the_speed() -> None:
    assert mean_passage(100.0, 2.0, 0.1) == pytest.approx(50.0, rel=0.01)


def test_the_mean_passage_against_a_drift_is_long() -> None:
    assert mean_passage(5.0, -1.0, 1.0) > 1000


@pytest.mark.parametrize(("drift", "seconds"), [(0.5, 4.0), (0.0, inf), (-1.0, inf)])
def test_the_mean_passage_without_noise(drift: float, seconds: float) -> None:
    assert mean_passage(2.0, drift, 0.0) == seconds


A_LOAD = Load(rate=0.34, dispersion=1.0, service_time=10.0, variation=0.5)


def test_more_servers_mean_less_risk() -> None:
    risks = [late_risk(n, A_LOAD, 0, 30, 45) for n in range(1, 8)]
    assert risks == sorted(risks, reverse=True)


def test_more_waiting_messages_mean_more_risk() -> None:
    risks = [late_risk(4, A_LOAD, waiting, 30, 45) for waiting in range(12)]
    assert risks == sorted(risks)


def test_nobody_serves_without_servers() -> None:
    assert late_risk(0, A_LOAD, 0, 30, 45) == 1.0
