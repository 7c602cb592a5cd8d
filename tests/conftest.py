"""Private, real services for the tests that need them; each starts at most once a process.

`GUV_TEST_DATABASE_URL` and `GUV_TEST_REDIS_URL` point at servers of one's own; their content is
removed.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
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

ROOT = Path(__file__).parent.parent
# How fast a machine is says nothing about the code; speed is for `bench/`.
settings.register_profile("any", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any")


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
def rabbitmq(services_folder: Path) -> Iterator[services.RabbitMQ]:
    with services.rabbitmq(services_folder / "rabbitmq") as broker:
        yield broker


@pytest.fixture(scope="session")
def migrated_engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url, pool_size=40, application="guv tests")
    settings = AlembicConfig(toml_file=str(ROOT / "pyproject.toml"))
    with engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
    yield engine
    engine.dispose()


@pytest.fixture
def empty_url(migrated_engine: Engine, database_url: str) -> Iterator[str]:
    """A database without any table, as Heroku gives it: its URL begins with postgres://."""
    name = f"new_{uuid4().hex[:8]}"
    with migrated_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"create database {name}"))
        server = database_url.rpartition("/")[0]
        yield f"{server}/{name}".replace("postgresql+psycopg:", "postgres:", 1)
        connection.execute(text(f"drop database {name} with (force)"))


@pytest.fixture
def engine(migrated_engine: Engine) -> Engine:
    """The migrated database, empty."""
    tables = ", ".join(f'"{table.name}"' for table in SQLModel.metadata.sorted_tables)
    with migrated_engine.begin() as connection:
        connection.execute(text(f"truncate {tables} restart identity cascade"))
    return migrated_engine


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def redis_url(server_redis_url: str) -> str:
    """Redis, empty."""
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
    """Our processes' configuration, pointing at the private services; nothing outside answers."""
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
