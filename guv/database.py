"""PostgreSQL: one engine a process, one session and one commit a request or tick."""

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
    """Make an engine that pings before use; nothing connects until it is used.

    Args:
        url: SQLAlchemy's form, `postgresql+psycopg://...`.
        pool_size: Connections kept; there are no others, and waiting for one fails after 10 s.
        application: Name shown in pg_stat_activity.
    """
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        hide_parameters=True,  # errors are logged and stored, and must not hold values
        connect_args={"application_name": application, "connect_timeout": 5},
    )


@contextmanager
def command_engine(url: str, application: str) -> Iterator[Engine]:
    """Make an engine with one connection for a command, disposed when the block ends."""
    engine = make_engine(url, pool_size=1, application=application)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def session_scope(engine: Engine) -> Iterator[Session]:
    """Open a session that commits at the end of the block, or rolls back on an error."""
    with Session(engine, expire_on_commit=False) as session:
        yield session
        session.commit()


def read_plainly(
    connection: Connection, query: str, values: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """Run a query for many rows in PostgreSQL's binary format, in a tenth of the usual time.

    Args:
        connection: In or without a transaction.
        query: With `%(name)s` for each value.
        values: By name.

    Raises:
        SQLAlchemyError: The database is unreachable, or the query is wrong; it names no values.
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
    """Describe what is wrong with the database, for the user of a command."""
    if isinstance(getattr(error, "orig", None), UndefinedTable | UndefinedColumn):
        return "The database lacks tables of this version: run `alembic upgrade head`."
    return f"The database does not answer ({type(error).__name__})."
