"""What a worker process keeps warm: connections, keys, caches, threads and tick batches.

A worker takes its next job as soon as there is room for it, so that a batch that waits for a slow
broker or for Heroku keeps no other job waiting. When the process ends, batches in flight finish.
"""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Condition, Lock
from uuid import UUID

import httpx
import structlog
from redis import Redis
from sqlalchemy import Engine

from guv import agent
from guv.apps.authorization import Authorizer
from guv.apps.models import Broker
from guv.config import Config
from guv.crypto import Sealer, sealer_from
from guv.database import make_engine
from guv.heroku.addon import AddonClient
from guv.heroku.call_budget import CallBudget, RedisCallBudget, UnlimitedCalls
from guv.heroku.formation_cache import (
    FormationCache,
    InMemoryFormationCache,
    RedisFormationCache,
)
from guv.logging import mask
from guv.notifications.senders import Notifiers, build_notifiers
from guv.rabbitmq.client import BrokerClient, parse_broker_url
from guv.redis import connect_redis
from guv.ssrf import Fence
from guv.tenants.webhook_subscription import Subscriber
from guv.web_metrics.delivery_queue import DrainQueue
from worker.process.sample_cache import SampleCache

MOST_BATCHES = 8  # In flight; the roles they claimed lose one tick where the process is killed.

_log = structlog.get_logger(__name__)
REDIS_S = 1.0  # A tick does not wait longer for what only spares calls.
REDIS_CONNECTIONS = 4  # Heroku's small Redis plans allow 20 in all.
MOST_BROKER_CLIENTS = 2000  # Each keeps about 50 kB and an idle connection.


class BackgroundBatches:
    """Batches of one process that are in flight; one thread starts them.

    Args:
        most: Batches that may be in flight at the same time.
    """

    def __init__(self, most: int = MOST_BATCHES) -> None:
        self._most = most
        self._count = 0
        self._changed = Condition()
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="batch")

    def wait_for_room(self) -> None:
        """Wait until one more batch may start."""
        self._wait_for(self._most - 1)

    def start(self, work: Callable[[], object]) -> None:
        """Start the batch on a thread; a failure that ends it is logged."""
        with self._changed:
            self._count += 1
        self._threads.submit(work).add_done_callback(self._end)

    def wait(self) -> None:
        """Wait until no batch is in flight."""
        self._wait_for(0)

    def _wait_for(self, most: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._count <= most)

    def _end(self, ended: Future[object]) -> None:
        failure = ended.exception()
        if failure is not None:
            _log.error("ticks_failed", error=mask(f"{type(failure).__name__}: {failure}"))
            agent.notice(failure)
        with self._changed:
            self._count -= 1
            self._changed.notify_all()


class BrokerClients:
    """One client per broker, kept until its URL changes or too many others were used since.

    Args:
        sealer: Opens the brokers' URLs.
        timeout: Seconds that a broker may take for one answer.
        fence: Where the URLs may lead.
        transport: Replaces the network, for tests.
    """

    def __init__(
        self,
        sealer: Sealer,
        *,
        timeout: float,
        fence: Fence,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._sealer = sealer
        self._timeout = timeout
        self._fence = fence
        self._transport = transport
        self._lock = Lock()
        self._clients: OrderedDict[UUID, tuple[bytes, BrokerClient]] = OrderedDict()

    def client_of(self, broker: Broker) -> BrokerClient:
        """Return the broker's client.

        Raises:
            ValueError: The stored URL cannot be opened with the configured keys.
        """
        with self._lock:
            known = self._clients.get(broker.id)
            if known is not None and known[0] == broker.url_sealed:
                self._clients.move_to_end(broker.id)
                return known[1]
            url = parse_broker_url(self._sealer.open(broker.url_sealed))
            client = BrokerClient(
                url, timeout=self._timeout, fence=self._fence, transport=self._transport
            )
            self._clients[broker.id] = (broker.url_sealed, client)
            if known is not None:
                known[1].close()
            if len(self._clients) > MOST_BROKER_CLIENTS:
                self._clients.popitem(last=False)[1][1].close()
            return client

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for _, client in self._clients.values():
                client.close()
            self._clients.clear()


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything that ticks and jobs of a process use.

    Attributes:
        config: The configuration of the process.
        engine: The database.
        reader: The same engine without transactions around reads, which spares round trips.
        sealer: Opens secrets.
        brokers: Clients of the tenants' brokers.
        heroku: Client of Heroku.
        redis: None: other processes share nothing with this one.
        budget: Calls to Heroku that are left.
        formations: Formations that were read lately.
        notifiers: Senders of alerts.
        threads: Where apps tick at the same time.
        drain_queue: Log deliveries that wait; None without Redis.
        samples: Histories of the roles that ticked last.
        background: Batches of ticks that outlive their job.
        dry_run: Whether to decide and record for all roles, and change no dynos.
    """

    config: Config
    engine: Engine
    reader: Engine
    sealer: Sealer
    brokers: BrokerClients
    heroku: AddonClient
    redis: Redis | None
    budget: CallBudget
    formations: FormationCache
    notifiers: Notifiers
    threads: ThreadPoolExecutor
    drain_queue: DrainQueue | None
    samples: SampleCache
    background: BackgroundBatches
    dry_run: bool = False

    def authorizer(self) -> Authorizer:
        """Return the use case that tries credentials and keeps those that work."""
        pause = self.config.guv_authorization_retry
        return Authorizer(self.engine, self.sealer, self.heroku, pause)

    def subscriber(self) -> Subscriber:
        """Return the use case that subscribes to Heroku's events."""
        return Subscriber(self.engine, self.sealer, self.heroku, self.config.guv_public_url)

    def close(self) -> None:
        """Finish the batches in flight, then close all connections."""
        self.background.wait()
        self.threads.shutdown()
        self.brokers.close()
        self.heroku.close()
        self.notifiers.close()
        if self.redis is not None:
            self.redis.close()
        self.engine.dispose()


def build_runtime(config: Config, *, fence: Fence | None = None, dry_run: bool = False) -> Runtime:
    """Build a runtime; nothing connects until it is used.

    Args:
        config: The configuration; with an empty `redis_url` nothing is shared with other processes.
        fence: Where brokers' URLs may lead; None: as the configuration says.
        dry_run: Whether to change no dynos.
    """
    sealer = sealer_from(config.guv_encryption_keys.get_secret_value())
    redis, patience = _redis(config), 2 * config.guv_heroku_timeout + 1
    pool = config.guv_worker_threads + 1
    engine = make_engine(config.sqlalchemy_url, pool_size=pool, application="guv worker")
    return Runtime(
        config=config,
        engine=engine,
        reader=engine.execution_options(isolation_level="AUTOCOMMIT"),
        sealer=sealer,
        brokers=BrokerClients(
            sealer, timeout=config.guv_broker_timeout, fence=fence or config.fence
        ),
        heroku=AddonClient(config),
        redis=redis,
        budget=UnlimitedCalls() if redis is None else RedisCallBudget(redis),
        formations=(
            InMemoryFormationCache() if redis is None else RedisFormationCache(redis, patience)
        ),
        notifiers=build_notifiers(config.new_relic_events_url, config.fence),
        threads=ThreadPoolExecutor(config.guv_worker_threads, thread_name_prefix="tick"),
        drain_queue=None if redis is None else DrainQueue(redis),
        samples=SampleCache(config.guv_histories),
        background=BackgroundBatches(),
        dry_run=dry_run,
    )


def _redis(config: Config) -> Redis | None:
    if not config.redis_url.get_secret_value():
        return None
    return connect_redis(config, timeout=REDIS_S, most=REDIS_CONNECTIONS)
