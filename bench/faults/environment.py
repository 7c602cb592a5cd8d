"""The environment of the faults: guv's processes behind proxies, and a tenant whose roles move."""

import io
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Any

import httpx
from sqlalchemy import Engine, text

from bench.faults.disk import Disk, small_disk
from guv.clock import steady_seconds
from guv.database import make_engine
from sandbox import services
from sandbox.database import migrate
from sandbox.fleet import OAUTH_SECRET, PROCESSES, Fleet, Surroundings, fleet
from sandbox.heroku.model import App
from sandbox.heroku.platform import Heroku
from sandbox.server import Outside, Sandbox, running
from sandbox.tcp_proxy import TcpProxy

ROOT = Path(__file__).parents[2]
COMMITS_BACK = 30  # far enough for the wire formats and the schema to differ
INTERVAL = 5  # seconds between the ticks of each role
MOVING = ("orders", "mails")  # roles whose number of dynos the tenant changes
LATE = "late"  # the role whose deadline cannot be met, so that it pages


@dataclass
class Environment:
    """Everything that a fault may hit.

    Attributes:
        sandbox: Heroku, New Relic and the broker.
        fleet: guv's processes.
        app: The tenant's app.
        api: The tenant's client of guv.
        engine: guv's database, past the proxy.
        redis_url: Redis past the proxy.
        database: The proxy before PostgreSQL.
        redis: The proxy before Redis.
        heroku: The proxy before Heroku.
        disk: The small disk that PostgreSQL's data are on, or None.
        earlier_version: Where an earlier version of guv is, or None.
    """

    sandbox: Sandbox
    fleet: Fleet
    app: App
    api: httpx.Client
    engine: Engine
    redis_url: str
    database: TcpProxy
    redis: TcpProxy
    heroku: TcpProxy
    disk: Disk | None
    earlier_version: Path | None

    def order_dynos(self, dynos: int) -> bool:
        """Order so many dynos for each moving role; return whether guv accepted all orders."""
        body = {"minimum_dynos": dynos, "maximum_dynos": dynos}
        taken = []
        for role in MOVING:
            with suppress(httpx.HTTPError):
                answer = self.api.patch(f"apps/shop/roles/{role}", json=body)
                taken.append(answer.is_success)
        return taken == [True] * len(MOVING)

    def dynos(self) -> set[int]:
        """Return the numbers of dynos of the moving roles."""
        return {self.app.types[role].quantity for role in MOVING}

    def need_room(self, *, always: bool) -> None:
        """Make every decision need more room on the disk, or only those that begin a page."""
        parts = self.rows(
            "select relname from pg_class where relkind = 'r' and relname like 'decision%'"
        )
        with self.engine.begin() as connection:
            for part in parts:
                share = "set (fillfactor = 10)" if always else "reset (fillfactor)"
                connection.execute(text(f'alter table "{part}" {share}'))

    def rows(self, query: str, **values: Any) -> list[Any]:
        """Return the first column of the query's rows."""
        with self.engine.connect() as connection:
            return list(connection.execute(text(query), values).scalars())


def earlier_code(folder: Path) -> Path | None:
    """Extract the code of `COMMITS_BACK` ago; return None where history is too short."""
    argv = ["git", "-C", str(ROOT), "archive", f"HEAD~{COMMITS_BACK}", "api", "guv", "worker"]
    archived = subprocess.run(argv, capture_output=True, check=False)  # noqa: S603
    if archived.returncode:
        return None
    with tarfile.open(fileobj=io.BytesIO(archived.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def wait_for(condition: Callable[[], object], seconds: float) -> float | None:
    """Wait for a condition; return after how many seconds it held, or None where it did not."""
    start = steady_seconds()
    while not condition():
        if steady_seconds() - start > seconds:
            return None
        sleep(0.1)
    return steady_seconds() - start


@contextmanager
def fault_environment(folder: Path) -> Iterator[Environment]:
    """Start an environment in which each role has ticked and one role has paged.

    Args:
        folder: Where data and logs go.
    """
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(folder / "postgres"))
        database_url = stack.enter_context(services.postgres(folder / "postgres"))
        redis_url = stack.enter_context(services.redis(folder / "redis"))
        migrate(database_url)
        engine = make_engine(database_url, pool_size=2, application="guv faults")
        stack.callback(engine.dispose)
        heroku = Heroku(client_secret=OAUTH_SECRET)
        sandbox = stack.enter_context(running(Outside(heroku=heroku)))
        urls = database_url, redis_url, sandbox.url
        database, redis, platform = (_proxy(url, stack) for url in urls)
        extra = {"GUV_RESOLVE_AFTER": "10", "GUV_WORKER_PROCESSES": "2"}
        surroundings = Surroundings(database.url, redis.url, platform.url, sandbox.url, extra)
        guv = stack.enter_context(fleet(surroundings, folder / "guv", *PROCESSES))
        app, api = _tenant(sandbox, guv, stack)
        environment = Environment(
            sandbox=sandbox,
            fleet=guv,
            app=app,
            api=api,
            engine=engine,
            redis_url=redis_url,
            database=database,
            redis=redis,
            heroku=platform,
            disk=disk,
            earlier_version=earlier_code(folder / "earlier"),
        )
        _roles(environment)
        yield environment


def _proxy(url: str, stack: ExitStack) -> TcpProxy:
    proxy = TcpProxy(url)
    stack.callback(proxy.close)
    return proxy


def _tenant(sandbox: Sandbox, guv: Fleet, stack: ExitStack) -> tuple[App, httpx.Client]:
    sandbox.new_relic.accounts["4711"] = "license-key-of-faults"
    app = sandbox.heroku.new_app("shop", {**dict.fromkeys(MOVING, 1), LATE: 1}, boot_delay=1.0)
    guv.create_addon(sandbox, app)
    url = httpx.URL(app.config_vars["GUV_URL"])
    auth = (url.username, url.password)
    api = httpx.Client(base_url=url.copy_with(userinfo=b""), auth=auth, timeout=10)
    stack.callback(api.close)
    broker = sandbox.broker.new_vhost("shop").management_url(sandbox.url)
    for queue in (*MOVING, LATE):
        sandbox.broker.declare("shop", queue)
    api.put("apps/shop/broker", json={"url": broker}).raise_for_status()
    return app, api


def _roles(environment: Environment) -> None:
    for role in MOVING:
        body = {"interval": INTERVAL, "minimum_dynos": 1, "maximum_dynos": 1, "alert_after": 3600}
        environment.api.put(f"apps/shop/roles/{role}", json=body).raise_for_status()
    late = {
        "interval": INTERVAL,
        "maximum_dynos": 1,
        "target_deadline": 10,
        "processing_time": 5,
        "alert_after": 0,
        "notify": {"new_relic": {"account_id": 4711, "license_key": "license-key-of-faults"}},
    }
    environment.api.put(f"apps/shop/roles/{LATE}", json=late).raise_for_status()
    for _ in range(50):
        environment.sandbox.broker.publish("shop", LATE, b"")
    paged = wait_for(lambda: environment.sandbox.new_relic.incidents, 120)
    if paged is None:
        raise services.ServiceFailed("the environment does not come to work")
