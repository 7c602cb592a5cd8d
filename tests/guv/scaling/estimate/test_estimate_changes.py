"""Changes of the dynos are known from what guv recorded, and from samples with gaps."""

from dataclasses import replace

import pytest

from guv.scaling import Reason, Sample, Settings, decide
from guv.scaling.estimate.estimate import changes_since, last_change
from guv.scaling.model import Change, Memory

NOTHING = Memory()
BUSY = Settings(maximum_dynos=20, processing_time=1.0, cooldown_down=3600.0)


def formation(*counts: int | None) -> list[Sample]:
    return [Sample(at=10.0 * k, dynos=dynos) for k, dynos in enumerate(counts)]


def idle(*counts: int | None) -> list[Sample]:
    """Samples of an empty queue, ten seconds apart."""
    return [Sample(10.0 * k, 0, 0, 500, 500, 1, dynos) for k, dynos in enumerate(counts)]


def test_a_change_happened_at_the_sample_before_it_shows() -> None:
    assert last_change(formation(1, 1, 2, 2), NOTHING) == 10.0


def test_without_a_change_of_the_dynos_there_is_no_last_one() -> None:
    assert last_change(formation(2, 2, 2), NOTHING) is None
    assert last_change([], NOTHING) is None


@pytest.mark.parametrize(("direction", "at"), [(1, 0.0), (-1, 10.0), (0, 10.0)])
def test_changes_of_the_dynos_are_told_apart_by_direction(direction: int, at: float) -> None:
    assert last_change(formation(1, 3, 2, 2), NOTHING, direction) == at


def test_unknown_dynos_between_two_counts_hide_no_change() -> None:
    assert last_change(formation(1, None, 2), NOTHING) == 0.0
    assert changes_since(formation(1, None, 2, None, None, 5), -1.0, NOTHING) == 2


def test_a_recorded_change_is_known_whatever_the_samples_show() -> None:
    memory = Memory(changes=(Change(5.0, 1, 20),))

    assert last_change(formation(None, None), memory) == 5.0
    assert last_change(formation(None, None), memory, direction=-1) is None


def test_a_change_that_is_recorded_and_shown_counts_once() -> None:
    recorded = Memory(changes=(Change(10.0, 1, 2),))

    assert changes_since(formation(1, 1, None, 2), 0.0, recorded) == 1
    assert changes_since(formation(1, 1, None, 2, 7), 0.0, recorded) == 2


@pytest.mark.parametrize(
    ("recorded_at", "counts"),
    [(10.0, (1, 1, 5)), (9.8, (1, 1, 5)), (10.0, (1, 1, 1, 5)), (10.0, (1, 1, None, None, 5))],
)
def test_a_recorded_change_is_recognized_a_sample_early_or_late(
    recorded_at: float, counts: tuple[int | None, ...]
) -> None:
    memory = Memory(changes=(Change(recorded_at, 1, 5),))

    assert changes_since(formation(*counts), 0.0, memory) == 1


def test_somebody_elses_change_at_the_same_time_counts_beside_the_recorded_one() -> None:
    memory = Memory(changes=(Change(5.0, 1, 5),))

    assert changes_since(formation(5, 2), 0.0, memory) == 2


@pytest.mark.parametrize("gap", [(), (None,), (None, None, None)])
def test_a_cooldown_holds_across_samples_without_dynos(gap: tuple[None, ...]) -> None:
    samples = idle(1, *gap, *[20] * 12)

    decision = decide(BUSY, samples, samples[-1].at)

    assert (decision.desired, decision.reason) == (20, Reason.COOLDOWN)


@pytest.mark.parametrize("gap", [(), (None,), (None, None, None)])
def test_a_change_budget_holds_across_samples_without_dynos(gap: tuple[None, ...]) -> None:
    samples = idle(1, *gap, *[20] * 12)
    settings = replace(BUSY, cooldown_down=None, change_budget=1)

    decision = decide(settings, samples, samples[-1].at)

    assert (decision.desired, decision.reason) == (20, Reason.CHANGE_BUDGET)


def test_a_cooldown_holds_by_what_was_recorded_where_samples_begin_too_late() -> None:
    samples = idle(*[20] * 12)
    memory = Memory(changes=(Change(-60.0, 1, 20),))

    decision = decide(replace(BUSY, memory=memory), samples, samples[-1].at)

    assert (decision.desired, decision.reason) == (20, Reason.COOLDOWN)
