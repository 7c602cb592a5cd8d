from collections.abc import Callable
from threading import Event, Thread

import pytest
import structlog
from structlog.testing import capture_logs

from tests.worker.world import World
from worker import jobs
from worker.process.runtime import BackgroundBatches

MakeWorld = Callable[..., World]


def test_the_next_batch_begins_as_soon_as_a_batch_has_ended() -> None:
    underway, ends = BackgroundBatches(most=2), [Event(), Event()]
    for end in ends:
        underway.wait_for_room()
        underway.start(end.wait)
    third = Thread(target=underway.wait_for_room)
    third.start()
    third.join(0.2)
    assert third.is_alive()
    ends[1].set()
    third.join(5)
    assert not third.is_alive()
    ends[0].set()
    underway.wait()


def test_a_failed_batch_is_logged_without_secrets_and_makes_room() -> None:
    underway = BackgroundBatches(most=1)
    with capture_logs() as logged:
        underway.start(fails)
        underway.wait()
    assert [(event["event"], event["log_level"]) for event in logged] == [("ticks_failed", "error")]
    assert "marker" not in logged[0]["error"]
    underway.wait_for_room()


def fails() -> None:
    raise ValueError("amqp://me:password-marker@duck.example")


def test_a_job_ends_before_its_ticks_and_they_are_recorded_all_the_same(
    world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    structlog.reset_defaults()
    here = world()
    monkeypatch.setattr(jobs, "process_runtime", lambda: here.runtime)
    here.fail("/apps", hang=1.0)
    here.make_due()
    assert jobs.scale_roles([str(here.role.id)]) == 1
    assert here.decisions() == []
    here.runtime.background.wait()
    assert len(here.decisions()) == 1
