"""Windows, overrides, pauses and dry runs through the whole loop, over days of a moved clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from guv.settings.queries import Edit, read_level, write_level
from tests.worker.world import World

MakeWorld = Callable[..., World]
WORKDAYS, EVERY_DAY = [0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5, 6]
BERLIN = "Europe/Berlin"


def window(start: str, end: str, zone: str = "UTC", **more: Any) -> dict[str, Any]:
    return {"start": start, "end": end, "timezone": zone, "days": EVERY_DAY, **more}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def dynos_at(here: World, *instants: str) -> list[int]:
    """Tick from just before each instant (UTC) to it, and return how many dynos run then."""
    counts = []
    for instant in instants:
        here.clock.now = max(here.clock.now, utc(instant) - timedelta(seconds=90))
        while here.clock.now < utc(instant):
            here.tick()
        counts.append(here.dynos())
    return counts


def set_values(here: World, **values: Any) -> None:
    """Add values to the role's settings, as the API does."""
    with Session(here.runtime.engine) as session:
        level = read_level(session, here.tenant, "role", here.role.id)
        changed = type(level)("role", {**level.values, **values}, level.version)
        edit = Edit("test", here.clock.now)
        write_level(session, here.tenant, changed, here.role.id, notify=None, edit=edit)
        session.commit()


def test_a_weekly_window_holds_from_its_first_minute_to_its_last(world: MakeWorld) -> None:
    here = world(schedules=[window("08:00", "18:00", BERLIN, days=WORKDAYS, dynos=4)])
    assert dynos_at(
        here,
        "2026-11-26T06:59:50",  # Thursday; eight in Berlin is seven in UTC
        "2026-11-26T07:00:00",
        "2026-11-26T16:59:50",
        "2026-11-26T17:00:00",
    ) == [1, 4, 4, 1]
    assert "schedule" in {row.reason for row in here.decisions()}


def test_a_weekly_window_is_closed_on_days_that_it_does_not_name(world: MakeWorld) -> None:
    here = world(schedules=[window("08:00", "18:00", days=WORKDAYS, dynos=4)])
    assert dynos_at(
        here,
        "2026-11-27T12:00",  # Friday
        "2026-11-28T12:00",
        "2026-11-29T12:00",
        "2026-11-30T12:00",
    ) == [4, 1, 1, 4]


def test_a_window_over_midnight_reaches_into_the_weekend(world: MakeWorld) -> None:
    here = world(schedules=[window("22:00", "06:00", days=WORKDAYS, dynos=3)])
    assert dynos_at(
        here,
        "2026-11-27T21:59",
        "2026-11-27T22:00",
        "2026-11-28T05:59",
        "2026-11-28T06:00",
        "2026-11-28T22:00",
        "2026-11-29T22:00",
        "2026-11-30T22:00",
    ) == [1, 3, 3, 1, 1, 1, 3]


@pytest.mark.parametrize(
    ("instants", "dynos"),
    [
        (["2027-03-28T00:29", "2027-03-28T00:30", "2027-03-28T01:29", "2027-03-28T01:30"], "1441"),
        (["2027-10-30T23:29", "2027-10-30T23:30", "2027-10-31T02:29", "2027-10-31T02:30"], "1441"),
    ],
)
def test_a_window_over_the_hour_that_changes_is_open_once(
    world: MakeWorld, instants: list[str], dynos: str
) -> None:
    here = world(schedules=[window("01:30", "03:30", BERLIN, dynos=4)])
    assert "".join(map(str, dynos_at(here, *instants))) == dynos


def test_a_single_day_listed_first_wins_over_the_week(world: MakeWorld) -> None:
    christmas = {**window("00:00", "00:00", dynos=2), "days": [], "date": "2026-12-25"}
    here = world(schedules=[christmas, window("08:00", "18:00", dynos=4)])
    assert dynos_at(here, "2026-12-24T12:00", "2026-12-25T12:00", "2026-12-26T12:00") == [4, 2, 4]


def test_an_exact_count_runs_under_low_and_high_load(world: MakeWorld) -> None:
    here = world(processing_time=10.0, schedules=[window("00:00", "00:00", dynos=3)])
    here.ticks(60)
    idle = here.dynos()
    here.publish(500)
    here.ticks(60)
    assert (idle, here.dynos()) == (3, 3)


def test_an_override_wins_over_a_window_and_ends_within_one_tick(world: MakeWorld) -> None:
    override = {"until": "2026-11-26T12:00:00+00:00", "minimum_dynos": 5, "maximum_dynos": 5}
    here = world(schedules=[window("00:00", "00:00", dynos=2)], override=override)
    assert dynos_at(here, "2026-11-26T11:59:50", "2026-11-26T12:00:00") == [5, 2]
    assert [row.reason for row in here.decisions()][-1] == "schedule"


@pytest.fixture
def busy(world: MakeWorld) -> World:
    """Make a role that needs more dynos than it has."""
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=20)
    here.publish(100)
    here.consumers(20)
    return here


@pytest.mark.parametrize("direction", ["both", "up"])
def test_a_pause_holds_and_ends_by_itself_within_one_tick(busy: World, direction: str) -> None:
    until = busy.clock.now + timedelta(minutes=5)
    set_values(busy, pause={"direction": direction, "until": until.isoformat()})
    busy.ticks(290)
    assert (busy.dynos(), busy.decisions()[-1].reason) == (1, "paused")
    busy.tick()
    assert busy.dynos() > 1


def test_a_pause_of_scaling_down_still_scales_up(busy: World) -> None:
    set_values(busy, pause={"direction": "down", "until": None})
    busy.tick()
    up = busy.dynos()
    busy.drain()
    busy.ticks(300)
    assert up > 1
    assert busy.dynos() >= up
    assert busy.decisions()[-1].reason == "paused"
    set_values(busy, pause=None)
    busy.ticks(300)
    assert busy.dynos() == 1


def test_a_pause_holds_even_where_a_window_opens(world: MakeWorld) -> None:
    here = world(pause={"direction": "both"}, schedules=[window("00:00", "00:00", dynos=4)])
    here.tick()
    assert (here.dynos(), here.decisions()[-1].reason) == (1, "paused")


def test_a_dry_run_decides_and_changes_nothing(busy: World) -> None:
    set_values(busy, dry_run=True)
    busy.ticks(60)
    assert busy.dynos() == 1
    assert busy.asked("PATCH", "/apps") == 0
    last = busy.decisions()[-1]
    assert (last.direction, last.outcome) == ("up", "skipped")
    assert last.error == f"dry_run: would have asked for {last.desired} dynos"


def test_dynos_set_by_hand_are_noticed_and_scaling_continues_from_them(world: MakeWorld) -> None:
    here = world(processing_time=10.0, maximum_dynos=20)
    here.ticks(60)
    here.sandbox.heroku.scale(here.shop, [{"type": "worker", "quantity": 7}])
    result = here.tick(after=60)
    assert result.decision.current == 7
    assert any("somebody else changed the dynos from 1 to 7" in notice for notice in _notices(here))


def _notices(here: World) -> list[str]:
    return here.decisions()[-1].notices
