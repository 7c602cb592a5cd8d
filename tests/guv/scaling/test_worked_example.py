"""The worked example of docs/scaling-model.md, figure by figure."""

from math import ceil

import pytest

from guv.scaling import Sample, Settings, decide
from guv.scaling.demand.forecast import Outlook, fresh, outlook, patience
from guv.scaling.estimate.cleaning import sound
from guv.scaling.estimate.estimate import estimate
from guv.scaling.policies.deadline import needed_extra

ROLE = Settings(
    minimum_dynos=0,
    maximum_dynos=20,
    target_deadline=120,
    processing_time=4,
    processing_time_stddev=2,
    boot_time=30,
)
HISTORY = [
    *(Sample(10.0 * k, 0, 0, 0, 0, 0, 0) for k in range(60)),
    Sample(600.0, 240, 0, 240, 0, 0, 0),
]


def view() -> Outlook:
    return outlook(sound(ROLE), HISTORY, estimate(sound(ROLE), HISTORY), 600.0)


def test_the_messages_may_wait_for_so_long() -> None:
    assert patience(ROLE, estimate(ROLE, HISTORY), 0.3) == pytest.approx(103.9, abs=0.05)


def test_a_dyno_begins_so_many_messages_by_then() -> None:
    assert view().boot == 33.0
    assert fresh(view().supply, 103.9 - 33.0) == pytest.approx(17.9, abs=0.05)


def test_so_many_are_missing_now() -> None:
    assert needed_extra(view(), 33.0) == pytest.approx(13.4, abs=0.05)


def test_so_many_would_be_missing_a_tick_and_a_quarter_later() -> None:
    assert needed_extra(view(), 33.0 + 12.5) == pytest.approx(16.3, abs=0.05)


def test_they_are_asked_for_at_once() -> None:
    decision = decide(ROLE, HISTORY, 600.0)
    assert decision.desired == ceil(13.4)
    assert decision.predicted_wait == pytest.approx(102.0, abs=1.0)


def test_with_ten_minutes_nothing_is_asked_for_yet() -> None:
    patient = Settings(0, 20, 600, processing_time=4, processing_time_stddev=2, boot_time=30)
    assert decide(patient, HISTORY, 600.0).desired == 0
