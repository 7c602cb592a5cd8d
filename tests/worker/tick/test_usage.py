"""Usage of an hour, added up tick by tick so that statistics need not read every decision."""

from collections.abc import Callable

from sqlmodel import Session, col, select

from guv.history.models import UsageHour
from tests.worker.world import World

MakeWorld = Callable[..., World]


def hours(here: World) -> list[UsageHour]:
    with Session(here.runtime.engine) as session:
        return list(session.exec(select(UsageHour).order_by(col(UsageHour.hour))))


def test_dyno_seconds_are_those_between_ticks(world: MakeWorld) -> None:
    here = world(minimum_dynos=2, maximum_dynos=2, formation={"worker": 2})
    here.ticks(60)
    (hour,) = hours(here)
    assert (hour.ticks, hour.seconds, hour.dyno_seconds) == (6, 50.0, 100.0)


def test_usage_counts_the_time_at_the_maximum(world: MakeWorld) -> None:
    here = world(minimum_dynos=2, maximum_dynos=2, formation={"worker": 2})
    here.ticks(60)
    assert hours(here)[0].maximum_seconds == 50.0


def test_usage_counts_changes_by_direction(world: MakeWorld) -> None:
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=20)
    here.publish(100)
    here.tick()
    assert [(hour.ups, hour.downs) for hour in hours(here)] == [(1, 0)]


def test_each_hour_has_its_own_usage_row(world: MakeWorld) -> None:
    here = world()
    here.tick()
    here.tick(after=300)
    here.tick(after=3300)
    assert [hour.ticks for hour in hours(here)] == [2, 1]


def test_a_long_silence_between_ticks_adds_no_usage(world: MakeWorld) -> None:
    here = world()
    here.tick()
    here.tick(after=700)
    assert sum(hour.seconds for hour in hours(here)) == 0.0


def test_time_with_an_unknown_dyno_count_adds_no_usage(world: MakeWorld) -> None:
    here = world()
    here.tick()
    here.fail("/apps/.*/formation", 500)
    here.tick(after=500)
    assert hours(here)[0].seconds == 0.0


def test_usage_keeps_the_dyno_size(world: MakeWorld) -> None:
    here = world()
    here.tick()
    assert hours(here)[0].dyno_size != ""


def test_a_role_that_ticks_seldom_adds_usage_too(world: MakeWorld) -> None:
    here = world(interval=3600, minimum_dynos=2, maximum_dynos=2, formation={"worker": 2})
    here.tick()
    here.tick(after=3600)
    assert sum(hour.dyno_seconds for hour in hours(here)) == 7200.0
