"""Retention of ticks: changes and troubles for 13 months, lasting troubles every five minutes."""

from collections.abc import Callable

from tests.worker.world import World
from worker import jobs

MakeWorld = Callable[..., World]


def kept(here: World) -> list[bool]:
    return [row.kept for row in here.decisions()]


def test_a_quiet_tick_is_kept_for_days(world: MakeWorld) -> None:
    here = world()
    here.ticks(30)
    assert kept(here) == [False, False, False]
    assert [row.kept for row in here.samples()] == [False, False, False]


def test_a_change_is_kept_for_long_with_its_sample(world: MakeWorld) -> None:
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=20)
    here.publish(100)
    assert here.tick().actuated.outcome == "scaled"
    assert (kept(here), here.samples()[0].kept) == ([True], True)


def test_trouble_that_lasts_is_kept_once_in_five_minutes(world: MakeWorld) -> None:
    here = world()
    here.ticks(20)
    here.fail("/apps/.*/formation", 500)
    here.ticks(620)
    flags = kept(here)
    assert flags[:3] == [False, False, True]
    assert (flags.count(True), len(flags)) == (3, 64)


def test_trouble_that_comes_back_is_kept_again(world: MakeWorld) -> None:
    here = world()
    here.fail("/apps/.*/formation", 500)
    here.ticks(20)
    here.mend()
    here.ticks(20)
    here.fail("/apps/.*/formation", 500)
    here.ticks(20)
    assert kept(here) == [True, False, False, False, True, False]


def test_a_deadline_missed_at_the_maximum_is_kept(world: MakeWorld) -> None:
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=1)
    here.publish(1000)
    here.ticks(30)
    assert kept(here)[0]
    assert here.stored_role().unusual == "at_maximum"


def test_a_fault_that_repeats_is_kept_once_in_five_minutes(world: MakeWorld) -> None:
    here = world()
    broken = here.add_role("broken", queues=["worker"], schedules=[{"nonsense": True}])
    for _ in range(3):
        here.make_due()
        jobs.tick_due(here.runtime, [broken.id])
    assert kept(here) == [True, False, False]
