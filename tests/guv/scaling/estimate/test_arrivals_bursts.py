"""Batches that come evenly are expected again; others are not."""

import pytest

from guv.scaling.estimate.arrivals import next_burst
from guv.scaling.model import Sample


def batches(starts: list[int], sizes: list[int], until: int) -> list[Sample]:
    """Samples each ten seconds; a batch shows in the sample at its start."""
    when, published, samples = dict(zip(starts, sizes, strict=True)), 0, []
    for at in range(0, until + 1, 10):
        published += when.get(at, 0)
        samples.append(Sample(float(at), 0, 0, published, published, dynos=0))
    return samples


def test_an_even_batch_is_expected_again() -> None:
    burst = next_burst(batches([600, 1200, 1800], [60, 55, 60], 2300), 0.25, 1, 10.0)
    assert burst is not None
    assert burst.messages == 60
    assert burst.starts_in == pytest.approx(90.0)
    assert burst.others == 0.0


def test_two_batches_predict_no_third() -> None:
    assert next_burst(batches([600, 1200], [60, 60], 1700), 0.25, 1, 10.0) is None


def test_uneven_batches_are_not_foreseen() -> None:
    assert next_burst(batches([600, 1200, 2100], [60, 60, 60], 2600), 0.25, 1, 10.0) is None


def test_unlike_batches_are_not_foreseen() -> None:
    assert next_burst(batches([600, 1200, 1800], [60, 20, 60], 2300), 0.25, 1, 10.0) is None


def test_a_batch_that_did_not_come_is_given_up() -> None:
    assert next_burst(batches([600, 1200, 1800], [60, 60, 60], 2500), 0.25, 1, 10.0) is None


def test_a_batch_over_several_samples_is_one() -> None:
    starts = [k + d for k in (600, 1200, 1800) for d in (0, 10, 20)]
    burst = next_burst(batches(starts, [20] * 9, 2300), 0.25, 1, 10.0)
    assert burst is not None
    assert burst.messages == 60
    assert burst.lasts == pytest.approx(20.0)


def test_a_steady_trickle_is_no_burst() -> None:
    assert next_burst(batches(list(range(10, 2000, 10)), [2] * 199, 2000), 0.25, 1, 10.0) is None
