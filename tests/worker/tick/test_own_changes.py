"""guv's own changes, known from its decisions whatever could be read since."""

from collections.abc import Callable
from typing import Any

import pytest

from guv.scaling import Reason
from tests.worker.world import World
from worker.process.runtime import build_runtime
from worker.tick.result import TickResult

MakeWorld = Callable[..., World]
FORMATION = "/apps/.*/formation"
QUIET: dict[str, dict[str, Any]] = {
    "cooldown": {"cooldown_down": 3600.0},
    "change budget": {"change_budget": 1},
}


def scaled_up(world: MakeWorld, **settings: Any) -> World:
    """Make a role that guv has just scaled up from 1 to 20, with an empty queue."""
    here = world(
        minimum_dynos=0, maximum_dynos=20, processing_time=10.0, target_deadline=60.0, **settings
    )
    here.publish(400)
    here.tick()
    assert here.dynos() == 20
    here.drain()
    return here


def after_an_unreadable_formation(here: World) -> list[TickResult]:
    here.fail(FORMATION, 503)
    here.tick()
    here.mend()
    return here.ticks(60)


@pytest.mark.parametrize("limit", QUIET)
def test_a_limit_of_changes_outlasts_one_unreadable_formation(world: MakeWorld, limit: str) -> None:
    here = scaled_up(world, **QUIET[limit])
    results = after_an_unreadable_formation(here)
    assert [result.decision.current for result in results] == [20] * 6
    assert here.dynos() == 20


@pytest.mark.parametrize("limit", QUIET)
def test_another_process_knows_the_changes_of_the_first(world: MakeWorld, limit: str) -> None:
    here = scaled_up(world, **QUIET[limit])
    here.runtime, first = build_runtime(here.runtime.config), here.runtime
    try:
        results = after_an_unreadable_formation(here)
    finally:
        here.runtime.close()
        here.runtime = first
    assert here.dynos() == 20
    assert Reason.IDLE not in {result.decision.reason for result in results}


def test_changes_are_read_with_the_samples_and_kept_in_memory(world: MakeWorld) -> None:
    here = scaled_up(world, cooldown_down=3600.0)
    for result in here.ticks(30):
        [change] = result.context.settings.memory.changes
        assert (change.before, change.after) == (1, 20)
