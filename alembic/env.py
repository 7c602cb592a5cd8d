"""Runs guv's migrations against DATABASE_URL, or on the connection a caller hands over."""

import logging
import os
import sys

from alembic import context
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool
from sqlmodel import SQLModel

import guv.tables  # noqa: F401  # fills the metadata
from guv.config import with_driver
from guv.database import trouble_with

LOCK_S = 5  # whatever needs the table waits behind us for as long
LOCKED = (
    f"Nothing was migrated: somebody, such as a backup, holds a table for longer than {LOCK_S} s."
    " Deploy again later."
)
PARTITIONS = text("select relname from pg_class where relispartition")


def run(connection: Connection) -> None:
    partitions = set(connection.scalars(PARTITIONS))  # made and dropped by a chore, not by us
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        compare_type=True,
        compare_server_default=True,
        include_name=lambda name, kind, _parents: kind != "table" or name not in partitions,
    )
    with context.begin_transaction():
        context.run_migrations()


def release(url: str) -> None:
    """The release phase: says what is migrated, and stops nobody's ticks for long."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    connect_args = {"connect_timeout": 5, "options": f"-c lock_timeout={LOCK_S}s"}
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=connect_args)
    try:
        with engine.begin() as connection:  # commits: `run` has begun before Alembic does
            run(connection)
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable | DeadlockDetected):
            raise SystemExit(LOCKED) from None
        if error.statement is None:
            raise SystemExit(trouble_with(error)) from None
        raise


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
elif not os.environ.get("DATABASE_URL"):
    raise SystemExit("DATABASE_URL is needed")
else:
    try:
        url = with_driver(os.environ["DATABASE_URL"])
    except ValueError as error:
        raise SystemExit(f"DATABASE_URL {error}") from None
    release(url)
