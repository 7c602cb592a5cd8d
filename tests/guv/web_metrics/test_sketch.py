"""Sketches of response times and their percentiles."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guv.web_metrics.sketch import ACCURACY, merged, packed, percentile, sketch_of, unpacked

TIMES = st.lists(st.integers(0, 40_000).map(lambda ms: ms / 1000), min_size=1, max_size=300)


def counted(values: list[float]) -> dict[float, int]:
    return {value: values.count(value) for value in values}


def near(estimate: float | None, values: list[float], percent: float) -> bool:
    """Tell whether an estimate is within the accuracy of a value at that rank or a neighbor."""
    ordered = sorted(values)
    rank = percent / 100 * (len(ordered) - 1)
    low, high = ordered[int(rank)], ordered[min(len(ordered) - 1, int(rank) + 1)]
    assert estimate is not None
    return low * (1 - ACCURACY) - 1e-9 <= estimate <= high * (1 + ACCURACY) + 1e-9


@given(TIMES, st.sampled_from([50.0, 95.0, 99.0]))
def test_a_sketchs_percentile_is_within_the_accuracy(values: list[float], percent: float) -> None:
    assert near(percentile(sketch_of(counted(values)), percent), values, percent)


@given(st.lists(TIMES, min_size=1, max_size=6), st.sampled_from([50.0, 95.0, 99.0]))
def test_merged_sketches_equal_the_sketch_of_all_values(
    parts: list[list[float]], percent: float
) -> None:
    stored = [unpacked(packed(sketch_of(counted(part)))) for part in parts]
    together = [value for part in parts for value in part]
    assert near(percentile(merged(stored), percent), together, percent)


def test_an_empty_sketch_has_no_percentile() -> None:
    assert percentile(unpacked(None), 95) is None
    assert percentile(unpacked(packed(sketch_of({}))), 95) is None


def test_a_sketch_of_very_many_values_is_small() -> None:
    random.seed(5)
    values = [round(random.expovariate(5), 3) for _ in range(20_000)]
    assert len(packed(sketch_of(dict.fromkeys(values, 3)))) < 1000


@pytest.mark.parametrize("value", [0.0, 0.001, 30.0])
def test_a_sketch_keeps_extreme_times(value: float) -> None:
    estimate = percentile(unpacked(packed(sketch_of({value: 5}))), 95)
    assert estimate == pytest.approx(value, rel=ACCURACY)
