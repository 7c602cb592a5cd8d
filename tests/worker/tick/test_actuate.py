from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.worker.world import World, wait_until

MakeWorld = Callable[..., World]
FORMATION = "/apps/.*/formation"


@pytest.fixture
def busy(world: MakeWorld) -> World:
    """Make a role that needs many more dynos than it has."""
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=50)
    here.publish(200)
    return here


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"id": "not_found", "message": "Couldn't find that process type (worker)."}),
        (422, {"id": "invalid_params", "message": "App must be deployed before scaling."}),
        (402, {"id": "delinquent", "message": "Please pay."}),
        (409, {"id": "conflict", "message": "Try again."}),
    ],
)
def test_a_refused_change_is_kept_in_herokus_words_and_tried_again(
    busy: World, status: int, body: dict[str, str]
) -> None:
    busy.fail(FORMATION, status, method="PATCH", body=body, calls=1)
    busy.tick()
    row = busy.decisions()[0]
    assert row.outcome == "refused"
    assert str(row.error).startswith(f"{body['id']}: {body['message']}")
    busy.tick()
    assert busy.decisions()[1].outcome == "scaled"


def test_a_release_lock_is_waited_for(busy: World) -> None:
    busy.shop.locked = True
    busy.tick()
    busy.shop.locked = False
    busy.tick()
    assert [row.outcome for row in busy.decisions()] == ["refused", "scaled"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_no_usable_answer_to_a_change_is_a_failure_that_is_tried_again(
    busy: World, status: int
) -> None:
    busy.fail(FORMATION, status, method="PATCH", calls=1)
    busy.tick()
    busy.tick()
    assert [row.outcome for row in busy.decisions()] == ["failed", "scaled"]


def test_a_change_whose_answer_was_lost_is_not_done_twice(busy: World) -> None:
    busy.fail(FORMATION, method="PATCH", hang=3.5, calls=1)
    first = busy.tick()
    assert busy.decisions()[0].outcome == "failed"
    wait_until(lambda: bool(busy.sandbox.heroku.changes))
    second = busy.tick()
    assert second.decision.current == first.decision.desired
    assert len(busy.sandbox.heroku.changes) == 1


def test_the_limit_that_heroku_names_is_used_at_once_and_remembered(busy: World) -> None:
    busy.shop.limit = 7
    result = busy.tick()
    role = busy.stored_role()
    assert (busy.dynos(), result.actuated.outcome, role.platform_limit) == (7, "scaled", 7)
    assert "cannot_run_above_limit" in str(result.actuated.error)


def test_no_more_dynos_than_the_known_limit_are_asked_for(busy: World) -> None:
    busy.shop.limit = 7
    busy.tick()
    asked = busy.asked("PATCH", "/apps")
    later = busy.tick()
    assert (later.decision.desired, later.actuated.outcome) == (7, "held")
    assert busy.asked("PATCH", "/apps") == asked


def test_a_dyno_limit_is_tried_again_after_an_hour(busy: World) -> None:
    busy.shop.limit = 7
    busy.tick()
    busy.shop.limit = None
    believed_until = busy.stored_role().platform_limit_until
    assert believed_until == busy.clock.now + timedelta(hours=1)
    busy.change(busy.role, platform_limit_until=busy.clock.now)
    busy.tick()
    assert busy.dynos() > 7


def test_a_limit_of_the_whole_app_leaves_what_other_process_types_do_not_use(
    world: MakeWorld,
) -> None:
    # Standard-1X: 100 dynos over all types; 92 run elsewhere, so 8 are left for the worker
    here = world(
        processing_time=10.0, maximum_dynos=50, formation={"web": 90, "clock": 2, "worker": 1}
    )
    here.publish(200)
    here.tick()
    assert (here.dynos(), here.stored_role().platform_limit) == (8, 8)


def test_a_dyno_limit_that_is_reached_already_changes_nothing(busy: World) -> None:
    busy.shop.limit = 1
    result = busy.tick()
    assert (result.actuated.outcome, busy.dynos()) == ("refused", 1)
    assert busy.asked("PATCH", "/apps") == 1


def test_a_role_learns_nothing_from_its_neighbors_limit(busy: World) -> None:
    other = busy.add_role("other", queues=["worker"], process_type="web")
    busy.shop.limit = 7
    busy.tick()
    assert busy.tick(other, after=0).context.settings.platform_limit is None
