"""The past of a role, read off its samples."""

import pytest

from guv.scaling.model import Sample
from guv.scaling.policies.past import Ages, backlog, is_resting, window


def formation(*counts: int | None) -> list[Sample]:
    return [Sample(at=10.0 * k, dynos=dynos) for k, dynos in enumerate(counts)]


def queue(*counts: tuple[int | None, int | None]) -> list[Sample]:
    """Samples from pairs of (published, ready), ten seconds apart."""
    return [
        Sample(at=10.0 * k, published=published, messages_ready=ready)
        for k, (published, ready) in enumerate(counts)
    ]


def test_a_backlog_of_which_one_part_is_unknown_is_unknown() -> None:
    assert backlog(Sample(0.0, messages_ready=3)) is None
    assert backlog(Sample(0.0, messages_ready=3, messages_unacknowledged=2)) == 5


def test_a_window_includes_its_earliest_instant() -> None:
    recent = window(formation(1, 1, 1, 1), 20.0, 30.0)

    assert [sample.at for sample in recent] == [10.0, 20.0, 30.0]


def test_a_rest_ends_with_its_last_second() -> None:
    assert is_resting(100.0, 60.0, 159.0)
    assert not is_resting(100.0, 60.0, 160.0)
    assert not is_resting(None, 60.0, 160.0)


def test_an_empty_queue_has_no_age() -> None:
    samples = queue((10, 0), (20, 0))

    assert Ages(samples).of(samples[-1]) == 0.0


def test_the_oldest_message_is_dated_by_the_published_counter() -> None:
    samples = queue((0, 0), (10, 0), (20, 5), (20, 5), (20, 5))

    assert Ages(samples).of(samples[-1]) == pytest.approx(40.0 - 16.0)


def test_a_message_older_than_the_history_is_at_least_as_old() -> None:
    samples = queue((50, 30), (50, 30), (50, 20))

    assert Ages(samples).of(samples[-1]) == pytest.approx(20.0)


def test_a_counter_that_began_anew_tells_nothing_of_before() -> None:
    samples = queue((1000, 5), (1010, 5), (3, 3), (6, 6))

    assert Ages(samples).of(samples[-1]) == pytest.approx(10.0)


@pytest.mark.parametrize("present", [(None, 5), (20, None)])
def test_unknown_counts_leave_the_age_unknown(present: tuple[int | None, int | None]) -> None:
    samples = queue((10, 0), present)

    assert Ages(samples).of(samples[-1]) is None
