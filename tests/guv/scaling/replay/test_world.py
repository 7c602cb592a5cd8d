"""The simulated queue and dynos lose and invent nothing, whatever is asked of them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guv.scaling import Sample
from guv.scaling.demand.queueing import GRACE
from guv.scaling.estimate.arrivals import Curve
from guv.scaling.replay.work import Times, Work
from guv.scaling.replay.world import Start, World
from tests.guv.scaling.stories import START


def a_work(rate: float, service: float, spread: float = 0.0, boot: float = 30.0) -> Work:
    """A day of messages that come evenly."""
    curve = Curve([START, START + 86_400.0], [0.0, rate * 86_400.0])
    return Work(curve, [Times(START, service, spread, boot)], 1)


def a_world(work: Work, dynos: int, concurrency: int = 1, **counts: Any) -> World:
    first = replace(Sample(START, 0, 0), **counts)
    return World(work, Start(first, dynos, dynos), concurrency, 1.0)


def go(world: World, work: Work, seconds: int) -> None:
    for _ in range(seconds):
        world.move(1.0, work.times[0])


@settings(max_examples=60, deadline=None)
@given(
    rate=st.floats(0.0, 20.0),
    service=st.floats(0.01, 400.0),
    spread=st.floats(0.0, 400.0),
    asked=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 60)), max_size=8),
)
def test_every_message_is_somewhere(
    rate: float, service: float, spread: float, asked: list[tuple[int, int]]
) -> None:
    work = a_work(rate, service, spread)
    world, done = a_world(work, 2), 0.0
    for dynos, seconds in asked:
        world.scale_to(dynos, 30.0)
        go(world, work, seconds)
        shown = world.sample()
        assert done - 1e-6 <= world.done <= world.published + 1e-6
        assert 0 <= world.up <= world.dynos == dynos
        counts = (shown.messages_ready, shown.messages_unacknowledged, shown.served)
        assert all(count is not None and count >= 0 for count in counts)
        assert sum(count or 0 for count in counts) == shown.published
        done = world.done


@pytest.mark.parametrize(("service", "dynos"), [(0.05, 1), (0.7, 3), (2.5, 4), (45.0, 6)])
def test_slots_that_are_always_full_serve_what_they_can(service: float, dynos: int) -> None:
    work = a_work(1000.0, service, service / 2)
    world = a_world(work, dynos, concurrency=2)
    go(world, work, 600)
    before = world.done
    go(world, work, 1200)
    assert world.done - before == pytest.approx(1200 * 2 * dynos / service, rel=0.02)


def test_a_dyno_takes_nothing_before_it_has_booted() -> None:
    work = a_work(1.0, 0.5)
    world = a_world(work, 0)
    world.scale_to(1, 30.0)
    go(world, work, 29)
    assert (world.up, world.done) == (0, 0.0)
    go(world, work, 5)
    assert world.up == 1
    assert world.done > 0.0


def test_dynos_that_boot_go_before_those_that_work() -> None:
    work = a_work(1.0, 5.0)
    world = a_world(work, 4)
    world.scale_to(7, 30.0)
    world.scale_to(5, 30.0)
    assert world.up == 4
    world.scale_to(2, 30.0)
    assert (world.up, world.dynos) == (2, 2)


def test_short_messages_are_finished_in_the_grace_and_long_ones_begin_again() -> None:
    cut = {}
    for service in (GRACE / 2, 20 * GRACE):
        work = a_work(10.0, service)
        world = a_world(work, 10)
        go(world, work, 60)
        world.scale_to(0, 30.0)
        go(world, work, 60)
        cut[service] = world.cut
    assert cut[GRACE / 2] == 0.0
    assert cut[20 * GRACE] == pytest.approx(10.0, abs=0.5)


def test_counters_go_on_where_the_recorded_ones_ended() -> None:
    work = a_work(1.0, 0.5)
    world = a_world(work, 2, messages_ready=5, published=9000, served=8995)
    go(world, work, 60)
    shown = world.sample()
    assert shown.published == 9060
    assert shown.served == pytest.approx(9060, abs=2)
