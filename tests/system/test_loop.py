"""guv's promise on its own processes and a real broker."""

from datetime import datetime
from itertools import pairwise

import pytest

from tests.system.world import INTERVAL, STALENESS, World, wait_until

pytestmark = pytest.mark.system


def test_a_burst_of_jobs_brings_dynos_in_time_and_its_end_removes_them(world: World) -> None:
    world.set_role(minimum_dynos=0, maximum_dynos=10, target_deadline=30, processing_time=1)
    with world.consuming(seconds=1.0):
        wait_until(lambda: world.dynos == 0, 30 * INTERVAL)
        world.publish(60)
        wait_until(lambda: world.dynos > 0, 2 * INTERVAL + STALENESS)
        wait_until(lambda: world.dynos == 0, 120)

    decisions = world.decisions()
    assert {"up", "down"} <= {decision["direction"] for decision in decisions}
    assert max(decision["desired"] or 0 for decision in decisions) <= 10
    assert no_tick_is_missing(decisions)


def test_a_spike_beyond_the_maximum_is_one_alert_that_resolves(world: World) -> None:
    key, secret = "license-key-marker-0123456789", "whsec_d2ViaG9vay1zZWNyZXQtbWFya2VyLTI0"
    world.sandbox.hooks.secrets["shop"] = secret
    notify = {
        "new_relic": {"account_id": 4711, "license_key": key, "events": "all", "heartbeat": True},
        "webhook": {"url": f"{world.sandbox.url}/hooks/shop", "secret": secret},
    }
    world.set_role(
        minimum_dynos=1,
        maximum_dynos=2,
        target_deadline=10,
        processing_time=0.5,
        alert_after=5,
        notify=notify,
    )
    with world.consuming(seconds=0.5):
        world.publish(160)
        wait_until(lambda: world.sandbox.new_relic.incidents, 60)
        wait_until(lambda: world.sandbox.new_relic.incidents[0].closed_at, 150)
        wait_until(lambda: len(world.sandbox.hooks.taken) > 1, 10)

    incidents = world.sandbox.new_relic.incidents
    assert len(incidents) == 1
    assert "2 dynos" in incidents[0].description
    assert world.sandbox.new_relic.errors == []
    delivered = [delivery.body["type"] for delivery in world.sandbox.hooks.taken]
    assert delivered == ["incident.opened", "incident.resolved"]
    kinds = {event.attributes["eventType"] for event in world.sandbox.new_relic.events}
    assert kinds >= {"NrAiIncidentExternal", "GuvHeartbeat"}
    known = world.api.get("incidents").json()["incidents"]
    assert [incident["cause"] for incident in known] == ["deadline_missed"]
    assert known[0]["resolved_at"] is not None


def no_tick_is_missing(decisions: list[dict[str, object]]) -> bool:
    """Return whether neighboring decisions are at most two intervals apart."""
    times = [datetime.fromisoformat(str(decision["at"])).timestamp() for decision in decisions]
    gaps = [late - early for early, late in pairwise(times)]
    return len(times) > 3 and max(gaps) < 2 * INTERVAL
