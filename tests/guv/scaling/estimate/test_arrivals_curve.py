"""The curve of published messages, from counters or from what stands in for them."""

from math import inf

import pytest

from guv.scaling.estimate.arrivals import (
    Curve,
    arrived,
    published_at,
    published_curve,
    published_until,
)
from guv.scaling.model import Sample


def at(
    instant: float,
    ready: int | None = 0,
    running: int | None = 0,
    published: int | None = None,
    served: int | None = None,
) -> Sample:
    return Sample(instant, ready, running, published, served, dynos=3)


def test_published_counters_tell_what_arrived() -> None:
    assert arrived(at(0, published=100), at(10, published=130), 0.1, 1) == 30


def test_a_counter_that_was_reset_is_no_negative_rate() -> None:
    before, after = at(0, 5, published=900, served=900), at(10, 9, published=3, served=912)
    assert arrived(before, after, 0.1, 1) == 9 - 5 + 12


def test_without_a_published_counter_the_backlog_and_what_was_served_tell() -> None:
    assert arrived(at(0, 5, 2, served=10), at(10, 9, 3, served=30), 0.1, 1) == 5 + 20


def test_without_any_counter_busy_slots_serve_at_their_pace() -> None:
    assert arrived(at(0, 4, 2), at(10, 4, 2), 0.1, 1) == pytest.approx(2.0)


def test_no_more_slots_serve_than_the_dynos_have() -> None:
    assert arrived(at(0, 0, 50), at(10, 0, 50), 0.1, 1) == pytest.approx(3.0)


def test_a_backlog_that_falls_by_itself_is_no_negative_arrival() -> None:
    assert arrived(at(0, 50), at(10, 0), 0.1, 1) == 0.0


def test_the_curve_counts_back_from_the_last_instant() -> None:
    samples = [at(0, published=10), at(10, published=40), at(20, published=45)]
    curve = published_curve(samples, 0.1, 1, -inf)
    assert list(curve.times) == [0, 10, 20]
    assert list(curve.totals) == [-35, -5, 0]


def test_samples_without_counts_are_bridged() -> None:
    samples = [at(0, published=10), at(10, None, None), at(20, published=45)]
    assert list(published_curve(samples, 0.1, 1, -inf).totals) == [-35, 0]


def test_the_curve_goes_back_no_farther_than_is_asked() -> None:
    samples = [at(k * 10, published=k) for k in range(100)]
    assert published_curve(samples, 0.1, 1, 900.0).times[0] == 890
    assert published_curve(samples, 0.1, 1, -inf, 5).totals[0] == -6


A_CURVE = Curve([0.0, 10.0, 30.0], [-10.0, -5.0, 0.0])


@pytest.mark.parametrize(
    ("total", "instant"), [(-10, 0.0), (-7.5, 5.0), (-5, 10.0), (-2.5, 20.0), (0, 30.0), (9, 30.0)]
)
def test_messages_are_published_evenly_between_samples(total: float, instant: float) -> None:
    assert published_at(A_CURVE, total) == instant


@pytest.mark.parametrize(
    ("instant", "total"), [(-5.0, -10), (0.0, -10), (5.0, -7.5), (20.0, -2.5), (99.0, 0)]
)
def test_the_curve_holds_beyond_its_ends(instant: float, total: float) -> None:
    assert published_until(A_CURVE, instant) == total
