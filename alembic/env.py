"""Runs guv's migrations against DATABASE_URL, or on the connection a caller hands over."""

import os

from alembic import context
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool
from sqlmodel import SQLModel

import guv.models  # noqa: F401  # fills the metadata
from guv.config import with_driver


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


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
elif "DATABASE_URL" not in os.environ:
    raise SystemExit("DATABASE_URL is needed")
else:
    engine = create_engine(with_driver(os.environ["DATABASE_URL"]), poolclass=NullPool)
    with engine.begin() as connection:  # commits: `run` has begun a transaction before Alembic does
        run(connection)
