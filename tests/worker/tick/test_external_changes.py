"""Foreign changes: noticed, respected as the current state, and reported when they repeat."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from guv.incidents.causes import Cause
from tests.worker.world import World
from worker.tick.external_changes import (
    REMEMBERED,
    SHORT,
    ExternalChange,
    find_fight,
    remembered_changes,
)
from worker.tick.result import TickResult

MakeWorld = Callable[..., World]
FORMATION = "/apps/.*/formation"
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture
def here(world: MakeWorld) -> World:
    """Make a role that needs 12 dynos, which another tool resets."""
    here = world(minimum_dynos=12, maximum_dynos=60, processing_time=10.0)
    here.tick()
    return here


def reset(here: World, dynos: int = 2) -> TickResult:
    """Reset the dynos as another tool does, and tick."""
    here.sandbox.heroku.scale(here.shop, [{"type": "worker", "quantity": dynos}])
    return here.tick(after=300)


def release(here: World, *, ago: float = 20.0) -> None:
    """Make a release of the app so long before the next tick."""
    now = here.clock.now
    here.clock.now = now + timedelta(seconds=300 - ago)
    here.sandbox.heroku.release(here.shop, "Deploy fa8b262f", "ci@example.com")
    here.clock.now = now


def a_change(minutes: float, after: int = 2, by: str | None = None) -> ExternalChange:
    return ExternalChange(NOON + timedelta(minutes=minutes), 12, after, by)


def causes(result: TickResult) -> set[Cause]:
    return {trouble.cause for trouble in result.troubles}


def test_a_foreign_change_is_seen_and_kept_with_the_decision(here: World) -> None:
    reset(here)
    notices = here.decisions()[-1].notices
    assert "somebody else changed the dynos from 12 to 2" in notices


def test_guvs_own_changes_are_not_foreign(here: World) -> None:
    here.publish(100)
    here.ticks(60)
    assert here.stored_role().foreign_changes is None


def test_a_foreign_change_is_corrected_after_one_tick(here: World) -> None:
    assert (reset(here).collected.sample.dynos, here.dynos()) == (2, 12)


def test_a_change_that_may_or_may_not_have_been_done_is_not_foreign(here: World) -> None:
    here.publish(200)
    here.fail(FORMATION, method="PATCH", hang=3.5, calls=1)
    here.tick()
    here.tick()
    assert here.stored_role().foreign_changes is None


def test_what_another_role_of_the_same_process_type_asks_for_is_not_foreign(here: World) -> None:
    bounds = {"minimum_dynos": 15, "maximum_dynos": 20}
    twin = here.add_role("twin", queues=["worker"], process_type="worker", **bounds)
    here.tick(twin)
    assert here.tick().collected.sample.dynos == 15
    assert here.stored_role().foreign_changes is None


def test_one_change_by_hand_is_no_trouble(here: World) -> None:
    assert Cause.FOREIGN_CHANGES not in causes(reset(here))


def test_the_third_reset_opens_one_incident_at_once(here: World) -> None:
    reset(here)
    reset(here)
    assert here.incidents() == []
    assert Cause.FOREIGN_CHANGES in causes(reset(here))
    reset(here)
    [incident] = here.incidents()
    assert (incident.cause, incident.opened_at is not None) == ("foreign_changes", True)
    assert "sets worker to 2 dynos: " in incident.text


def test_the_other_tool_is_named_by_the_release_beside_its_change(here: World) -> None:
    for _ in range(3):
        release(here)
        result = reset(here)
    text = {trouble.cause: trouble.text for trouble in result.troubles}[Cause.FOREIGN_CHANGES]
    assert "It comes with release v3 (Deploy fa8b262f) by ci@example.com." in text


def test_a_release_of_long_ago_is_not_blamed(here: World) -> None:
    release(here, ago=3600)
    reset(here)
    kept = here.stored_role().foreign_changes
    assert kept is not None
    assert kept[0]["by"] is None


def test_a_notice_says_that_releases_are_hidden(here: World) -> None:
    here.fail("/apps/.*/releases", 403, body={"id": "forbidden", "message": "No."})
    for _ in range(3):
        result = reset(here)
    text = {trouble.cause: trouble.text for trouble in result.troubles}[Cause.FOREIGN_CHANGES]
    assert "Heroku does not tell guv which one." in text
    assert Cause.AUTHORIZATION_LOST not in causes(result)


def test_the_owner_is_alerted_of_foreign_changes_once(world: MakeWorld) -> None:
    here = world(minimum_dynos=12, maximum_dynos=60, processing_time=10.0)
    here.notify()
    here.tick()
    for _ in range(5):
        reset(here)
    events = here.sandbox.new_relic.events
    assert [event.attributes["aggregationTag.cause"] for event in events] == ["foreign_changes"]


def test_the_incident_of_foreign_changes_ends_a_day_after_the_last_reset(here: World) -> None:
    for _ in range(3):
        reset(here)
    here.tick(after=REMEMBERED.total_seconds())
    here.ticks(320)
    assert here.incidents()[0].resolved_at is not None


def test_three_changes_to_the_same_number_in_a_day_are_a_fight() -> None:
    trouble = find_fight("worker", [a_change(0), a_change(400), a_change(800)])
    assert trouble is not None
    assert trouble.since == NOON


def test_two_changes_to_the_same_number_are_no_fight() -> None:
    assert find_fight("worker", [a_change(0), a_change(1)]) is None


def test_changes_to_different_numbers_hours_apart_are_a_person() -> None:
    assert find_fight("worker", [a_change(0, 3), a_change(90, 5), a_change(200, 7)]) is None


def test_changes_to_different_numbers_within_an_hour_are_another_autoscaler() -> None:
    trouble = find_fight("worker", [a_change(0, 3), a_change(10, 5), a_change(20, 7)])
    assert trouble is not None
    assert "3 or 5 or 7 dynos" in trouble.text


def test_foreign_changes_older_than_a_day_are_forgotten() -> None:
    kept = [a_change(0).dump(), a_change(60).dump()]
    remembered = remembered_changes(kept, a_change(100), NOON + REMEMBERED)
    assert [change.at for change in remembered] == [a_change(60).at, a_change(100).at]
    assert SHORT < REMEMBERED


def test_a_stored_foreign_change_reads_back_the_same() -> None:
    change = a_change(3, by="release v3")
    assert ExternalChange.load(change.dump()) == change


def test_no_stored_changes_are_no_remembered_changes() -> None:
    assert remembered_changes(None, None, NOON) == ()
