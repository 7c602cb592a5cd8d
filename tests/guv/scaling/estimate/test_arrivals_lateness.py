"""How many messages were in time is told from the counters alone."""

import pytest

from guv.scaling.estimate.arrivals import finished_in_time
from guv.scaling.model import Sample


def line(*counts: tuple[int, int], gap: float = 10.0) -> list[Sample]:
    """Samples every ten seconds: messages published so far, and finished so far."""
    return [
        Sample(gap * i, messages_ready=p - s, messages_unacknowledged=0, published=p, served=s)
        for i, (p, s) in enumerate(counts)
    ]


def test_work_that_keeps_up_is_in_time() -> None:
    assert finished_in_time(line((0, 0), (10, 10), (20, 20)), 30, 1) == (10, 10.0)


def test_a_message_that_takes_longer_than_the_deadline_is_late() -> None:
    assert finished_in_time(line((0, 0), (10, 10), (20, 20)), 30, 31) == (10, 0.0)


def test_a_queue_that_is_a_minute_behind_is_late() -> None:
    history = line(*((10 * i, max(0, 10 * (i - 6))) for i in range(12)))
    assert finished_in_time(history, 30, 1) == (10, 0.0)


def test_a_queue_that_is_a_minute_behind_is_in_time_for_two() -> None:
    history = line(*((10 * i, max(0, 10 * (i - 6))) for i in range(12)))
    assert finished_in_time(history, 120, 1) == (10, 10.0)


def test_a_burst_that_takes_until_the_deadline_is_partly_in_time() -> None:
    history = line((0, 0), (100, 0), (100, 20), (100, 40), (100, 60), (100, 80))
    finished, in_time = finished_in_time(history, 40, 0) or (0, 0.0)
    assert finished == 20
    assert 0 < in_time < 20


def test_nothing_finished_is_nothing_late() -> None:
    assert finished_in_time(line((0, 0), (5, 0)), 30, 1) == (0, 0.0)


def test_a_message_after_a_long_rest_is_not_late_for_the_rest() -> None:
    history = line((9, 9), *(((10, 10),) * 20), (11, 11))
    assert finished_in_time(history, 30, 1) == (1, 1.0)


@pytest.mark.parametrize(
    "history",
    [
        line((5, 5)),
        line((50, 50), (3, 3)),
        [Sample(0, published=5, served=5), Sample(10, published=6, served=6)],
        [*line((5, 5)), Sample(10.0)],
    ],
    ids=["alone", "reset", "no backlog known", "unknown"],
)
def test_counters_that_do_not_say_are_unknown(history: list[Sample]) -> None:
    assert finished_in_time(history, 30, 1) is None


def test_a_wait_that_began_before_the_samples_is_unknown() -> None:
    assert finished_in_time(line((100, 0), (100, 5)), 30, 1) is None


def test_a_wait_that_is_longer_than_the_deadline_for_sure_is_late() -> None:
    history = line(*((100, 5 * i) for i in range(8)))
    assert finished_in_time(history, 30, 1) == (5, 0.0)
