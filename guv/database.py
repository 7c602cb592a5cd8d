"""How do we reach PostgreSQL? One engine a process, one session a request or tick, one commit."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from psycopg.errors import UndefinedColumn, UndefinedTable
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlmodel import Session

import guv.tables  # noqa: F401  # every table is known wherever rows are read or written


def make_engine(url: str, *, pool_size: int, application: str) -> Engine:
    """An engine that pings before use; nothing connects until it is used.

    Args:
        url: SQLAlchemy's form, `postgresql+psycopg://...`.
        pool_size: Connections kept; there is no overflow, waiting for one fails after 10 seconds.
        application: Name shown in pg_stat_activity.
    """
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text goes to logs and rows
        connect_args={"application_name": application, "connect_timeout": 5},
    )


@contextmanager
def command_engine(url: str, application: str) -> Iterator[Engine]:
    """An engine with one connection for a command, until the block ends; as `make_engine` says."""
    engine = make_engine(url, pool_size=1, application=application)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def session_scope(engine: Engine) -> Iterator[Session]:
    """A session that is committed when the block ends well and rolled back when it does not."""
    with Session(engine, expire_on_commit=False) as session:
        yield session
        session.commit()


def read_plainly(
    connection: Connection, query: str, values: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """The rows of a query for very many, in PostgreSQL's own format: a tenth of the usual time.

    Args:
        connection: In or without a transaction.
        query: With `%(name)s` where a value belongs.
        values: By name.

    Raises:
        SQLAlchemyError: The database is away, or the query is wrong; it names no values.
    """
    try:
        with closing(connection.connection.cursor(binary=True)) as cursor:
            cursor.execute(query, values)
            return list(cursor.fetchall())
    except psycopg.Error as error:
        raise DBAPIError(query, None, error, hide_parameters=True) from error


def is_outage(error: Exception) -> bool:
    """Return whether the database is away, as opposed to one statement being wrong."""
    if not isinstance(error, SQLAlchemyError):
        return False
    cause = getattr(error, "orig", None)
    if not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return isinstance(error, NoConnectionLeft)
    is_rolled_back = (cause.sqlstate or "").startswith("40")  # A deadlock, which a retry resolves.
    return not is_rolled_back


def trouble_with(error: SQLAlchemyError) -> str:
    """What is wrong with the database, in a sentence for whoever started a command."""
    if isinstance(getattr(error, "orig", None), UndefinedTable | UndefinedColumn):
        return "The database lacks tables of this version: run `alembic upgrade head`."
    return f"The database does not answer ({type(error).__name__})."
