"""Faults around guv, which cost a role its ticks at most and scale nobody wrongly."""

import os
import signal
import time
from typing import Any

import pytest

from guv.roles.tick_schedule import LEASE_S
from sandbox.services import RabbitMQ
from tests.system.world import INTERVAL, World, wait_until

pytestmark = pytest.mark.system


@pytest.mark.own_broker
@pytest.mark.xdist_group("rabbitmq")
def test_a_broker_that_stops_for_six_ticks_scales_nothing_and_comes_back(
    world: World, broker: RabbitMQ
) -> None:
    world.set_role(minimum_dynos=0, maximum_dynos=4, target_deadline=600, processing_time=300)
    world.publish(8)
    wait_until(lambda: world.dynos == 4, 60)
    broker.control("stop_app")
    try:
        wait_until(lambda: len(_without_data(world)) >= 6, 180)
        assert world.dynos == 4
    finally:
        broker.control("start_app")
    held = _without_data(world)
    wait_until(lambda: world.decisions()[-1]["reason"] != "no_data", 90)

    assert {decision["direction"] for decision in held} == {"hold"}
    assert all(decision["sample"]["messages_ready"] is None for decision in held)
    assert [change.after for change in world.sandbox.heroku.changes] == [4]


def _without_data(world: World) -> list[dict[str, Any]]:
    return [row for row in world.decisions() if row["reason"] == "no_data"]


def test_a_worker_killed_in_the_middle_costs_its_role_a_moment(world: World) -> None:
    world.set_role(minimum_dynos=1, maximum_dynos=2)
    wait_until(lambda: len(world.decisions()) >= 2, 30)
    killed = world.fleet.kill("worker-1")
    before = len(world.decisions())
    world.fleet.start("worker-2")
    wait_until(lambda: len(world.decisions()) > before + 1, LEASE_S + 3 * INTERVAL)

    assert killed >= 2  # the pool and its process


def test_one_killed_process_of_the_pool_is_replaced(world: World) -> None:
    world.set_role(minimum_dynos=1, maximum_dynos=2)
    wait_until(lambda: len(world.decisions()) >= 1, 30)
    pool, *children = sorted(world.fleet.pids("worker-1"))
    kill_one = children[-1]
    os.kill(kill_one, signal.SIGKILL)
    before = len(world.decisions())
    wait_until(lambda: len(world.decisions()) > before + 1, LEASE_S + 3 * INTERVAL)

    assert pool in world.fleet.pids("worker-1")
    assert kill_one not in world.fleet.pids("worker-1")


def test_two_clocks_make_no_tick_twice(world: World) -> None:
    world.fleet.start("clock-2")
    for name in ("worker", "mailer"):
        world.set_role(name, minimum_dynos=1, maximum_dynos=1)
    time.sleep(6 * INTERVAL)

    for name in ("worker", "mailer"):
        rows = world.decisions(name)
        assert 4 <= len(rows) <= 6 + 2  # one at once, and one of a tick that is late
        assert {row["outcome"] for row in rows} == {"held"}
