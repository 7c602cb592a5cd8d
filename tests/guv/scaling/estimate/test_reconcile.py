"""Counters that contradict each other are reconciled by what moved, and honest ones are left."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guv.scaling import Reason, Sample, Settings, decide
from guv.scaling.estimate.reconcile import reconcile

NOON = 1_000_000_000.0
STEP = 10.0
Flow = list[tuple[int, int]]
flows = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), min_size=2, max_size=60)


def honest(flow: Flow) -> list[Sample]:
    """Samples of a queue into which messages come and of which others are finished."""
    published = served = 0
    samples = [Sample(NOON, 0, 0, 0, 0, 4, 4, 0)]
    for number, (came, wanted) in enumerate(flow, 1):
        published += came
        served = min(published, served + wanted)
        backlog = published - served
        running = min(backlog, 4)
        at = NOON + STEP * number
        samples.append(Sample(at, backlog - running, running, published, served, 4, 4, 0))
    return samples


@given(flows)
def test_honest_counters_are_left_as_they_are(flow: Flow) -> None:
    samples = honest(flow)

    believed = reconcile(Settings(), samples)

    assert list(believed.samples) == samples
    assert believed.notices == ()


@given(flows)
def test_an_absent_counter_is_never_made_up(flow: Flow) -> None:
    samples = [replace(sample, published=None) for sample in honest(flow)]

    assert all(sample.published is None for sample in reconcile(Settings(), samples).samples)


@given(flows, st.integers(2, 8))
def test_believed_counters_never_fall_where_the_brokers_do_not(flow: Flow, part: int) -> None:
    samples = [
        replace(sample, published=(sample.published or 0) // part) for sample in honest(flow)
    ]

    believed = reconcile(Settings(processing_time=0.1), samples).samples

    for earlier, later in pairwise(believed):
        assert (later.published or 0) >= (earlier.published or 0)
        assert (later.served or 0) >= (earlier.served or 0)


def test_dead_letters_that_nobody_counts_as_published_are_arrivals() -> None:
    # Public case T2-06: the published counter stands still while 30 messages a second are served.
    samples = [
        Sample(NOON + STEP * k, 0, 14 + k % 2 if k < 29 else 3, 0, 300 * k, 16, 16)
        for k in range(30)
    ]
    settings = Settings(target_deadline=30, processing_time=0.5, maximum_dynos=40)

    decision = decide(settings, samples, samples[-1].at)

    assert decision.desired is not None
    assert 13 <= decision.desired <= 16
    assert decision.estimates.arrival_rate == pytest.approx(30, rel=0.05)
    assert decision.estimates.arrival_source == "finished and waiting"
    assert any("without being counted as published" in notice for notice in decision.notices)


def test_rejected_messages_are_work_that_slots_have_finished() -> None:
    # Public case T2-07: half of the messages end with reject, which no counter shows.
    samples = [Sample(NOON + STEP * k, 0, 10, 50 * k, 25 * k, 20, 20, 0) for k in range(60)]
    settings = Settings(target_deadline=60, processing_time=2, maximum_dynos=60)

    decision = decide(settings, samples, samples[-1].at)

    assert decision.estimates.service_time == pytest.approx(2, rel=0.1)
    assert decision.desired is not None
    assert 10 <= decision.desired <= 12
    assert not any("as told" in notice for notice in decision.notices)


def test_workers_without_consumers_scale_as_with_unknown_consumers() -> None:
    # Public case T2-08: basic.get takes messages and shows no consumer.
    samples = [
        Sample(NOON + STEP * k, 40 + 10 * k, 4, 1000 + 20 * k, 956 + 10 * k, 0, 4)
        for k in range(19)
    ]
    unknown = [replace(sample, consumers=None) for sample in samples]
    settings = Settings(target_deadline=60, processing_time=4, maximum_dynos=30)

    decision = decide(settings, samples, samples[-1].at)

    assert decision.desired == decide(settings, unknown, samples[-1].at).desired == 30
    assert decision.reason is not Reason.NO_GAIN


def test_counters_that_stand_still_while_the_queue_moves_are_unknown() -> None:
    samples = [Sample(NOON + STEP * k, 5 * k, 4, 0, 0, 4, 4) for k in range(12)]

    believed = reconcile(Settings(), samples)

    assert {(sample.published, sample.served) for sample in believed.samples} == {(None, None)}
    assert believed.arrival_source == "backlog"
    assert "stand still" in believed.notices[0]


def test_counters_at_rest_are_believed_while_a_long_job_runs() -> None:
    samples = [Sample(NOON + STEP * k, 3, 1, 9, 5) for k in range(60)]

    assert list(reconcile(Settings(), samples).samples) == samples


def test_a_counter_that_jumps_beyond_all_slots_is_set_aside() -> None:
    samples = honest([(20, 20)] * 30)
    jumped = [
        replace(sample, published=(sample.published or 0) + (1_000_000 if number > 15 else 0))
        for number, sample in enumerate(samples)
    ]
    settings = Settings(processing_time=1.0, maximum_dynos=20)

    believed = reconcile(settings, jumped)

    first, last = believed.samples[0].published or 0, believed.samples[-1].published or 0
    assert last - first <= 20 * 30
    assert "jumped by" in believed.notices[0]


def test_statistics_that_lag_behind_the_depths_are_no_contradiction() -> None:
    samples = honest([(100, 100)] * 60)
    lagging = [
        replace(sample, published=max(0, (sample.published or 0) - (number * 7) % 40))
        for number, sample in enumerate(samples)
    ]

    assert reconcile(Settings(processing_time=0.4), lagging).notices == ()
