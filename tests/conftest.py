"""Private, real servers for the tests that need them, and the order of the tests.

PostgreSQL and Redis start once in each worker process, RabbitMQ once in a run; none of them starts
before a test asks for it.

`GUV_TEST_DATABASE_URL` and `GUV_TEST_REDIS_URL` point at servers of one's own; their content is
removed.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from _pytest.nodeid import NodeId
from alembic import command
from alembic.config import Config as AlembicConfig
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, settings
from redis import Redis
from sqlalchemy import Engine, text
from sqlmodel import Session, SQLModel

import guv.tables  # noqa: F401  # fills the metadata
from guv.config import Config, with_driver
from guv.crypto import Sealer, sealer_from
from guv.database import make_engine
from sandbox import services
from tests.shared_routes import share_routes
from tests.shared_services import Desk, SharedServices
from tests.shared_statements import share_statements

ROOT = Path(__file__).parent.parent
# How fast a machine is says nothing about the code; speed is for `bench/`.
settings.register_profile("any", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any")
share_routes()
# TRUNCATE would make new files for 226 tables, partitions and indexes: 110 ms in place of 4 ms.
_DELETES = [f'delete from "{table.name}"' for table in reversed(SQLModel.metadata.sorted_tables)]
_RESTART_SEQUENCES = (
    "select setval(oid, 1, false) from pg_class"
    " where relkind = 'S' and relnamespace = 'public'::regnamespace"
)
EMPTY = "; ".join([*_DELETES, _RESTART_SEQUENCES])
DESK = pytest.StashKey[Desk]()
SERVERS = pytest.StashKey[SharedServices | Desk]()


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", {}).get("servers")
    config.stash[SERVERS] = Desk(*given) if given else SharedServices()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker process of pytest-xdist where to ask for shared servers."""
    servers = node.config.stash[SERVERS]
    if DESK not in node.config.stash:
        node.config.stash[DESK] = servers.open_desk()
    desk = node.config.stash[DESK]
    node.workerinput["servers"] = (desk.address, desk.key)


def pytest_unconfigure(config: pytest.Config) -> None:
    servers = config.stash.get(SERVERS, None)
    if isinstance(servers, SharedServices):
        servers.close()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker process starts it while others idle."""
    items.sort(key=_place)
    for item in items:
        # pytest-xdist 3.8 appends "@GROUP" to an attribute that pytest 9.2 no longer reads, so
        # the tests of a group would be spread over all worker processes.
        if (grouped := vars(item).get("_nodeid")) is not None:
            item._id = NodeId.parse(grouped)


def _place(item: pytest.Item) -> int:
    if item.get_closest_marker("system"):
        return 0
    return 1 if item.get_closest_marker("xdist_group") else 2


@pytest.fixture(scope="session")
def services_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("services")


@pytest.fixture(scope="session")
def database_url(services_folder: Path) -> Iterator[str]:
    given = os.environ.get("GUV_TEST_DATABASE_URL")
    if given:
        yield with_driver(given)
        return
    with services.postgres(services_folder / "postgres") as url:
        yield with_driver(url)


@pytest.fixture(scope="session")
def server_redis_url(services_folder: Path) -> Iterator[str]:
    given = os.environ.get("GUV_TEST_REDIS_URL")
    if given:
        yield given
        return
    with services.redis(services_folder / "redis") as url:
        yield url


@pytest.fixture(scope="session")
def rabbitmq(pytestconfig: pytest.Config) -> services.RabbitMQ:
    """Return the broker of all worker processes; each test makes its own virtual host."""
    broker: services.RabbitMQ = pytestconfig.stash[SERVERS].get("rabbitmq")
    return broker


@pytest.fixture(scope="session")
def own_rabbitmq(services_folder: Path) -> Iterator[services.RabbitMQ]:
    """Start a broker of this worker process, for tests that stop or reconfigure it."""
    with services.rabbitmq(services_folder / "rabbitmq") as broker:
        yield broker


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> services.RabbitMQ:
    """Return the shared broker, or `own_rabbitmq` for tests marked with `own_broker`."""
    is_own = request.node.get_closest_marker("own_broker") is not None
    broker: services.RabbitMQ = request.getfixturevalue("own_rabbitmq" if is_own else "rabbitmq")
    return broker


@pytest.fixture(scope="session")
def migrated_engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url, pool_size=40, application="guv tests")
    settings = AlembicConfig(toml_file=str(ROOT / "pyproject.toml"))
    with engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
    with share_statements(engine):
        yield engine
    engine.dispose()


@pytest.fixture
def empty_url(migrated_engine: Engine, database_url: str) -> Iterator[str]:
    """Make a database without tables whose URL begins with postgres://, as Heroku's does."""
    name = f"new_{uuid4().hex[:8]}"
    with migrated_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"create database {name}"))
        server = database_url.rpartition("/")[0]
        yield f"{server}/{name}".replace("postgresql+psycopg:", "postgres:", 1)
        connection.execute(text(f"drop database {name} with (force)"))


@pytest.fixture
def engine(migrated_engine: Engine) -> Engine:
    """Return the migrated database, emptied."""
    with migrated_engine.begin() as connection:
        connection.exec_driver_sql(EMPTY)
    return migrated_engine


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def redis_url(server_redis_url: str) -> str:
    """Return the URL of an emptied Redis."""
    with Redis.from_url(server_redis_url) as redis:
        redis.flushall()
    return server_redis_url


@pytest.fixture(scope="session")
def encryption_key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture
def sealer(encryption_key: str) -> Sealer:
    return sealer_from(encryption_key)


@pytest.fixture
def config(
    engine: Engine,  # noqa: ARG001  # empties the database
    database_url: str,
    redis_url: str,
    encryption_key: str,
) -> Config:
    """Return guv's configuration for the private services, where no outside service answers."""
    return Config.model_validate(
        {
            "database_url": database_url,
            "redis_url": redis_url,
            "guv_encryption_keys": encryption_key,
            "guv_wrong_keys": 100_000,  # all tests come from one address
            "guv_allowed_networks": "127.0.0.0/8",
            "guv_addon_password": "addon-password-marker",
            "guv_oauth_client_secret": "oauth-secret-marker",
            "heroku_api_url": "http://127.0.0.1:9",
            "heroku_id_url": "http://127.0.0.1:9",
            "heroku_metrics_url": "http://127.0.0.1:9",
            "new_relic_events_url": "http://127.0.0.1:9",
            "guv_log_json": True,
        }
    )
