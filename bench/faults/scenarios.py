"""Faults: what fails, for how long, and how it comes back."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from redis import Redis

from bench.faults.environment import Environment, wait_for
from sandbox.traffic import Asked, Fault

MakeFault = Callable[[Environment, float], None]


class FaultImpossible(Exception):
    """A fault cannot be made on this machine; the text says why."""


HANG_S = 8.0  # longer than guv waits for anybody
LONGEST_S = 60.0  # until a tick meets the full disk
RESTART_S = 1.0  # Heroku starts a crashed dyno anew


def _kills(environment: Environment, seconds: float) -> None:
    """Kill processes at random moments, also in the middle of a tick, and start them anew."""
    end = time.monotonic() + seconds
    with _faulty(environment, Fault("/apps", hang=1.0)):  # so that ticks last
        while time.monotonic() < end:
            name = random.choice(("api", "clock-1", "worker-1", "worker-1"))
            environment.fleet.kill(name)
            time.sleep(RESTART_S)
            environment.fleet.start(name)
            time.sleep(random.uniform(1.0, 4.0))


def _no_database(environment: Environment, seconds: float) -> None:
    environment.database.shut()
    time.sleep(seconds)
    environment.database.open()


def _no_redis(environment: Environment, seconds: float) -> None:
    """Redis is away and comes back empty, as one without a disk does."""
    environment.redis.shut()
    time.sleep(seconds)
    _empty(environment, 0.0)
    environment.redis.open()


def _empty(environment: Environment, seconds: float) -> None:
    with Redis.from_url(environment.redis_url) as redis:
        redis.flushall()
    time.sleep(seconds)


def _cut_off(environment: Environment, seconds: float) -> None:
    """Heroku's answers break off in their first line."""
    environment.heroku.cuts = True
    time.sleep(seconds)
    environment.heroku.cuts = False


@contextmanager
def _faulty(environment: Environment, fault: Fault) -> Iterator[None]:
    environment.sandbox.traffic.add_fault(fault)
    yield
    environment.sandbox.traffic.clear_faults()


def _answering(path: str, **fault: object) -> MakeFault:
    def make(environment: Environment, seconds: float) -> None:
        with _faulty(environment, Fault(path, **fault)):  # type: ignore[arg-type]
            time.sleep(seconds)

    return make


def _hanging_heroku(environment: Environment, seconds: float) -> None:
    """Heroku's answers come too late; what guv gave up is carried out all the same, later."""
    asked = len(_calls(environment))
    _answering("/apps", hang=HANG_S)(environment, seconds)
    # A busy machine carries them out later still; none may fall into the next fault.
    wait_for(lambda: all(call.status for call in _calls(environment)[asked:]), LONGEST_S)


def _calls(environment: Environment) -> list[Asked]:
    return environment.sandbox.traffic.requests(path="/apps")


def _full_disk(environment: Environment, seconds: float) -> None:
    if environment.disk is None:
        raise FaultImpossible("only root can make a small disk")
    before = _without_room(environment)
    environment.need_room(always=True)
    environment.disk.fill()
    time.sleep(seconds)
    felt = wait_for(lambda: _without_room(environment) > before, LONGEST_S)
    environment.disk.empty()
    environment.need_room(always=False)
    if felt is None:
        raise FaultImpossible("no tick needed room on the disk")


def _without_room(environment: Environment) -> int:
    """Count the ticks that met the full disk."""
    return environment.fleet.log("worker-1").count("DiskFull")


def _deploy(environment: Environment, seconds: float) -> None:
    """Run processes of an earlier version on the new schema; start new ones, then end the old."""
    if environment.earlier_version is None:
        raise FaultImpossible("this checkout has no earlier commits")
    new, old = ("clock-1", "worker-1"), ("clock-old", "worker-old")
    for name in new:
        environment.fleet.stop(name)
    for name in old:
        environment.fleet.start(name, environment.earlier_version)
    time.sleep(seconds / 2)
    for name in new:
        environment.fleet.start(name)
    time.sleep(seconds / 2)
    for name in old:
        environment.fleet.stop(name)


FAULTS: Mapping[str, MakeFault] = {
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
