"""Overlapping changes: no older decision undoes a newer one, and late answers are not foreign."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sqlmodel import Session

from guv.settings.queries import Edit, read_level, write_level
from tests.worker.world import World, wait_until
from worker import jobs

MakeWorld = Callable[..., World]
FORMATION = "/apps/.*/formation"


def set_maximum(here: World, dynos: int) -> None:
    with Session(here.runtime.engine) as session:
        level = read_level(session, here.tenant, "role", here.role.id)
        level = replace(level, values={**level.values, "maximum_dynos": dynos})
        edit = Edit("test", here.clock.now)
        write_level(session, here.tenant, level, here.role.id, notify=None, edit=edit)
        session.commit()


def test_a_tick_that_waited_long_does_not_undo_the_change_of_a_newer_tick(
    world: MakeWorld,
) -> None:
    here = world(processing_time=10.0, maximum_dynos=5)
    here.publish(200)
    here.fail("/api/queues/.*", hang=1.5, calls=1)
    asked = here.asked("GET", "/api/queues/.*")
    here.make_due()
    with ThreadPoolExecutor(1) as threads:
        older = threads.submit(jobs.tick_due, here.runtime, [here.role.id])
        wait_until(lambda: here.asked("GET", "/api/queues/.*") > asked)
        set_maximum(here, 2)
        here.make_due()
        newer = jobs.tick_due(here.runtime, [here.role.id])[here.role.id]
        result = older.result()[here.role.id]
    assert newer is not None
    assert result is not None
    assert (newer.actuated.outcome, result.actuated.outcome) == ("scaled", "skipped")
    assert (result.decision.desired, here.dynos()) == (5, 2)
    assert [change.after for change in here.sandbox.heroku.changes] == [2]


def test_guvs_change_that_heroku_applies_late_is_not_foreign(
    world: MakeWorld,
) -> None:
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=5)
    here.publish(200)
    here.fail(FORMATION, method="PATCH", hang=3.5, calls=1)
    unanswered = here.tick()
    set_maximum(here, 9)
    newer = here.tick()
    wait_until(lambda: len(here.sandbox.heroku.changes) == 2)
    assert here.dynos() == unanswered.decision.desired != newer.decision.desired
    result = here.tick()
    assert (unanswered.actuated.outcome, newer.actuated.outcome) == ("failed", "scaled")
    assert result.external_change is None
    assert here.dynos() == result.decision.desired
