"""How do we reach PostgreSQL? One engine a process, one session a request or tick, one commit."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine
from sqlmodel import Session


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
