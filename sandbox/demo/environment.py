"""Everything that the demo runs on, started in order and stopped in reverse."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from sandbox import services
from sandbox.database import migrate
from sandbox.demo import scenario
from sandbox.demo.calls import Call
from sandbox.demo.scenario import Scenario
from sandbox.fleet import OAUTH_SECRET, Fleet, Surroundings, fleet
from sandbox.heroku.model import App
from sandbox.heroku.platform import Heroku
from sandbox.server import Outside, Sandbox, running
from sandbox.workload import AmqpQueue, JobQueue, MemoryQueue, Tenant, Workload

Say = Callable[[str], None]
SLOT = 5.0  # the in-memory broker's statistics are as old as RabbitMQ's


@dataclass(frozen=True, slots=True)
class Broker:
    """The tenant's queue, and the URL by which guv watches it."""

    kind: str
    queue: JobQueue
    url: str


@dataclass(frozen=True, slots=True)
class Environment:
    """The running demo.

    Attributes:
        sandbox: Heroku and New Relic.
        fleet: guv's processes.
        app: The tenant's app.
        guv_url: What Heroku put into the app's `GUV_URL`.
        api: guv as the tenant calls it.
        broker: The tenant's broker.
        workload: The app at work.
        pages: What a click on the add-on in Heroku's dashboard opens.
    """

    sandbox: Sandbox
    fleet: Fleet
    app: App
    guv_url: str
    api: httpx.Client
    broker: Broker
    workload: Workload
    pages: str


@contextmanager
def demo_environment(
    folder: Path, plan: Scenario, *, rabbitmq: bool, say: Say
) -> Iterator[Environment]:
    """Start everything that the demo needs, ready for the tenant to set up, until the block ends.

    Args:
        folder: Holds all that it writes.
        plan: What the app's jobs are like.
        rabbitmq: Whether the broker is a real RabbitMQ; else it is the one in memory.
        say: Is told what happens.

    Raises:
        ServiceFailed: One of the servers or of guv's processes did not start.
    """
    with ExitStack() as stack:
        sandbox = stack.enter_context(running(_outside()))
        with ThreadPoolExecutor(1) as pool:
            say(f"Starting {'RabbitMQ' if rabbitmq else 'the broker in memory'}")
            to_come = pool.submit(stack.enter_context, _broker(folder, sandbox, rabbitmq=rabbitmq))
            guv = _guv(stack, folder, sandbox, say)
            broker = to_come.result()
        say("heroku addons:create guv")
        app = sandbox.heroku.new_app(scenario.APP, {scenario.ROLE: 1}, boot_delay=scenario.BOOT)
        addon = guv.create_addon(sandbox, app, scenario.ADDON_PLAN)
        url = app.config_vars["GUV_URL"]
        api = stack.enter_context(httpx.Client(base_url=f"{url}/", timeout=10))
        tenant = Tenant(
            sandbox.heroku, app, scenario.ROLE, broker.queue, scenario.WORK, scenario.DEADLINE
        )
        workload = Workload(tenant, plan.shape)
        yield Environment(sandbox, guv, app, url, api, broker, workload, addon.web_url)


def calls(broker: Broker, plan: Scenario) -> list[Call]:
    """Return the calls with which the tenant sets guv up."""
    return [
        Call("PUT", f"apps/{scenario.APP}/broker", {"url": broker.url}),
        Call("PATCH", "settings", plan.tenant_settings),
        Call("PUT", f"apps/{scenario.APP}/roles/{scenario.ROLE}", plan.role_settings),
    ]


def _guv(stack: ExitStack, folder: Path, sandbox: Sandbox, say: Say) -> Fleet:
    """Run guv's processes, with a new database and an empty Redis, until the stack is unwound."""
    say("Starting PostgreSQL and Redis")
    database_url = stack.enter_context(services.postgres(folder / "postgres"))
    redis_url = stack.enter_context(services.redis(folder / "redis"))
    migrate(database_url)
    say("Starting guv: API, clock and worker")
    extra = {"GUV_RESOLVE_AFTER": f"{scenario.RESOLVE_AFTER:g}", "GUV_WORKER_PROCESSES": "1"}
    around = Surroundings(database_url, redis_url, sandbox.url, sandbox.url, extra)
    return stack.enter_context(fleet(around, folder / "guv", "api", "clock", "worker"))


def _outside() -> Outside:
    outside = Outside(heroku=Heroku(client_secret=OAUTH_SECRET))
    outside.new_relic.accounts[str(scenario.ACCOUNT_ID)] = scenario.LICENSE_KEY
    outside.broker.slot = SLOT
    return outside


@contextmanager
def _broker(folder: Path, sandbox: Sandbox, *, rabbitmq: bool) -> Iterator[Broker]:
    if not rabbitmq:
        memory = sandbox.broker.new_vhost(scenario.APP)
        queue: JobQueue = MemoryQueue(sandbox.broker, memory.vhost, scenario.QUEUE)
        with queue.producing():  # declares the queue
            yield Broker("in-memory broker", queue, memory.management_url(sandbox.url))
        return
    with services.rabbitmq(folder / "rabbitmq") as server:
        access = server.new_vhost(scenario.APP)
        queue = AmqpQueue(access.amqp_url, scenario.QUEUE)
        with queue.producing():
            pass
        yield Broker("RabbitMQ", queue, access.management_url)
