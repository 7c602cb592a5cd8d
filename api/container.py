"""Shared objects of the web process: built once, closed once, passed to requests."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import httpx
from redis import Redis
from sqlalchemy import Engine

from api.auth.drain_keys import DrainKeys
from api.auth.login_sessions import LoginSessions
from api.auth.rate_limit import RateLimit
from api.middleware.auth_throttle import WrongKeyCounter
from guv.apps.authorization import Authorizer
from guv.clock import utc_now
from guv.config import Config
from guv.crypto import Sealer, sealer_from
from guv.database import make_engine
from guv.heroku.addon import AddonClient
from guv.heroku.oauth import GrantExchange
from guv.rabbitmq.client import BrokerClient, BrokerUrl
from guv.redis import connect_redis
from guv.roles.fleet_health import FleetHealthCache
from guv.tenants.webhook_subscription import Subscriber
from guv.web_metrics.delivery_queue import DrainQueue
from guv.web_metrics.drains import DrainRemoval

REDIS_TIMEOUT_S = 1.0
REDIS_CONNECTIONS = 4  # per process; Heroku's small Redis plans allow 20 in all
BACKGROUND_THREADS = 8  # each may wait for Heroku while it holds one database connection


@dataclass(frozen=True, slots=True)
class Outside:
    """What a test replaces: the clock, and the networks behind the clients.

    Attributes:
        clock: Returns the present time.
        heroku: Replaces Heroku's network.
        broker: Replaces the networks of the tenants' brokers.
    """

    clock: Callable[[], datetime] = utc_now
    heroku: httpx.BaseTransport | None = None
    broker: httpx.BaseTransport | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """Objects that requests share; nothing connects before it is used."""

    config: Config
    outside: Outside
    engine: Engine
    redis: Redis
    rate: RateLimit
    wrong_keys: WrongKeyCounter
    login_sessions: LoginSessions
    sealer: Sealer
    heroku: AddonClient
    background: ThreadPoolExecutor
    drains: DrainKeys
    drain_queue: DrainQueue
    fleet_health: FleetHealthCache

    def connect_broker(self, url: BrokerUrl) -> BrokerClient:
        """Make a client of a broker; the caller closes it."""
        return BrokerClient(
            url,
            timeout=self.config.guv_broker_timeout,
            fence=self.config.fence,
            transport=self.outside.broker,
        )

    def grant_exchange(self) -> GrantExchange:
        """Make what exchanges OAuth grants."""
        return GrantExchange(self.engine, self.sealer, self.heroku)

    def authorizer(self) -> Authorizer:
        """Make what tries credentials and stores those that work."""
        pause = self.config.guv_authorization_retry
        return Authorizer(self.engine, self.sealer, self.heroku, pause)

    def drain_removal(self) -> DrainRemoval:
        """Make what removes log drains at Heroku."""
        return DrainRemoval(self.heroku, self.sealer)

    def subscriber(self) -> Subscriber:
        """Make what subscribes to Heroku's webhooks."""
        return Subscriber(self.engine, self.sealer, self.heroku, self.config.guv_public_url)

    def close(self) -> None:
        """Close all connections."""
        self.background.shutdown(cancel_futures=True)
        self.heroku.close()
        self.redis.close()
        self.engine.dispose()


def make_parts(config: Config, outside: Outside) -> Parts:
    """Build the shared objects.

    Raises:
        ValueError: The encryption keys or the database's URL are malformed.
    """
    redis = connect_redis(config, timeout=REDIS_TIMEOUT_S, most=REDIS_CONNECTIONS)
    engine = make_engine(
        config.sqlalchemy_url, pool_size=config.guv_api_pool_size, application="guv web"
    )
    return Parts(
        config=config,
        outside=outside,
        engine=engine,
        redis=redis,
        rate=RateLimit(redis, config.guv_api_rate),
        wrong_keys=WrongKeyCounter(redis, config.guv_wrong_keys),
        login_sessions=LoginSessions(redis),
        sealer=sealer_from(config.guv_encryption_keys.get_secret_value()),
        heroku=AddonClient(config, outside.heroku),
        background=ThreadPoolExecutor(BACKGROUND_THREADS, thread_name_prefix="background"),
        drains=DrainKeys(engine),
        fleet_health=FleetHealthCache(engine),
        drain_queue=DrainQueue(redis, config.guv_drain_bytes, config.guv_drains_bytes),
    )
