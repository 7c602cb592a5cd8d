"""Migrations keep what is there, and code that does not know them goes on."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, make_url, text

from sandbox.database import alembic_settings
from tests.builders import NOON

OLD = "0007"
TICKS = 3
_TENANT = (
    "insert into tenant (id, name, plan, state, region, created_at)"
    " values (:tenant, 'guv', 'premium', 'provisioned', '', :at)"
)
_APP = (
    "insert into app (id, tenant_id, heroku_id, name, authorization_state, authorization_note,"
    " created_at) values (:app, :tenant, :app, 'shop', 'unknown', '', :at)"
)
_ROLE = (
    "insert into role (id, tenant_id, app_id, name, created_at)"
    " values (:role, :tenant, :app, 'worker', :at)"
)
_ROW = (
    "insert into decision (tenant_id, app_id, role_id, at, settings_version, direction, reason,"
    " outcome, explanation, misses_at_maximum, estimates, trail, notices) values (:tenant, :app,"
    " :role, :at, '', 'hold', 'steady', 'held', 'ok', false, '{}', '[]', '[]') returning id"
)
_HOUR = (
    "insert into usage_hour as present (role_id, hour, dyno_size, tenant_id, app_id, ticks,"
    " seconds, dyno_seconds, maximum_seconds, ups, downs, finished, in_time) values"
    " (:role, :at, '', :tenant, :app, 1, 0, 0, 0, 0, 0, 0, 0)"
    " on conflict (role_id, hour, dyno_size) do update set ticks = present.ticks + 1"
)


@pytest.fixture
def empty(database_url: str) -> Iterator[Engine]:
    """A database of its own, without any table."""
    name = f"migrations_{uuid4().hex[:8]}"
    server = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"create database {name}")
    engine = create_engine(make_url(database_url).set(database=name))
    yield engine
    engine.dispose()
    with server.connect() as connection:
        connection.exec_driver_sql(f"drop database {name}")
    server.dispose()


def migrate(engine: Engine, revision: str, *, down: bool = False) -> None:
    settings: Config = alembic_settings()
    with engine.begin() as connection:
        settings.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(settings, revision)


def add_role(connection: Connection) -> dict[str, Any]:
    """The ids of a new role with its app and tenant, as the code of that time wrote them."""
    values = {"tenant": uuid4(), "app": uuid4(), "role": uuid4(), "at": NOON}
    for statement in (_TENANT, _APP, _ROLE):
        connection.execute(text(statement), values)
    return values


def add_ticks(connection: Connection, ids: dict[str, Any], begin: int = 0) -> list[int]:
    """The ids of decisions, with samples and usage, as the code of that time wrote them."""
    found = []
    for number in range(begin, begin + TICKS):
        values = {**ids, "at": NOON + timedelta(seconds=10 * number)}
        connection.execute(text("insert into sample (role_id, at) values (:role, :at)"), values)
        found.append(connection.execute(text(_ROW), values).scalar_one())
        connection.execute(text(_HOUR), {**values, "at": NOON})
    return found


def counted(connection: Connection) -> list[int]:
    tables = ("decision", "sample", "usage_hour")
    return [
        connection.execute(text(f"select count(*) from {table}")).scalar_one() for table in tables
    ]


def test_rows_of_before_are_there_and_ids_go_on(empty: Engine) -> None:
    migrate(empty, OLD)
    with empty.begin() as connection:
        ids = add_role(connection)
        before = add_ticks(connection, ids)
    migrate(empty, "head")
    with empty.begin() as connection:
        assert counted(connection) == [TICKS, TICKS, 1]
        after = add_ticks(connection, ids, begin=TICKS)  # what a process of before writes
        assert counted(connection) == [2 * TICKS, 2 * TICKS, 1]
        assert min(after) > max(before)
        kept = connection.execute(text("select bool_and(kept) from decision")).scalar_one()
        assert kept, "what old code writes is kept for long"


def test_there_is_a_way_back_with_all_rows(empty: Engine) -> None:
    migrate(empty, "head")
    with empty.begin() as connection:
        ids = add_role(connection)
        before = add_ticks(connection, ids)
    migrate(empty, OLD, down=True)
    with empty.begin() as connection:
        assert counted(connection) == [TICKS, TICKS, 1]
        assert min(add_ticks(connection, ids, begin=TICKS)) > max(before)
    migrate(empty, "head")
    with empty.begin() as connection:
        assert counted(connection) == [2 * TICKS, 2 * TICKS, 1]


def test_no_tick_is_stored_twice(empty: Engine) -> None:
    migrate(empty, "head")
    with empty.connect() as connection:
        ids = add_role(connection)
        add_ticks(connection, ids)
        with pytest.raises(Exception, match="duplicate key"):
            add_ticks(connection, ids)
