"""Alembic environment: guv's migrations against DATABASE_URL, or on a caller's connection."""

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

LOCK_S = 5  # seconds; everything that needs the table waits behind a migration for as long
LOCKED = (
    f"Nothing was migrated: another session, such as a backup, has locked a table for more than"
    f" {LOCK_S} s. Deploy again later."
)
PARTITIONS = text("select relname from pg_class where relispartition")


def run(connection: Connection) -> None:
    partitions = set(connection.scalars(PARTITIONS))  # a chore creates and drops them
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
    """Migrate in the release phase, print the steps, and never block ticks for long."""
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


connection = context.config.attributes.get("connection")
if connection is not None:
    run(connection)
elif not os.environ.get("DATABASE_URL"):
    raise SystemExit("DATABASE_URL is required")
else:
    try:
        url = with_driver(os.environ["DATABASE_URL"])
    except ValueError as error:
        raise SystemExit(f"DATABASE_URL {error}") from None
    release(url)
