"""What does a web process hold for as long as it lives? Built once, closed once, passed on."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import httpx
from redis import Redis
from sqlalchemy import Engine

from api.auth.drain_keys import DrainKeys
from api.auth.login_sessions import Visits
from api.auth.rate_limit import RateLimit
from api.middleware.auth_throttle import WrongKeys
from guv.apps.authorization import Authorizer
from guv.clock import utc_now
from guv.config import Config
from guv.crypto import Sealer, sealer_from
from guv.database import make_engine
from guv.heroku.addon import AddonClient
from guv.heroku.oauth import GrantExchange
from guv.rabbitmq.client import BrokerClient, BrokerUrl
from guv.redis import connect_redis
from guv.roles.fleet_health import Lookout
from guv.tenants.webhook_subscription import Subscriber
from guv.web_metrics.delivery_queue import DrainQueue
from guv.web_metrics.drains import DrainRemoval

REDIS_TIMEOUT_S = 1.0
REDIS_CONNECTIONS = 4  # Heroku's small Redis plans allow 20 in all
BACKGROUND_THREADS = 8  # each may wait for Heroku and hold one database connection


@dataclass(frozen=True, slots=True)
class Outside:
    """What a test replaces: the clock, and the networks behind the clients.

    Attributes:
        clock: Says what time it is.
        heroku: Stands for Heroku's network.
        broker: Stands for the networks of the tenants' brokers.
    """

    clock: Callable[[], datetime] = utc_now
    heroku: httpx.BaseTransport | None = None
    broker: httpx.BaseTransport | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that requests share; nothing here connects before it is used."""

    config: Config
    outside: Outside
    engine: Engine
    redis: Redis
    rate: RateLimit
    wrong_keys: WrongKeys
    visits: Visits
    sealer: Sealer
    heroku: AddonClient
    background: ThreadPoolExecutor
    drains: DrainKeys
    drain_queue: DrainQueue
    lookout: Lookout

    def connect_broker(self, url: BrokerUrl) -> BrokerClient:
        """A client of that broker; the caller closes it."""
        return BrokerClient(
            url,
            timeout=self.config.guv_broker_timeout,
            fence=self.config.fence,
            transport=self.outside.broker,
        )

    def grant_exchange(self) -> GrantExchange:
        """What the exchange of an OAuth grant needs."""
        return GrantExchange(self.engine, self.sealer, self.heroku)

    def authorizer(self) -> Authorizer:
        """What tries credentials and keeps those that work."""
        pause = self.config.guv_authorization_retry
        return Authorizer(self.engine, self.sealer, self.heroku, pause)

    def drain_removal(self) -> DrainRemoval:
        """Make what removes log drains at Heroku."""
        return DrainRemoval(self.heroku, self.sealer)

    def subscriber(self) -> Subscriber:
        """What subscribes to events of Heroku's."""
        return Subscriber(self.engine, self.sealer, self.heroku, self.config.guv_public_url)

    def close(self) -> None:
        """Nothing; every connection is given back."""
        self.background.shutdown(cancel_futures=True)
        self.heroku.close()
        self.redis.close()
        self.engine.dispose()


def make_parts(config: Config, outside: Outside) -> Parts:
    """The parts of a web process.

    Raises:
        ValueError: The encryption keys or the database's URL make no sense.
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
        wrong_keys=WrongKeys(redis, config.guv_wrong_keys),
        visits=Visits(redis),
        sealer=sealer_from(config.guv_encryption_keys.get_secret_value()),
        heroku=AddonClient(config, outside.heroku),
        background=ThreadPoolExecutor(BACKGROUND_THREADS, thread_name_prefix="background"),
        drains=DrainKeys(engine),
        lookout=Lookout(engine),
        drain_queue=DrainQueue(redis, config.guv_drain_bytes, config.guv_drains_bytes),
    )
