"""Every answer that Heroku is known for, and what guv does with it; see docs/heroku-errors.md."""

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from guv.incidents.causes import Cause
from guv.roles.models import TickSchedule
from tests.worker.world import World, wait_until
from worker.tick.actuate import BLOCKED
from worker.tick.result import TickResult

MakeWorld = Callable[..., World]
ROOT = Path(__file__).parent.parent.parent
FORMATION = "/apps/.*/formation"
LOCK = "Cannot change formation for a preboot app until release phase and preboot complete"
REFUSALS: list[tuple[int, str, str]] = [
    (400, "bad_request", "Unable to parse the JSON in the request body."),
    (402, "delinquent", "Your account has an unpaid balance."),
    (403, "suspended", "This app is suspended."),
    (404, "not_found", "Couldn't find that process type (worker)."),
    (406, "not_acceptable", "Unknown version."),
    (409, "conflict", "The request could not be processed."),
    (416, "requested_range_not_satisfiable", "No such range."),
    (422, "invalid_params", "App must be deployed before dynos can be scaled."),
    (422, "invalid_params", "Requested type Free is not available in this dyno type."),
    (422, "invalid_params", "No such size as 1X. Available dyno sizes are Eco, Basic."),
    (422, "invalid_params", "Heroku Enterprise accounts only support professional dynos."),
    (422, "verification_needed", "Please verify your account."),
    (423, "confirmation_required", "Confirm that."),
]
LOST = [
    (401, "unauthorized", "Invalid credentials provided."),
    (403, "forbidden", "You do not have access to the app shop."),
    (403, "two_factor", "A second authentication factor is needed."),
]


@pytest.fixture
def busy(world: MakeWorld) -> World:
    """Make a role that has 1 dyno and needs 3."""
    return world(minimum_dynos=3, maximum_dynos=50, processing_time=10.0)


def refuse(here: World, status: int, id_: str, message: str, **options: Any) -> None:
    body: Mapping[str, Any] = {"id": id_, "message": message}
    here.fail(FORMATION, status, body=body, **options)


def texts(result: TickResult) -> dict[Cause, str]:
    return {trouble.cause: trouble.text for trouble in result.troubles}


@pytest.mark.parametrize(("status", "id_", "message"), REFUSALS)
def test_a_refused_change_is_recorded_and_tried_again_at_the_next_tick(
    busy: World, status: int, id_: str, message: str
) -> None:
    refuse(busy, status, id_, message, method="PATCH", calls=1)
    first = busy.tick()
    assert (first.actuated.outcome, busy.dynos()) == ("refused", 1)
    assert f"{id_}: {message}" in texts(first)[Cause.PLATFORM_REFUSES]
    second = busy.tick()
    assert (second.actuated.outcome, busy.dynos()) == ("scaled", 3)
    assert Cause.PLATFORM_REFUSES in second.cleared


@pytest.mark.parametrize(("status", "id_", "message"), [*REFUSALS[1:3], (404, "not_found", "app")])
def test_a_refused_read_of_the_formation_holds_with_herokus_reason(
    busy: World, status: int, id_: str, message: str
) -> None:
    refuse(busy, status, id_, message, method="GET")
    result = busy.tick()
    assert f"{id_}: {message}" in texts(result)[Cause.NO_DATA]
    assert (result.actuated.outcome, busy.asked("PATCH", "/apps")) == ("held", 0)


@pytest.mark.parametrize(("status", "id_", "message"), LOST)
def test_a_lost_right_to_scale_needs_authorization(
    busy: World, status: int, id_: str, message: str
) -> None:
    refuse(busy, status, id_, message, method="PATCH")
    assert message in texts(busy.tick())[Cause.AUTHORIZATION_LOST]
    assert busy.stored_app().authorization_state == "needs_authorization"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_temporary_heroku_error_is_tried_again(busy: World, method: str, status: int) -> None:
    busy.fail(FORMATION, status, method=method, calls=1)
    assert busy.tick().actuated.outcome in {"held", "failed"}
    assert busy.tick(after=1000).actuated.outcome == "scaled"


def test_a_lasting_refusal_opens_one_incident(busy: World) -> None:
    busy.notify()
    refuse(busy, 402, "delinquent", "Your account has an unpaid balance.", method="PATCH")
    busy.ticks(200)
    events = busy.sandbox.new_relic.events
    assert [event.attributes["aggregationTag.cause"] for event in events] == ["platform_refuses"]
    assert "The bill of the Heroku account is not paid." in str(events[0].attributes["description"])


def test_a_release_lock_opens_no_incident_and_shows_its_start(busy: World) -> None:
    busy.notify()
    busy.shop.locked = True
    busy.ticks(190)
    rows = busy.decisions()
    assert {row.outcome for row in rows} == {"refused"}
    assert rows[-1].error == f"{BLOCKED} 12:00:10 UTC (3 min): {LOCK}"
    assert busy.incidents() == []


def test_after_a_release_the_newest_decision_is_applied(busy: World) -> None:
    busy.shop.locked = True
    busy.tick()
    busy.publish(300)
    busy.tick()
    busy.shop.locked = False
    assert busy.tick().actuated.quantity == busy.decisions()[-1].desired
    assert busy.dynos() > 3


def test_a_second_release_lock_is_timed_from_its_own_start(busy: World) -> None:
    busy.shop.locked = True
    busy.tick()
    busy.shop.locked = False
    busy.tick()
    busy.sandbox.heroku.scale(busy.shop, [{"type": "worker", "quantity": 1}])
    busy.shop.locked = True
    busy.tick()
    assert str(busy.decisions()[-1].error).startswith(f"{BLOCKED} 12:00:30 UTC (0 min)")


def test_a_refused_maximum_is_clamped_within_the_tick_and_not_asked_for_again(
    world: MakeWorld,
) -> None:
    here = world(processing_time=30.0, target_deadline=120.0, maximum_dynos=50)
    here.shop.limit = 10
    here.publish(200)
    here.notify()
    here.ticks(200)
    asked = here.sandbox.traffic.requests("PATCH", "/apps")
    assert [request.status for request in asked] == [422, 200]
    events = here.sandbox.new_relic.events
    assert [event.attributes["aggregationTag.cause"] for event in events] == ["deadline_missed"]
    assert "Heroku allows 10, maximum_dynos is 50" in str(events[0].attributes["description"])


@pytest.mark.parametrize("size", ["Eco", "Basic"])
def test_eco_and_basic_dynos_are_only_switched_on_and_off(world: MakeWorld, size: str) -> None:
    here = world(minimum_dynos=0, maximum_dynos=20, processing_time=10.0)
    process = here.shop.types["worker"]
    process.size = size
    process.dynos.clear()
    here.publish(200)
    here.ticks(30)
    asked = here.sandbox.traffic.requests("PATCH", "/apps")
    assert ([request.status for request in asked], here.dynos()) == ([200], 1)


@pytest.mark.parametrize("size", ["Performance-M", "Private-S", "Private-M", "Private-L"])
def test_sizes_of_teams_and_spaces_are_clamped_to_what_heroku_names(
    world: MakeWorld, size: str
) -> None:
    here = world(minimum_dynos=12, maximum_dynos=50)
    here.shop.types["worker"].size = size
    here.ticks(20)
    assert (here.dynos(), here.shop.types["worker"].size) == (10, size)


def test_no_dyno_size_is_ever_sent_to_heroku(busy: World) -> None:
    busy.tick()
    assert [request.body for request in busy.sandbox.traffic.requests("PATCH")] == [{"quantity": 3}]


def test_an_app_in_maintenance_is_scaled_as_usual(busy: World) -> None:
    busy.shop.maintenance = True
    assert busy.tick().actuated.outcome == "scaled"


def test_a_renamed_app_is_still_scaled_and_its_new_name_is_learned(busy: World) -> None:
    busy.shop.name = "boutique"
    assert busy.tick().actuated.outcome == "scaled"
    assert busy.stored_app().name == "boutique"
    assert busy.tick().context.app.name == "boutique"


def test_a_deleted_app_is_left_alone(busy: World) -> None:
    busy.sandbox.heroku.remove_app(busy.shop)
    result = busy.tick()
    assert "Couldn't find that app." in texts(result)[Cause.NO_DATA]
    assert (result.actuated.outcome, busy.asked("PATCH", "/apps")) == ("held", 0)


def test_an_app_that_was_never_deployed_holds_with_that_reason(busy: World) -> None:
    busy.shop.types.clear()
    result = busy.tick()
    assert "must be deployed" in texts(result)[Cause.NO_DATA]
    assert busy.asked("PATCH", "/apps") == 0


def test_a_role_that_is_removed_during_its_tick_is_not_scaled(busy: World) -> None:
    busy.fail("/api/queues", hang=0.5)

    def remove() -> None:
        wait_until(lambda: busy.asked("GET", "/api/queues") > 0)  # its tick has begun
        with Session(busy.runtime.engine) as session:
            schedule = session.get_one(TickSchedule, busy.role.id)
            schedule.enabled = False
            session.add(schedule)
            session.commit()

    with ThreadPoolExecutor(1) as threads:
        removed = threads.submit(remove)
        result = busy.tick()
        removed.result()
    assert (result.actuated.outcome, busy.dynos()) == ("skipped", 1)
    assert result.actuated.error == "the role was removed meanwhile"


def test_the_document_on_herokus_errors_lists_every_answer() -> None:
    document = (ROOT / "docs/heroku-errors.md").read_text()
    asked = {*REFUSALS, *LOST}
    missing = [
        (status, id_) for status, id_, _ in asked if not {str(status), id_} & words(document)
    ]
    assert missing == []


def words(document: str) -> set[str]:
    return set(re.findall(r"\w+", document))
