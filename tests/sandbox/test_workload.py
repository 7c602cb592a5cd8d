"""A tenant's app at work: jobs in a given shape, and as many dynos as Heroku runs."""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Barrier, Event

import pytest

from sandbox import services
from sandbox.broker.memory import MemoryBroker
from sandbox.heroku.model import App
from sandbox.heroku.platform import Heroku
from sandbox.workload import AmqpQueue, JobQueue, MemoryQueue, Shape, Spike, Tenant, Work, Workload
from tests.sandbox.conftest import MovedClock

DEADLINE = 60.0  # seconds; no machine is slow enough to be late by accident


@pytest.fixture(
    params=[
        "memory",
        pytest.param(
            "rabbitmq",
            marks=[
                pytest.mark.xdist_group("rabbitmq"),
                pytest.mark.skipif(
                    services.find_rabbitmq() is None, reason="this machine has no RabbitMQ"
                ),
            ],
        ),
    ]
)
def queue(request: pytest.FixtureRequest) -> JobQueue:
    """Make a queue in each kind of broker, as the same tests hold for both."""
    if request.param == "rabbitmq":
        name = f"workload-{random.SystemRandom().randrange(10**9)}"
        rabbitmq: services.RabbitMQ = request.getfixturevalue("rabbitmq")
        return AmqpQueue(rabbitmq.new_vhost(name).amqp_url, "jobs")
    broker = MemoryBroker()
    return MemoryQueue(broker, broker.new_vhost("shop").vhost, "jobs")


@pytest.fixture
def heroku() -> Heroku:
    return Heroku()


class HeldWork(Work):
    """Work whose jobs take as long as the test says, and that tells when one has begun."""

    def __init__(self, *seconds: float) -> None:
        super().__init__(0.0)
        held = {"seconds": iter(seconds), "begun": Event(), "release": Event()}
        self.__dict__.update(held)

    begun: Event
    release: Event
    seconds: Iterator[float]

    def draw(self, source: random.Random) -> float:
        del source
        self.begun.set()
        assert self.release.wait(10)
        return next(self.seconds)


class JointWork(Work):
    """Work that is done as soon as so many dynos work at the same time."""

    def __init__(self, dynos: int) -> None:
        super().__init__(0.0)
        self.__dict__["barrier"] = Barrier(dynos)

    barrier: Barrier

    def draw(self, source: random.Random) -> float:
        del source
        self.barrier.wait(10)
        return 0.0


def a_tenant(
    heroku: Heroku, app: App, queue: JobQueue, work: float | Work, grace: float = 30
) -> Tenant:
    drawn = work if isinstance(work, Work) else Work(work)
    return Tenant(heroku, app, "worker", queue, drawn, DEADLINE, grace)


def scale(heroku: Heroku, app: App, dynos: int) -> None:
    heroku.scale(app, [{"type": "worker", "quantity": dynos}])


def publish(queue: JobQueue, jobs: int, age: float = 0.0) -> None:
    with queue.producing() as sender:
        for _ in range(jobs):
            sender.send(repr(time.monotonic() - age))


def waiting(queue: JobQueue, jobs: int) -> int:
    """Return how many of `jobs` wait in the queue, and give them back."""
    with ExitStack() as stack:
        hands = [stack.enter_context(queue.consuming()) for _ in range(jobs)]
        return sum(each.take(5.0) is not None for each in hands)


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_published_jobs_are_done(heroku: Heroku, queue: JobQueue) -> None:
    app = heroku.new_app("shop", {"worker": 2})
    workload = Workload(a_tenant(heroku, app, queue, 0.01), Shape(mean=40))
    with workload.running():
        assert wait_for(lambda: workload.stats().done >= 18)
    stats = workload.stats()
    assert (stats.done <= stats.published, stats.late) == (True, 0)


def test_without_dynos_every_job_waits(heroku: Heroku, queue: JobQueue) -> None:
    app = heroku.new_app("shop", {"worker": 0})
    workload = Workload(a_tenant(heroku, app, queue, 0.01), Shape(mean=0))
    publish(queue, 6)
    with workload.running():
        assert waiting(queue, 6) == 6
    assert workload.stats().done == 0


def test_a_dyno_works_only_after_its_boot(queue: JobQueue, clock: MovedClock) -> None:
    heroku = Heroku(clock=clock)
    app = heroku.new_app("shop", {"worker": 0}, boot_delay=20)
    workload = Workload(a_tenant(heroku, app, queue, 0.0), Shape(mean=0))
    publish(queue, 3)
    with workload.running():
        scale(heroku, app, 1)
        assert waiting(queue, 3) == 3
        assert workload.stats().done == 0
        clock.pass_by(20)
        assert wait_for(lambda: workload.stats().done == 3)


def test_as_many_dynos_work_at_once_as_heroku_runs(heroku: Heroku, queue: JobQueue) -> None:
    app = heroku.new_app("shop", {"worker": 1})
    workload = Workload(a_tenant(heroku, app, queue, JointWork(5)), Shape(mean=0))
    publish(queue, 5)
    with workload.running():
        scale(heroku, app, 5)
        assert wait_for(lambda: workload.stats().done == 5)


def test_a_stopped_dyno_finishes_its_job_and_takes_no_other(
    heroku: Heroku, queue: JobQueue
) -> None:
    app, work = heroku.new_app("shop", {"worker": 1}), HeldWork(0.0)
    workload = Workload(a_tenant(heroku, app, queue, work), Shape(mean=0))
    publish(queue, 2)
    with workload.running():
        assert work.begun.wait(10)
        scale(heroku, app, 0)
        assert wait_for(lambda: bool(workload._stopped))
        work.release.set()
        assert wait_for(lambda: not workload._stopped)  # the dyno has ended
        assert (workload.stats().done, workload.stats().cut) == (1, 0)
    assert waiting(queue, 1) == 1


def test_a_job_that_outlasts_the_grace_is_cut_and_done_again(
    heroku: Heroku, queue: JobQueue
) -> None:
    app, work = heroku.new_app("shop", {"worker": 1}), HeldWork(3600.0, 0.0)
    work.release.set()
    workload = Workload(a_tenant(heroku, app, queue, work, grace=0.2), Shape(mean=0))
    publish(queue, 1)
    with workload.running():
        assert work.begun.wait(10)
        scale(heroku, app, 0)
        assert wait_for(lambda: workload.stats().cut == 1)
        scale(heroku, app, 1)
        assert wait_for(lambda: workload.stats().done == 1)


def test_jobs_that_waited_too_long_are_late(heroku: Heroku, queue: JobQueue) -> None:
    app = heroku.new_app("shop", {"worker": 2})
    workload = Workload(a_tenant(heroku, app, queue, 0.01), Shape(mean=0))
    publish(queue, 3, age=DEADLINE + 1)
    with workload.running():
        assert wait_for(lambda: workload.stats().done == 3)
    assert workload.stats().on_time == 0.0


def test_before_the_first_job_the_share_on_time_is_unknown(heroku: Heroku) -> None:
    app = heroku.new_app("shop", {"worker": 0})
    queue = MemoryQueue(MemoryBroker(), "none", "jobs")
    assert Workload(a_tenant(heroku, app, queue, 1), Shape(1)).stats().on_time is None


class CountingBroker(MemoryBroker):
    """Broker that counts how often a queue is asked for."""

    attempts = 0

    def declare(self, vhost: str, name: str) -> None:
        self.attempts += 1
        super().declare(vhost, name)


def test_a_missing_broker_is_tried_again(heroku: Heroku) -> None:
    broker = CountingBroker()
    app = heroku.new_app("shop", {"worker": 1})
    queue = MemoryQueue(broker, "shop", "jobs")
    workload = Workload(a_tenant(heroku, app, queue, 0.01), Shape(mean=50))
    with workload.running():
        assert wait_for(lambda: broker.attempts >= 2)  # the producer and the dyno
        while_missing = workload.stats().published
        broker.new_vhost("shop")
        assert wait_for(lambda: workload.stats().done > 0)
    assert while_missing == 0


def test_the_rate_is_a_sine_wave_with_spikes_that_never_falls_below_zero() -> None:
    shape = Shape(mean=2, amplitude=4, period=40, spikes=[Spike(100, 10, 20)], seconds=200)
    rates = [shape.rate_at(second) for second in (0, 10, 30, 99.9, 105, 110, 200)]
    assert rates == pytest.approx([2, 6, 0, 2, 20, 0, 0], abs=0.1)


def test_spikes_come_again_with_every_cycle() -> None:
    shape = Shape(mean=1, spikes=[Spike(10, 5, 7)], cycle=30)
    assert [shape.rate_at(second) for second in (12, 25, 42, 72.5)] == [8, 1, 8, 8]


def test_service_times_have_the_mean_and_spread_asked_for() -> None:
    source = random.Random(1)
    times = [Work(2.0, 0.5).draw(source) for _ in range(4000)]
    assert statistics.mean(times) == pytest.approx(2.0, rel=0.03)
    assert statistics.stdev(times) == pytest.approx(0.5, rel=0.05)
