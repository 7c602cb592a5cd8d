"""Equality of explain and tick for the same stored state, alone and among other roles."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from guv.clock import unix_seconds
from guv.history.samples import read_history
from guv.roles.models import Role
from guv.roles.scaling_input import stored_scaling_input
from guv.scaling import Decision, Reason, decide
from guv.settings.queries import role_settings
from tests.worker.world import World
from worker.tick.batch import tick_roles

MakeWorld = Callable[..., World]
SIZES = ("Basic", "Standard-1X")
SETTINGS: tuple[dict[str, Any], ...] = (
    {"maximum_dynos": 20},
    {"maximum_dynos": 20, "processing_time": 2.0, "cooldown_down": 3600.0},
    {"maximum_dynos": 20, "processing_time": 2.0, "change_budget": 1},
    {"maximum_dynos": 6, "processing_time": 5.0, "monthly_dyno_hours": 10},
    {"minimum_dynos": 0, "maximum_dynos": 9, "policy": "ratio", "busy_protection_limit": 60.0},
)


def explained(here: World, role: Role) -> Decision:
    """Explain the decision at the instant of the last tick, as the API does."""
    now = here.clock.now
    with Session(here.runtime.engine) as session:
        stored = session.get_one(Role, role.id)
        effective = role_settings(session, here.tenant, here.app, stored)
        history = read_history(session, here.tenant, stored, now + timedelta(microseconds=1))
        settings = stored_scaling_input(session, here.tenant, stored, effective, history, now)
    return decide(settings, history, unix_seconds(now))


@pytest.mark.parametrize("settings", SETTINGS, ids="-".join)
@pytest.mark.parametrize("size", SIZES)
def test_explain_equals_the_tick_for_the_same_stored_state(
    world: MakeWorld, size: str, settings: dict[str, Any]
) -> None:
    draw = random.Random(f"{size}{settings}")
    here = world(**settings)
    here.shop.types["worker"].size = size
    for _ in range(6):
        here.publish(draw.choice((0, 5, 60)))
        here.work(draw.choice((0, 5, 200)))
        if draw.random() < 0.2:
            here.fail("/apps/*/formation", 503)
        result = here.tick(after=draw.choice((10.0, 10.0, 70.0)))
        here.mend()

        again = explained(here, here.role)
        assert again == result.decision, (again.explanation, result.decision.explanation)


@pytest.mark.parametrize("size", ["Eco", "Basic"])
def test_explain_knows_that_heroku_allows_one_dyno_of_that_size(
    world: MakeWorld, size: str
) -> None:
    here = world(maximum_dynos=20, processing_time=10.0)
    here.shop.types["worker"].size = size
    here.publish(500)
    here.tick()

    decision = explained(here, here.role)

    assert (decision.desired, decision.reason) == (1, Reason.PLATFORM_LIMIT)


def test_a_role_decides_the_same_alone_and_among_twenty(world: MakeWorld) -> None:
    settings = {"maximum_dynos": 20, "processing_time": 2.0}
    alone, crowded = world(**settings), world(**settings)
    others = [crowded.add_role(f"other{number}", queues=["worker"]) for number in range(19)]
    for here in (alone, crowded):
        here.publish(80)

    tick_roles(alone.runtime, [alone.role.id])
    tick_roles(crowded.runtime, [crowded.role.id, *(role.id for role in others)])

    last = [
        next(row for row in here.decisions() if row.role_id == here.role.id)
        for here in (alone, crowded)
    ]
    same = ("current", "required", "desired", "reason", "explanation", "outcome")
    assert [getattr(last[0], name) for name in same] == [getattr(last[1], name) for name in same]
    assert last[0].desired == 8
    assert last[0].outcome == "scaled"
