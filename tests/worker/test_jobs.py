from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from redis import Redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from structlog.testing import LogCapture

from guv.clock import utc_now
from guv.roles.models import Role
from tests.worker.world import World
from worker import jobs
from worker.clock import beat
from worker.process.job_queue import tick_queue

MakeWorld = Callable[..., World]


def tick_roles(here: World, *roles: Role) -> int:
    """Run one job for these roles, all due, and count the ticks."""
    here.make_due()
    return len(jobs.tick_due(here.runtime, [role.id for role in roles]))


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    capture = LogCapture()
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, capture],
        cache_logger_on_first_use=False,
    )
    yield capture.entries
    structlog.reset_defaults()


@pytest.fixture
def own_runtime(world: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> World:
    """Make a world whose runtime is what this process builds at its first job."""
    here = world()
    monkeypatch.setattr(jobs, "process_runtime", lambda: here.runtime)
    return here


def test_a_job_ticks_its_role(world: MakeWorld) -> None:
    here = world()
    assert tick_roles(here, here.role) == 1
    assert len(here.decisions()) == 1


def test_a_doubled_job_finds_its_role_taken(world: MakeWorld) -> None:
    here = world()
    tick_roles(here, here.role)
    assert len(jobs.tick_due(here.runtime, [here.role.id])) == 0
    assert len(here.decisions()) == 1


def test_one_job_ticks_many_roles_at_the_same_time(world: MakeWorld) -> None:
    here = world()
    roles = [here.role, *(here.add_role(f"role-{n}", queues=["worker"]) for n in range(11))]
    here.fail("/apps", hang=0.3)
    start = utc_now()
    assert tick_roles(here, *roles) == 12
    assert (utc_now() - start).total_seconds() < 12 * 0.3
    assert {row.role_id for row in here.decisions()} == {role.id for role in roles}


def test_a_role_that_breaks_is_its_own_row_and_nobody_elses_problem(world: MakeWorld) -> None:
    here = world()
    broken = here.add_role("broken", queues=["worker"], schedules=[{"nonsense": True}])
    assert tick_roles(here, broken, here.role) == 2
    rows = {row.role_id: row for row in here.decisions()}
    assert (rows[broken.id].outcome, rows[here.role.id].outcome) == ("failed", "held")
    assert str(rows[broken.id].error).startswith("TypeError")
    assert len(here.samples()) == 2


def test_a_fault_shows_no_secret_in_row_or_log(world: MakeWorld, logged: list[Any]) -> None:
    here = world()
    secret = "amqp://me:url-marker@duck.example"
    broken = here.add_role("broken", schedules=[{"start": secret, secret: True}])
    tick_roles(here, broken)
    row = here.decisions()[0]
    assert "[masked]" in str(row.error)
    assert "url-marker" not in str(row.error)
    assert "url-marker" not in str(
        next(event for event in logged if event["event"] == "tick_failed")["error"]
    )


def test_keys_that_were_taken_away_fail_the_tick_and_not_the_process(world: MakeWorld) -> None:
    here = world()
    here.change(here.broker, url_sealed=b"sealed with another key")
    assert tick_roles(here, here.role) == 1
    assert "no longer configured" in str(here.decisions()[0].error)


def test_a_tick_is_one_log_line_with_its_figures(world: MakeWorld, logged: list[Any]) -> None:
    here = world(processing_time=10.0, maximum_dynos=20)
    here.publish(100)
    tick_roles(here, here.role)
    [line] = logged
    assert (line["event"], line["app"], line["role"]) == ("tick_done", here.app.name, "worker")
    assert (line["tenant"], line["outcome"]) == (str(here.tenant.id), "scaled")
    assert (line["current"], line["backlog"]) == (1, 100)
    assert line["milliseconds"] > 0


def test_log_fields_of_a_tick_do_not_leak_into_the_next_tick(
    world: MakeWorld, logged: list[Any]
) -> None:
    here = world()
    tick_roles(here, here.role)
    structlog.get_logger().info("later")
    assert set(logged[-1]) == {"event", "log_level"}


def test_the_clock_the_queue_and_a_worker_make_a_tick(own_runtime: World) -> None:
    here = own_runtime
    here.make_due()
    with Redis.from_url(here.runtime.config.redis_url.get_secret_value()) as redis:
        queue = tick_queue(redis)
        assert beat(here.runtime.engine, queue, utc_now()) == 1
        worker = SimpleWorker([queue], connection=redis, serializer=JSONSerializer)
        worker.work(burst=True)
        here.runtime.background.wait()
        assert (queue.count, queue.failed_job_registry.count) == (0, 0)
    assert len(here.decisions()) == 1


def test_the_name_of_the_tick_job_is_a_wire_format() -> None:
    assert jobs.scale_roles.__module__ == "worker.jobs"
    assert jobs.scale_roles.__name__ == "scale_roles"


def test_a_removed_role_gets_no_tick(own_runtime: World) -> None:
    here = own_runtime
    with here.runtime.engine.begin() as connection:
        connection.exec_driver_sql("delete from role")
    assert jobs.scale_roles([str(here.role.id)]) == 0
