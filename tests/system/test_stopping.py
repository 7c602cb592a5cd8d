"""Shutdown of guv's processes within the 30 seconds that Heroku grants."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine

from guv.clock import steady_seconds
from sandbox.traffic import Fault
from tests.system.small import MakeSurroundings, Small, a_small_world
from tests.system.world import wait_until

pytestmark = pytest.mark.system
HEROKUS_PATIENCE = 30.0
HANG = 3.0  # seconds that an answer from outside takes


def ended(world: Small, name: str) -> float:
    """Ask the process to end and return the seconds until it has."""
    start = steady_seconds()
    world.fleet.stop(name)
    return steady_seconds() - start


def asked(world: Small, path: str) -> int:
    """Count the requests for a path that have begun."""
    return len(world.sandbox.traffic.requests("GET", path))


def test_every_process_that_stops_finishes_its_work(
    surroundings: MakeSurroundings, engine: Engine, tmp_path: Path
) -> None:
    with a_small_world(surroundings, engine, tmp_path) as world:
        world.set_role(minimum_dynos=0, maximum_dynos=4, target_deadline=600, processing_time=300)
        wait_until(world.count, 20)
        wait_until(lambda: "provisioning_tried" in world.fleet.log("worker-1"), 30)
        a_tick_under_way_is_finished_and_recorded(world)
        a_beat_is_finished(world)
        a_request_under_way_is_answered(world)


def a_tick_under_way_is_finished_and_recorded(world: Small) -> None:
    path = f"/apps/{world.app.id}/formation"
    world.sandbox.traffic.add_fault(Fault(path=path, hang=HANG))
    before, calls = world.count(), asked(world, path)
    wait_until(lambda: asked(world, path) > calls, 20)

    assert ended(world, "worker-1") < HEROKUS_PATIENCE
    assert world.count() > before
    assert "Traceback" not in world.fleet.log("worker-1")


def a_beat_is_finished(world: Small) -> None:
    assert ended(world, "clock-1") < HEROKUS_PATIENCE
    assert "Traceback" not in world.fleet.log("clock-1")


def a_request_under_way_is_answered(world: Small) -> None:
    path = "/api/queues"
    world.sandbox.traffic.add_fault(Fault(path=path, hang=2.0))
    statuses: list[int] = []
    trial = "apps/shop/broker/test"
    request = threading.Thread(target=lambda: statuses.append(world.api.post(trial).status_code))
    calls = asked(world, path)
    request.start()
    wait_until(lambda: asked(world, path) > calls, 20)
    taken = ended(world, "api")
    request.join()

    assert taken < HEROKUS_PATIENCE
    assert statuses == [200]
    assert "Traceback" not in world.fleet.log("api")
