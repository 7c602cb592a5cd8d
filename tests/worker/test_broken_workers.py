"""Broken workers: dynos that would not help are not added, and an incident says so."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.worker.world import World

MakeWorld = Callable[..., World]


@pytest.fixture
def wanting(world: MakeWorld) -> World:
    """Make a role that may have many more dynos than it gets at first."""
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=50, step_up=4)
    here.notify_webhook()
    here.publish(300)
    return here


def opened(here: World) -> list[str]:
    return [incident.cause for incident in here.incidents() if incident.opened_at is not None]


def hold(here: World, held: list[Any]) -> None:
    """Let each dyno take a message that it never finishes."""
    while len(held) < here.dynos():
        consumer = here.sandbox.broker.consume(here.access.vhost, "worker")
        held.append((consumer, consumer.take(0)))


def test_dynos_that_never_consume_are_not_joined_by_more(wanting: World) -> None:
    wanting.ticks(150)
    stopped = wanting.dynos()
    wanting.ticks(200)
    assert wanting.dynos() == stopped < 50
    assert wanting.decisions()[-1].reason == "no_gain"
    assert "no_gain" in opened(wanting)
    assert "do not consume" in wanting.incidents()[0].text


def test_jobs_that_never_end_are_not_joined_by_more(wanting: World) -> None:
    held: list[Any] = []
    for _ in range(13):
        hold(wanting, held)
        wanting.tick()
    stopped = wanting.dynos()
    for _ in range(20):
        hold(wanting, held)
        wanting.tick()
    assert wanting.dynos() == stopped < 50
    assert wanting.decisions()[-1].reason == "no_gain"
    assert "no_gain" in opened(wanting)
    assert any("no message was finished for" in incident.text for incident in wanting.incidents())


def test_dynos_that_consume_again_are_joined_by_more(wanting: World) -> None:
    wanting.ticks(200)
    stopped = wanting.dynos()
    consumers = 0
    for _ in range(20):
        wanting.consumers(max(0, wanting.dynos() - consumers))
        consumers = max(consumers, wanting.dynos())
        wanting.work(wanting.dynos())
        wanting.publish(wanting.dynos())
        wanting.tick()
    assert wanting.dynos() > stopped


def test_dynos_that_bring_no_more_throughput_are_not_joined_by_more(world: MakeWorld) -> None:
    here = world(
        processing_time=2.0, target_deadline=60.0, maximum_dynos=300, step_up=15, cooldown_up=90
    )
    here.publish(2000)
    consumers = 0
    for _ in range(45):
        here.consumers(max(0, here.dynos() - consumers))
        consumers = max(consumers, here.dynos())
        here.work(100)  # a database behind them is the limit
        here.publish(200)
        here.tick()
    assert here.dynos() < 100
    assert here.decisions()[-1].reason == "no_gain"
    assert "throughput per dyno fell" in here.decisions()[-1].explanation
