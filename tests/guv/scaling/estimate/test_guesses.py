"""A guess pages nobody, and what nobody can see is not taken for good."""

import pytest

from guv.scaling import Decision, Sample, Settings, decide

UNTOLD = Settings(minimum_dynos=0, maximum_dynos=5, target_deadline=15)


def seen_for(seconds: int, messages: int, settings: Settings, dynos: int = 0) -> Decision:
    """The decision when so many messages came so many seconds ago and nothing was served since."""
    history = [
        Sample(
            at=10.0 * i,
            messages_ready=0,
            messages_unacknowledged=0,
            published=0,
            served=0,
            consumers=dynos,
            dynos=dynos,
        )
        for i in range(3)
    ]
    history += [
        Sample(
            at=20.0 + 5 * i,
            messages_ready=messages,
            messages_unacknowledged=0,
            published=messages,
            served=0,
            consumers=dynos,
            dynos=dynos,
        )
        for i in range(1, seconds // 5 + 2)
    ]
    return decide(settings, history, history[-1].at)


@pytest.mark.parametrize("dynos", [0, 1, 3, 5])
@pytest.mark.parametrize("messages", [3, 6, 10])
def test_no_miss_is_declared_on_a_service_time_that_is_only_a_guess(
    messages: int, dynos: int
) -> None:
    decision = seen_for(0, messages, UNTOLD, dynos)
    assert decision.estimates.service_time_source == "prior"
    assert not decision.misses_at_maximum


def test_a_miss_is_declared_on_a_guess_once_messages_have_waited_for_the_deadline() -> None:
    assert seen_for(30, 10, UNTOLD).misses_at_maximum


def test_a_miss_on_a_told_service_time_is_declared_at_once() -> None:
    told = Settings(minimum_dynos=0, maximum_dynos=1, target_deadline=60, processing_time=10)
    assert seen_for(0, 100, told).misses_at_maximum


ROLE = Settings(minimum_dynos=0, maximum_dynos=5, target_deadline=900, processing_time=20)


def waiting(samples: int, since: int) -> Decision:
    """The decision when two messages wait at 0 dynos since the sample of that number."""
    history = [
        Sample(
            at=10.0 * i,
            messages_ready=2 * (i >= since),
            messages_unacknowledged=0,
            published=50 + 2 * (i >= since),
            served=50,
            consumers=0,
            dynos=0,
        )
        for i in range(samples)
    ]
    return decide(ROLE, history, history[-1].at)


def test_messages_that_are_late_already_are_served_nonetheless() -> None:
    decision = waiting(300, since=5)  # they came 2,940 s ago
    assert decision.desired == 1
    assert "waited too long for the 900 s deadline" in decision.explanation


def test_messages_older_than_a_cut_history_are_not_young() -> None:
    assert waiting(60, since=0).desired == 1  # seen for 590 s, of unknown age


def test_a_short_history_is_no_cut_one() -> None:
    assert waiting(12, since=0).desired == 0  # seen for 110 s: the deadline leaves time
