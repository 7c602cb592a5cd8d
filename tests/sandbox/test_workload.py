"""The tenant's app: jobs arrive as told, and as many dynos work as Heroku runs."""

import random
import statistics
import time
from collections.abc import Callable

import pytest

from sandbox import services
from sandbox.broker.memory import MemoryBroker
from sandbox.heroku.model import App
from sandbox.heroku.platform import Heroku
from sandbox.workload import AmqpQueue, JobQueue, MemoryQueue, Shape, Spike, Tenant, Work, Workload

MakeQueue = Callable[[], JobQueue]


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
    """The same tests hold for both brokers."""
    if request.param == "rabbitmq":
        name = f"workload-{random.SystemRandom().randrange(10**9)}"
        rabbitmq: services.RabbitMQ = request.getfixturevalue("rabbitmq")
        return AmqpQueue(rabbitmq.new_vhost(name).amqp_url, "jobs")
    broker = MemoryBroker()
    return MemoryQueue(broker, broker.new_vhost("shop").vhost, "jobs")


@pytest.fixture
def heroku() -> Heroku:
    return Heroku()


def a_tenant(heroku: Heroku, app: App, queue: JobQueue, work: float, grace: float = 30) -> Tenant:
    return Tenant(heroku, app, "worker", queue, Work(work), deadline=1.0, grace=grace)


def wait_for(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_published_jobs_are_done(heroku: Heroku, queue: JobQueue) -> None:
    app = heroku.new_app("shop", {"worker": 2})
    workload = Workload(a_tenant(heroku, app, queue, 0.01), Shape(mean=40, seconds=0.5))
    with workload.running():
        assert wait_for(lambda: workload.stats().published >= 18)
        assert wait_for(lambda: workload.stats().done == workload.stats().published)
    assert workload.stats().late == 0


def test_without_dynos_nothing_is_done(heroku: Heroku, queue: JobQueue) -> None:
    app = heroku.new_app("shop", {"worker": 0})
    workload = Workload(a_tenant(heroku, app, queue, 0.01), Shape(mean=50, seconds=0.4))
    with workload.running():
        assert wait_for(lambda: workload.stats().published >= 15)
        time.sleep(0.3)
    assert workload.stats().done == 0


def test_a_dyno_works_only_after_its_boot(heroku: Heroku, queue: JobQueue) -> None:
    app = heroku.new_app("shop", {"worker": 0}, boot_delay=0.8)
    workload = Workload(a_tenant(heroku, app, queue, 0.01), Shape(mean=50, seconds=0.2))
    with workload.running():
        assert wait_for(lambda: workload.stats().published > 0)
        heroku.scale(app, [{"type": "worker", "quantity": 1}])
        time.sleep(0.5)
        during_boot = workload.stats().done
        assert wait_for(lambda: workload.stats().done > 0)
    assert during_boot == 0


def test_more_dynos_do_more(heroku: Heroku, queue: JobQueue) -> None:
    app = heroku.new_app("shop", {"worker": 1})
    workload = Workload(a_tenant(heroku, app, queue, 0.2), Shape(mean=200, seconds=0.5))
    with workload.running():
        time.sleep(1.5)
        with_one = workload.stats().done
        heroku.scale(app, [{"type": "worker", "quantity": 5}])
        time.sleep(1.5)
        with_five = workload.stats().done - with_one
    assert with_five > 2 * with_one


def test_a_stopped_dyno_finishes_its_job(heroku: Heroku, queue: JobQueue) -> None:
    app = heroku.new_app("shop", {"worker": 1})
    workload = Workload(a_tenant(heroku, app, queue, 0.6), Shape(mean=20, seconds=0.2))
    with workload.running():
        assert wait_for(lambda: workload.stats().published > 1)
        time.sleep(0.3)
        heroku.scale(app, [{"type": "worker", "quantity": 0}])
        assert wait_for(lambda: workload.stats().done == 1)
        time.sleep(0.8)
        assert (workload.stats().done, workload.stats().cut) == (1, 0)


def test_a_job_that_outlasts_the_grace_is_cut_and_done_again(
    heroku: Heroku, queue: JobQueue
) -> None:
    app = heroku.new_app("shop", {"worker": 1})
    shape = Shape(mean=0, spikes=[Spike(0.1, 0.1, 10)])
    workload = Workload(a_tenant(heroku, app, queue, 1.0, grace=0.2), shape)
    with workload.running():
        assert wait_for(lambda: workload.stats().published == 1)
        time.sleep(0.3)
        heroku.scale(app, [{"type": "worker", "quantity": 0}])
        assert wait_for(lambda: workload.stats().cut == 1)
        heroku.scale(app, [{"type": "worker", "quantity": 1}])
        assert wait_for(lambda: workload.stats().done == 1)


def test_jobs_that_waited_too_long_are_late(heroku: Heroku, queue: JobQueue) -> None:
    app = heroku.new_app("shop", {"worker": 0})
    workload = Workload(a_tenant(heroku, app, queue, 0.01), Shape(mean=50, seconds=0.2))
    with workload.running():
        time.sleep(1.3)
        heroku.scale(app, [{"type": "worker", "quantity": 2}])
        assert wait_for(lambda: workload.stats().done == workload.stats().published)
    assert workload.stats().on_time == 0.0


def test_before_the_first_job_the_share_on_time_is_unknown(heroku: Heroku) -> None:
    app = heroku.new_app("shop", {"worker": 0})
    queue = MemoryQueue(MemoryBroker(), "none", "jobs")
    assert Workload(a_tenant(heroku, app, queue, 1), Shape(1)).stats().on_time is None


def test_a_missing_broker_is_tried_again(heroku: Heroku) -> None:
    broker = MemoryBroker()
    app = heroku.new_app("shop", {"worker": 1})
    queue = MemoryQueue(broker, "shop", "jobs")
    workload = Workload(a_tenant(heroku, app, queue, 0.01), Shape(mean=50))
    with workload.running():
        time.sleep(0.3)
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
