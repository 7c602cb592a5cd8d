"""What does a worker process keep warm? Connections and keys, built once, passed on."""

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from uuid import UUID

import httpx
from redis import Redis
from sqlalchemy import Engine

from guv.apps.authorization import Authorizer
from guv.apps.models import Broker
from guv.config import Config
from guv.crypto import Sealer, sealer_from
from guv.database import make_engine
from guv.heroku.addon import AddonClient
from guv.heroku.call_budget import Budget
from guv.heroku.formation_cache import Shelf
from guv.heroku.in_process import NoBudget, OwnShelf
from guv.notifications.senders import Notifiers, build_notifiers
from guv.rabbitmq.client import BrokerClient, QueueCounts, parse_broker_url
from guv.redis import connect_redis
from guv.ssrf import Fence
from guv.tenants.webhook_subscription import Subscriber
from guv.web_metrics.delivery_queue import DrainQueue
from worker.process.background_batches import Underway
from worker.process.changes import Changes
from worker.process.sample_cache import Histories

REDIS_S = 1.0  # a tick does not wait longer for what only spares calls
REDIS_CONNECTIONS = 4  # Heroku's small Redis plans allow 20 in all
MOST_BROKER_CLIENTS = 2000  # each keeps about 50 kB and an idle connection


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
        """The broker's client.

        Raises:
            ValueError: The stored URL cannot be opened with the configured keys.
        """
        with self._lock:
            known = self._clients.get(broker.id)
            if known is not None and known[0] == broker.url_sealed:
                self._clients.move_to_end(broker.id)
                return known[1]
            client = self._connect(broker)
            self._clients[broker.id] = (broker.url_sealed, client)
            if known is not None:
                known[1].close()
            if len(self._clients) > MOST_BROKER_CLIENTS:
                self._clients.popitem(last=False)[1][1].close()
            return client

    def read_queues(self, broker: Broker, names: Sequence[str]) -> dict[str, QueueCounts]:
        """The counts of each named queue; errors as `BrokerClient.read_queues` has them."""
        return self.client_of(broker).read_queues(names)

    def close(self) -> None:
        """Nothing; gives all connections back."""
        with self._lock:
            for _, client in self._clients.values():
                client.close()
            self._clients.clear()

    def _connect(self, broker: Broker) -> BrokerClient:
        url = parse_broker_url(self._sealer.open(broker.url_sealed))
        return BrokerClient(
            url, timeout=self._timeout, fence=self._fence, transport=self._transport
        )


@dataclass(frozen=True, slots=True)
class Runtime:
    """What every tick of a process stands on."""

    config: Config
    engine: Engine
    sealer: Sealer
    brokers: BrokerClients
    heroku: AddonClient
    changes: Changes
    redis: Redis | None
    budget: Budget
    shelf: Shelf
    notifiers: Notifiers
    threads: ThreadPoolExecutor
    drain_queue: DrainQueue | None
    histories: Histories = field(default_factory=Histories)
    underway: Underway = field(default_factory=Underway)
    dry_run: bool = False  # decide and record for all roles, and change nothing

    @property
    def reader(self) -> Engine:
        """The same engine without transactions around what is only read: fewer round trips."""
        return self.engine.execution_options(isolation_level="AUTOCOMMIT")

    def authorizer(self) -> Authorizer:
        """What tries credentials and keeps those that work."""
        pause = self.config.guv_authorization_retry
        return Authorizer(self.engine, self.sealer, self.heroku, pause)

    def subscriber(self) -> Subscriber:
        """What subscribes to events of Heroku's."""
        return Subscriber(self.engine, self.sealer, self.heroku, self.config.guv_public_url)

    def close(self) -> None:
        """Nothing; finishes what is under way, and gives all connections back."""
        self.underway.wait()
        self.threads.shutdown()
        self.brokers.close()
        self.heroku.close()
        self.notifiers.close()
        if self.redis is not None:
            self.redis.close()
        self.engine.dispose()


def build_runtime(config: Config, transport: httpx.BaseTransport | None = None) -> Runtime:
    """A runtime; nothing connects until it is used.

    Args:
        config: Our configuration; with an empty `redis_url` other processes share nothing with
            this one.
        transport: Replaces the network towards brokers, Heroku and New Relic, for tests.
    """
    sealer = sealer_from(config.guv_encryption_keys.get_secret_value())
    heroku = AddonClient(config, transport)
    redis, patience = _redis(config), 2 * config.guv_heroku_timeout + 1
    return Runtime(
        config=config,
        engine=make_engine(
            config.sqlalchemy_url,
            pool_size=config.guv_worker_threads + 1,
            application="guv worker",
        ),
        sealer=sealer,
        brokers=BrokerClients(
            sealer, timeout=config.guv_broker_timeout, fence=config.fence, transport=transport
        ),
        heroku=heroku,
        changes=Changes(heroku),
        redis=redis,
        budget=NoBudget() if redis is None else Budget(redis),
        shelf=OwnShelf() if redis is None else Shelf(redis, patience),
        notifiers=build_notifiers(config.new_relic_events_url, config.fence, transport),
        histories=Histories(config.guv_histories),
        threads=ThreadPoolExecutor(config.guv_worker_threads, thread_name_prefix="tick"),
        drain_queue=None if redis is None else DrainQueue(redis),
    )


def _redis(config: Config) -> Redis | None:
    if not config.redis_url.get_secret_value():
        return None
    return connect_redis(config, timeout=REDIS_S, most=REDIS_CONNECTIONS)
