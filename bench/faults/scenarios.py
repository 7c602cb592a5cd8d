"""What fails, for how long, and how it comes back."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from redis import Redis

from bench.faults.environment import Stage, wait_for
from sandbox.traffic import Fault

Scene = Callable[[Stage, float], None]


class CannotStage(Exception):
    """Why a fault cannot be made on this machine."""


HANG_S = 8.0  # longer than guv waits for anybody
LONGEST_S = 60.0  # until a tick meets the full disk
RESTART_S = 1.0  # Heroku starts a crashed dyno anew


def _kills(stage: Stage, seconds: float) -> None:
    """Kill processes at random moments, also in the middle of a tick, and start them anew."""
    end = time.monotonic() + seconds
    with _faulty(stage, Fault("/apps", hang=1.0)):  # so that ticks last
        while time.monotonic() < end:
            name = random.choice(("api", "clock-1", "worker-1", "worker-1"))
            stage.fleet.kill(name)
            time.sleep(RESTART_S)
            stage.fleet.start(name)
            time.sleep(random.uniform(1.0, 4.0))


def _no_database(stage: Stage, seconds: float) -> None:
    stage.database.shut()
    time.sleep(seconds)
    stage.database.open()


def _no_redis(stage: Stage, seconds: float) -> None:
    """Redis is away and comes back empty, as one without a disk does."""
    stage.redis.shut()
    time.sleep(seconds)
    _empty(stage, 0.0)
    stage.redis.open()


def _empty(stage: Stage, seconds: float) -> None:
    with Redis.from_url(stage.redis_url) as redis:
        redis.flushall()
    time.sleep(seconds)


def _cut_off(stage: Stage, seconds: float) -> None:
    """Heroku's answers break off in their first line."""
    stage.heroku.cuts = True
    time.sleep(seconds)
    stage.heroku.cuts = False


@contextmanager
def _faulty(stage: Stage, fault: Fault) -> Iterator[None]:
    stage.sandbox.traffic.add_fault(fault)
    yield
    stage.sandbox.traffic.clear_faults()


def _answering(path: str, **fault: object) -> Scene:
    def scene(stage: Stage, seconds: float) -> None:
        with _faulty(stage, Fault(path, **fault)):  # type: ignore[arg-type]
            time.sleep(seconds)

    return scene


def _hanging_heroku(stage: Stage, seconds: float) -> None:
    """Heroku's answers come too late; what guv gave up is carried out all the same, later."""
    _answering("/apps", hang=HANG_S)(stage, seconds)
    time.sleep(HANG_S)


def _full_disk(stage: Stage, seconds: float) -> None:
    if stage.disk is None:
        raise CannotStage("only root can make a small disk")
    before = _without_room(stage)
    stage.ask_for_room(always=True)
    stage.disk.fill()
    time.sleep(seconds)
    felt = wait_for(lambda: _without_room(stage) > before, LONGEST_S)
    stage.disk.empty()
    stage.ask_for_room(always=False)
    if felt is None:
        raise CannotStage("no tick needed room on the disk")


def _without_room(stage: Stage) -> int:
    """Count the ticks that met the full disk."""
    return stage.fleet.log("worker-1").count("DiskFull")


def _deploy(stage: Stage, seconds: float) -> None:
    """Run processes of an earlier version on the new schema; start new ones, then end the old."""
    if stage.earlier is None:
        raise CannotStage("this checkout has no earlier commits")
    new, old = ("clock-1", "worker-1"), ("clock-old", "worker-old")
    for name in new:
        stage.fleet.stop(name)
    for name in old:
        stage.fleet.start(name, stage.earlier)
    time.sleep(seconds / 2)
    for name in new:
        stage.fleet.start(name)
    time.sleep(seconds / 2)
    for name in old:
        stage.fleet.stop(name)


SCENES: Mapping[str, Scene] = {
    "processes killed at random moments": _kills,
    "PostgreSQL away": _no_database,
    "Redis away, then empty": _no_redis,
    "Redis emptied": _empty,
    "broker answers 503": _answering("/api/queues", status=503),
    "broker hangs": _answering("/api/queues", hang=HANG_S),
    "Heroku answers 503": _answering("/apps", status=503),
    "Heroku hangs": _hanging_heroku,
    "Heroku breaks off": _cut_off,
    "disk full under PostgreSQL": _full_disk,
    "deploy: old and new code together": _deploy,
    "New Relic answers 503": _answering("/v1/accounts", status=503),
}
