import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from guv.clock import steady_seconds
from guv.config import Config
from guv.replays.start import enqueue_replay
from guv.roles.tick_schedule import LEASE_S
from sandbox.tcp_proxy import TcpProxy
from tests.worker.replays.rows import long_replay, stored_replay
from tests.worker.world import World, wait_until
from worker.clock import HEARTBEAT
from worker.process.job_queue import tick_queue

MakeWorld = Callable[..., World]
ROOT = Path(__file__).parent.parent.parent


class Running:
    """A running process of guv and its log."""

    def __init__(self, module: str, environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def text(self) -> str:
        return self.log.read_text()

    def events(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.text().splitlines()]

    def stop(self) -> float:
        """Send SIGTERM and return the seconds until the end."""
        start = steady_seconds()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        return steady_seconds() - start

    def stop_as_heroku(self) -> float:
        """Send SIGTERM to every process, as Heroku does, and return the seconds until the end."""
        start = steady_seconds()
        for pid in (self.process.pid, *self.children()):
            os.kill(pid, signal.SIGTERM)
        self.process.wait(30)
        return steady_seconds() - start

    def children(self) -> list[int]:
        """Return the ids of its child processes."""
        own = self.process.pid
        return [int(pid) for pid in Path(f"/proc/{own}/task/{own}/children").read_text().split()]


@pytest.fixture
def gate(redis_url: str) -> Iterator[TcpProxy]:
    gate = TcpProxy(redis_url)
    yield gate
    gate.close()


@pytest.fixture
def start(
    outside_config: Config, gate: TcpProxy, tmp_path: Path
) -> Iterator[Callable[..., Running]]:
    """Return a function that starts a module as a process whose Redis is behind the gate."""
    environment = {
        name.upper(): _text(getattr(outside_config, name)) for name in Config.model_fields
    }
    environment |= {"REDIS_URL": gate.url, "GUV_WORKER_PROCESSES": "1", "GUV_CLOCK_BEAT": "0.1"}
    environment = {name: value for name, value in environment.items() if value}
    started: list[Running] = []

    def run(module: str, **other: str) -> Running:
        given = {**environment, **other}
        started.append(Running(module, given, tmp_path / f"{module}-{len(started)}.log"))
        return started[-1]

    yield run
    for running in started:
        running.process.kill()
        running.process.wait()


def _text(value: Any) -> str:
    secret = getattr(value, "get_secret_value", None)
    return "" if value is None else str(secret() if secret else value)


def beats(redis_url: str) -> Callable[[], bool]:
    """Return whether the clock has recorded a beat since the last call."""
    with Redis.from_url(redis_url) as redis:
        redis.delete(HEARTBEAT)
    return lambda: Redis.from_url(redis_url).get(HEARTBEAT) is not None


def test_the_clock_stops_well_within_the_grace(
    start: Callable[[str], Running], redis_url: str
) -> None:
    clock = start("worker.clock")
    wait_until(beats(redis_url))
    assert clock.stop() < 5.0
    assert clock.process.returncode == 0


def test_the_clock_stops_within_a_second_while_redis_is_away(
    start: Callable[[str], Running], gate: TcpProxy
) -> None:
    gate.shut()
    clock = start("worker.clock")
    wait_until(lambda: "clock_stopped" in clock.text())
    time.sleep(1.0)
    assert clock.stop() < 5.0


def test_the_clock_outlives_an_outage_of_redis_and_logs_the_outage_once(
    start: Callable[[str], Running], gate: TcpProxy, redis_url: str
) -> None:
    clock = start("worker.clock")
    wait_until(beats(redis_url))
    gate.shut()
    wait_until(lambda: "clock_stopped" in clock.text())
    time.sleep(1.5)
    gate.open()
    wait_until(lambda: "clock_recovered" in clock.text())
    assert clock.events() == ["clock_started", "clock_stopped", "clock_recovered"]


def test_clock_and_worker_tick_a_role_again_and_again(
    start: Callable[[str], Running], world: MakeWorld
) -> None:
    here = world(interval=1)
    here.make_due()
    start("worker.clock")
    worker = start("worker")
    wait_until(lambda: len(here.decisions()) >= 3, 20)
    assert worker.stop() < 5.0
    assert worker.process.returncode == 0


def test_a_worker_that_starts_before_redis_waits_for_it(
    start: Callable[[str], Running], world: MakeWorld, gate: TcpProxy
) -> None:
    here = world(interval=1)
    here.make_due()
    gate.shut()
    worker = start("worker")
    wait_until(lambda: "redis_unavailable" in worker.text())
    time.sleep(1.0)
    gate.open()
    start("worker.clock")
    wait_until(lambda: len(here.decisions()) >= 1, 20)
    assert worker.events()[:3] == ["redis_unavailable", "redis_recovered", "worker_started"]


def test_a_worker_outlives_an_outage_of_redis(
    start: Callable[[str], Running], world: MakeWorld, gate: TcpProxy
) -> None:
    here = world(interval=1)
    here.make_due()
    start("worker.clock")
    worker = start("worker")
    wait_until(lambda: len(here.decisions()) >= 1, 20)
    gate.shut()
    time.sleep(2.0)
    before = len(here.decisions())
    gate.open()
    # A job that was on its way when Redis went away costs its role a lease.
    wait_until(lambda: len(here.decisions()) >= before + 2, LEASE_S + 20)
    assert worker.process.poll() is None


def test_a_worker_logs_a_full_redis_and_continues(
    start: Callable[[str], Running], redis_url: str
) -> None:
    with Redis.from_url(redis_url) as redis:
        usual = redis.config_get("maxclients")["maxclients"]
        redis.config_set("maxclients", len(redis.client_list()) + 3)
        try:
            worker = start("worker")
            wait_until(lambda: "process_failed" in worker.text(), 30)
        finally:
            redis.config_set("maxclients", usual)
        wait_until(lambda: redis.scard("rq:workers") == 2, 30)
    worker.stop()
    assert "max number of clients reached" in worker.text()
    assert "process_failed" in worker.events()  # each line is JSON


def test_no_child_outlives_a_killed_worker(
    start: Callable[[str], Running], world: MakeWorld
) -> None:
    here = world(interval=1)
    here.make_due()
    start("worker.clock")
    worker = start("worker")
    wait_until(lambda: len(here.decisions()) >= 1, 20)
    children = worker.children()
    worker.process.kill()
    worker.process.wait()
    assert children
    wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in children))


def test_an_idle_worker_ends_in_time_when_every_process_is_asked_to_end(
    start: Callable[..., Running], redis_url: str
) -> None:
    worker = start("worker", GUV_WORKER_PROCESSES="5")
    with Redis.from_url(redis_url) as redis:
        wait_until(lambda: len(redis.client_list(_type="pubsub")) == 6)  # each listens, one replays
    time.sleep(1.0)
    assert worker.stop_as_heroku() < 15.0
    assert worker.process.returncode == 0


def test_what_the_processes_write_holds_no_secret(
    start: Callable[[str], Running], world: MakeWorld, outside_config: Config
) -> None:
    here = world(interval=1, processing_time=10.0)
    here.publish(50)
    here.fail("/api/queues", 401, body={"reason": "Login failed"}, calls=1)
    here.make_due()
    clock, worker = start("worker.clock"), start("worker")
    wait_until(lambda: len(here.decisions()) >= 3, 20)
    keys = outside_config.guv_encryption_keys.get_secret_value()
    secrets = ("marker", "HRKU-", here.access.password, keys)
    written = clock.text() + worker.text() + repr(here.decisions())
    assert "tick_done" in written
    assert [secret for secret in secrets if secret in written] == []


def test_what_redis_keeps_of_a_job_that_failed_holds_no_secret(
    start: Callable[..., Running], redis_url: str
) -> None:
    worker = start("worker")
    with Redis.from_url(redis_url) as redis:
        job = tick_queue(redis).enqueue("worker.jobs.do_chore", "amqps://u:pass-marker@h/v")
        wait_until(lambda: job.get_status() == "failed", 20)
        result = job.latest_result()
    assert result is not None
    assert "KeyError" in str(result.exc_string)
    assert "pass-marker" not in str(result.exc_string)
    assert "pass-marker" not in worker.text()


def test_ticks_continue_during_a_replay_that_survives_a_restart(
    start: Callable[[str], Running], world: MakeWorld, redis_url: str
) -> None:
    here = world(interval=1)
    replay = long_replay(here)
    start("worker.clock")
    worker = start("worker")
    with Redis.from_url(redis_url) as redis:
        enqueue_replay(redis, replay.id)
    wait_until(lambda: 0.0 < stored_replay(here, replay).progress < 1.0, 30)
    before = len(here.decisions())
    here.make_due()
    wait_until(lambda: len(here.decisions()) >= before + 2, 20)
    assert stored_replay(here, replay).state == "running"
    assert worker.stop() < 10.0
    assert stored_replay(here, replay).state == "queued"
    start("worker")
    wait_until(lambda: stored_replay(here, replay).state == "running", 20)
