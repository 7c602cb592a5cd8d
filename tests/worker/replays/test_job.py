from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlmodel import Session, select

from guv.history.models import SampleRow
from guv.replays.start import QUEUE, enqueue_replay
from tests.builders import NOON, an_hour
from tests.worker.replays.rows import a_replay, long_replay, stored_replay
from tests.worker.world import World
from worker import jobs
from worker.replays.job import FAULT, NOTHING, run_replay, stopping

MakeWorld = Callable[..., World]


@pytest.fixture(autouse=True)
def going_on() -> Iterator[None]:
    yield
    stopping.clear()


def test_a_replay_keeps_its_result_with_the_record_first(world: MakeWorld) -> None:
    here = world(processing_time=1.0)
    fixed = {"policy": "fixed", "minimum_dynos": 3, "maximum_dynos": 3}
    row = a_replay(here, {}, fixed)
    assert run_replay(here.runtime, row.id)
    done = stored_replay(here, row)
    assert (done.state, done.progress, done.error) == ("done", 1.0, None)
    assert done.finished_at is not None
    assert done.result is not None
    names = [run["name"] for run in done.result["runs"]]
    assert names == ["recorded", "variant 0", "variant 1"]
    hours = [run["dyno_hours"] for run in done.result["runs"]]
    assert hours[1:] == pytest.approx([hours[0], 3 * hours[0]], abs=0.001)
    assert done.result["runs"][1]["share_in_time"] == 1.0


def test_replayed_dynos_are_priced_by_the_size_last_seen(world: MakeWorld) -> None:
    here = world()
    with Session(here.runtime.engine) as session:
        an_hour(session, here.role, NOON - timedelta(hours=1), dyno_size="Standard-1X")
        session.commit()
    row = a_replay(here, {})
    run_replay(here.runtime, row.id)
    result = stored_replay(here, row).result
    assert result is not None
    recorded = result["runs"][0]
    assert recorded["usd"] == pytest.approx(recorded["dyno_hours"] * 0.035, abs=1e-4)


def test_a_pause_of_today_does_not_hold_in_a_replay_of_yesterday(world: MakeWorld) -> None:
    here = world(processing_time=1.0, pause={"direction": "both"}, minimum_dynos=3)
    row = a_replay(here, {})
    run_replay(here.runtime, row.id)
    result = stored_replay(here, row).result
    assert result is not None
    assert result["runs"][1]["ups"] == 1


def test_a_doubled_job_finds_its_replay_taken(world: MakeWorld) -> None:
    here = world()
    row = a_replay(here, {})
    assert run_replay(here.runtime, row.id)
    assert not run_replay(here.runtime, row.id)
    assert not run_replay(here.runtime, uuid4())


def test_a_replay_of_a_time_without_counts_fails_with_that_reason(world: MakeWorld) -> None:
    here = world()
    row = a_replay(here, {}, since=NOON, until=NOON + timedelta(hours=1))
    assert not run_replay(here.runtime, row.id)
    failed = stored_replay(here, row)
    assert (failed.state, failed.error) == ("failed", NOTHING)


def test_a_fault_marks_its_replay_as_failed_without_details(world: MakeWorld) -> None:
    here = world()
    row = a_replay(here, {"schedules": [{"nonsense": True}]})
    with pytest.raises(TypeError):
        run_replay(here.runtime, row.id)
    failed = stored_replay(here, row)
    assert (failed.state, failed.error) == ("failed", FAULT)


def test_a_stopping_process_gives_its_replay_back(world: MakeWorld) -> None:
    here = world()
    row = long_replay(here)
    stopping.set()
    assert not run_replay(here.runtime, row.id)
    back = stored_replay(here, row)
    assert (back.state, back.progress, back.finished_at) == ("queued", 0.0, None)
    with Redis.from_url(here.runtime.config.redis_url.get_secret_value()) as redis:
        assert Queue(QUEUE, connection=redis, serializer=JSONSerializer).count == 1
    stopping.clear()
    assert run_replay(here.runtime, row.id)


def test_the_name_of_the_replay_job_is_a_wire_format(
    world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = world()
    row = a_replay(here, {})
    monkeypatch.setattr(jobs, "process_runtime", lambda: here.runtime)
    with Redis.from_url(here.runtime.config.redis_url.get_secret_value()) as redis:
        enqueue_replay(redis, row.id)
        [job] = Queue(QUEUE, connection=redis, serializer=JSONSerializer).jobs
    assert job.func_name == "worker.jobs.replay_role"
    assert job.func(*job.args)
    assert stored_replay(here, row).state == "done"


def test_a_web_role_is_replayed_on_its_requests(world: MakeWorld) -> None:
    here = world(signal="web", process_type="web", concurrency=5)
    row = a_replay(here, {"policy": "fixed", "minimum_dynos": 4, "maximum_dynos": 4})
    reading = {"seconds": 30, "requests": 600, "p50": 0.1, "p95": 0.3, "p99": 0.6, "mean": 0.12}
    with Session(here.runtime.engine) as session:
        for sample in session.exec(select(SampleRow)):
            sample.web = reading
            session.add(sample)
        session.commit()
    assert run_replay(here.runtime, row.id)
    done = stored_replay(here, row)
    assert (done.state, done.error) == ("done", None)
    assert done.result is not None
    recorded, fixed = done.result["runs"]
    assert recorded["share_in_time"] == pytest.approx(0.977, abs=0.01)
    assert fixed["share_in_time"] >= recorded["share_in_time"]
