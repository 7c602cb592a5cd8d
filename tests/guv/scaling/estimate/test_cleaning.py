"""Any history gives clean samples, and nothing in it raises."""

from math import inf, nan

import pytest

from guv.scaling.estimate.cleaning import MOST_SAMPLES, clean, followed, is_number, usual_gap
from guv.scaling.model import Sample

NOW = 1_000_000.0


def a_sample(at: float = NOW, ready: int | None = 1, dynos: int | None = 2) -> Sample:
    return Sample(at=at, messages_ready=ready, messages_unacknowledged=0, dynos=dynos)


def test_a_usual_history_is_kept_as_it_is() -> None:
    history = [a_sample(NOW - 20), a_sample(NOW - 10), a_sample()]
    assert clean(history, NOW) == tuple(history)


def test_samples_are_put_in_order() -> None:
    assert [s.at for s in clean([a_sample(NOW), a_sample(NOW - 10)], NOW)] == [NOW - 10, NOW]


def test_of_two_samples_at_one_instant_the_later_one_counts() -> None:
    cleaned = clean([a_sample(NOW, ready=1), a_sample(NOW, ready=9)], NOW)
    assert [s.messages_ready for s in cleaned] == [9]


def test_a_sample_from_the_future_is_left_out() -> None:
    assert clean([a_sample(NOW + 31e6)], NOW) == ()


def test_a_clock_that_is_a_little_ahead_is_forgiven() -> None:
    assert len(clean([a_sample(NOW + 2)], NOW)) == 1


def test_a_sample_from_the_far_past_is_left_out() -> None:
    assert clean([a_sample(NOW - 90_000)], NOW) == ()


def test_only_the_newest_samples_are_looked_at() -> None:
    history = [a_sample(NOW - 5000 + k) for k in range(5000)]
    cleaned = clean(history, NOW)
    assert len(cleaned) < 1000
    assert cleaned[-1] is history[-1]


@pytest.mark.parametrize("count", [-1, nan, inf, "7", True, 10**400, 2**60, [], None])
def test_what_is_no_count_becomes_unknown(count: object) -> None:
    cleaned = clean([a_sample(ready=count)], NOW)  # type: ignore[arg-type]  # garbage on purpose
    assert cleaned[0].messages_ready is None


def test_a_whole_number_as_a_float_is_a_count() -> None:
    cleaned = clean([a_sample(ready=7.0)], NOW)  # type: ignore[arg-type]  # a plain number
    assert cleaned[0].messages_ready == 7


@pytest.mark.parametrize("at", [nan, inf, -inf, "now", None, True, 10**400])
def test_a_sample_without_an_instant_is_left_out(at: object) -> None:
    assert clean([a_sample(at=at)], NOW) == ()  # type: ignore[arg-type]  # garbage on purpose


@pytest.mark.parametrize("history", [None, 5, "samples", b"x", [None, 3, "x", {}], object(), {}])
def test_what_is_no_history_is_empty(history: object) -> None:
    assert clean(history, NOW) == ()


def test_clean_samples_followed_by_one_are_what_cleaning_all_gives() -> None:
    history = clean([a_sample(NOW - 10 * k) for k in range(MOST_SAMPLES)], NOW)
    present = a_sample(NOW + 10, ready=3)
    found = followed(history, present, NOW + 10)
    assert found == clean([*history, present], NOW + 10)
    assert (len(found), found[-1]) == (MOST_SAMPLES, present)


@pytest.mark.parametrize(
    "odd",
    [
        a_sample(nan),
        a_sample(NOW + 31e6),
        a_sample(NOW - 5),
        a_sample(NOW + 10, ready=-1),
        a_sample(NOW + 10, ready=7.0),  # type: ignore[arg-type]  # garbage on purpose
    ],
)
def test_what_follows_clean_samples_is_checked(odd: Sample) -> None:
    history = clean([a_sample(NOW - 10), a_sample(NOW)], NOW)
    assert followed(history, odd, NOW + 10) == clean([*history, odd], NOW + 10)


def test_clean_samples_that_have_become_old_are_left_out() -> None:
    history = clean([a_sample(NOW - 80_000), a_sample(NOW)], NOW)
    assert clean(history, NOW + 10_000) == (a_sample(NOW),)


def test_samples_since_an_instant_come_after_it() -> None:
    history = clean([a_sample(NOW - 20), a_sample(NOW - 10), a_sample(NOW)], NOW)
    assert history.since(NOW - 10) == (a_sample(NOW),)
    assert history.since(NOW - 30) == history


def test_any_iterable_of_samples_is_a_history() -> None:
    assert len(clean((a_sample(NOW - k) for k in (20, 10, 0)), NOW)) == 3


@pytest.mark.parametrize("value", [0, -3.5, 10**18, 1e299])
def test_finite_numbers_are_numbers(value: float) -> None:
    assert is_number(value)


@pytest.mark.parametrize("value", [True, None, "1", nan, inf, -inf, 10**400, 1j])
def test_what_is_not_finite_or_not_real_is_no_number(value: object) -> None:
    assert not is_number(value)


def test_the_usual_gap_is_the_median_of_the_last_ones() -> None:
    instants = [0, 10, 20, 30, 95, 105, 115]
    assert usual_gap([a_sample(at) for at in instants], 60.0) == 10


def test_one_sample_has_the_gap_that_the_settings_tell() -> None:
    assert usual_gap([a_sample()], 60.0) == 60.0
