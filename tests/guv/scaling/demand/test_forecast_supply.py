"""How many messages will have begun by when."""

from math import inf

import pytest

from guv.scaling.demand.forecast import (
    Supply,
    begun,
    fresh,
    seconds_to_begin,
    supply_of,
    with_dynos,
)
from guv.scaling.estimate.estimate import asked_at, dynos_up, estimate, waiting_of
from guv.scaling.model import Estimates, Sample, Settings


def a_supply(busy: int = 0, idle: int = 0, boots: tuple[float, ...] = ()) -> Supply:
    return Supply(busy, idle, boots, concurrency=1, service_time=10.0, head_start=0.0)


def test_a_busy_slot_begins_one_message_per_service_time() -> None:
    assert begun(a_supply(busy=3), 20.0) == 6.0


def test_an_idle_slot_begins_one_at_once() -> None:
    assert begun(a_supply(idle=3), 0.0) == 3.0


def test_a_booting_dyno_begins_nothing_before_it_is_up() -> None:
    assert begun(a_supply(boots=(30.0,)), 29.0) == 0.0
    assert begun(a_supply(boots=(30.0,)), 31.0) == 1.0


def test_time_that_is_over_begins_nothing() -> None:
    assert fresh(a_supply(), -1.0) == 0.0


def test_it_takes_as_long_to_begin_so_many_as_so_many_begin_by_then() -> None:
    supply = a_supply(busy=2, idle=1, boots=(30.0, 40.0))
    seconds = seconds_to_begin(supply, 25.0)
    assert begun(supply, seconds) == pytest.approx(25.0, abs=0.01)


def test_nothing_waits_takes_no_time() -> None:
    assert seconds_to_begin(a_supply(), 0.0) == 0.0


def test_without_slots_it_takes_for_ever() -> None:
    assert seconds_to_begin(a_supply(), 1.0) == inf


def test_dynos_that_boot_are_given_up_first() -> None:
    fewer = with_dynos(a_supply(busy=2, idle=1, boots=(5.0, 9.0)), 4)
    assert (fewer.busy, fewer.idle, fewer.boots) == (2, 1, (5.0,))


def test_then_those_that_are_up() -> None:
    fewer = with_dynos(a_supply(busy=2, idle=3, boots=(5.0,)), 3)
    assert (fewer.busy + fewer.idle, fewer.boots) == (3, ())


def history(*rows: tuple[float, int, int | None]) -> list[Sample]:
    return [Sample(at, 5, 1, consumers=consumers, dynos=dynos) for at, dynos, consumers in rows]


def test_dynos_asked_for_are_capacity_from_their_own_ready_time() -> None:
    samples = history((0, 2, 2), (10, 2, 2), (20, 5, 2), (30, 5, 2))
    settings = Settings(boot_time=30.0, processing_time=10.0)
    supply = supply_of(settings, samples, estimate(settings, samples))
    assert len(supply.boots) == 3
    assert all(boot == pytest.approx(10.0, abs=1.0) for boot in supply.boots)


def test_a_change_was_asked_for_at_the_sample_before_it() -> None:
    samples = history((0, 2, 2), (10, 3, 2), (20, 6, 3))
    assert asked_at(samples, 3, 6) == [0, 10, 10, 10]


def test_what_was_there_from_the_start_was_asked_for_long_ago() -> None:
    assert asked_at(history((0, 4, 4)), 3, 4) == [-inf, -inf]


def test_consumers_tell_which_dynos_are_up() -> None:
    assert dynos_up(history((0, 5, 2)), 1, 30.0) == 2


def test_without_consumers_the_boot_time_tells() -> None:
    samples = history((0, 2, None), (10, 2, None), (20, 5, None), (40, 5, None))
    assert dynos_up(samples, 1, 30.0) == 2
    assert dynos_up([*samples, *history((60, 5, None))], 1, 30.0) == 5


def test_hoarded_messages_wait_too() -> None:
    assert waiting_of([Sample(0.0, 3, 9)], Estimates(hoarded=5)) == 8


def test_unacknowledged_beyond_the_slots_is_hoarded() -> None:
    samples = [Sample(float(k), 0, 50, 100, 50, 2, 2) for k in range(3)]
    found = estimate(Settings(concurrency=4), samples)
    assert (found.running, found.hoarded) == (8, 42)
