"""Rotation of encryption keys: `python -m guv.rotate_keys`.

To change a key: put a new one before the old in GUV_ENCRYPTION_KEYS and restart, so that all
processes open both and seal with the new one; run this command; keep the old key last in the list
for as long as keys in GUV_URL that were derived with it are in use. The command may run at any
time, beside everything else, more than once, and again after it was interrupted.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Engine, Row, Table, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel

from guv.config import config_of_command
from guv.crypto import Sealer, sealer_from
from guv.database import command_engine, trouble_with

SUFFIX = "_sealed"  # of the names of columns that hold a secret


def sealed_columns(table: Table) -> list[Column[Any]]:
    """Return the table's columns that hold a secret."""
    return [column for column in table.columns if column.name.endswith(SUFFIX)]


def rotate(engine: Engine, sealer: Sealer) -> dict[str, int]:
    """Seal all secrets with the newest key; returns how many were resealed, by table.

    Args:
        engine: The database.
        sealer: With the newest key and all that still seal something.

    Raises:
        ValueError: A secret was sealed with a key that is not in the list; names table and row.
            Secrets resealed before stay so.
    """
    tables = [table for table in SQLModel.metadata.sorted_tables if sealed_columns(table)]
    return {table.name: _rotate_table(engine, sealer, table) for table in tables}


def _rotate_table(engine: Engine, sealer: Sealer, table: Table) -> int:
    with engine.connect() as connection:
        rows = connection.execute(select(*table.primary_key.columns)).all()
    return sum(_rotate_row(engine, sealer, table, tuple(row)) for row in rows)


def _rotate_row(engine: Engine, sealer: Sealer, table: Table, identity: tuple[Any, ...]) -> int:
    """Reseal the row's secrets under a lock; returns how many needed it."""
    pairs = zip(table.primary_key.columns, identity, strict=True)
    is_row = [column == value for column, value in pairs]
    query = select(*sealed_columns(table)).where(*is_row).with_for_update(key_share=True)
    with engine.begin() as connection:
        row = connection.execute(query).first()
        values = {} if row is None else _resealed(sealer, table, identity, row)
        if values:
            connection.execute(update(table).where(*is_row).values(**values))
    return len(values)


def _resealed(
    sealer: Sealer, table: Table, identity: tuple[Any, ...], row: Row[Any]
) -> dict[str, bytes]:
    """Return the row's secrets that need it, resealed, by column."""
    names = [column.name for column in sealed_columns(table)]
    secrets = {name: sealed for name, sealed in zip(names, row, strict=True) if sealed is not None}
    try:
        return {
            name: sealer.reseal(sealed)
            for name, sealed in secrets.items()
            if not sealer.is_newest(sealed)
        }
    except ValueError as error:
        which = ", ".join(map(str, identity))
        raise ValueError(f"a secret of {table.name} {which} is {error}") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Rotate all secrets; returns 0 when all are sealed with the newest key, else 1."""
    argparse.ArgumentParser(
        prog="python -m guv.rotate_keys",
        description="Seal every secret with the first key of GUV_ENCRYPTION_KEYS.",
        epilog="Exit status: 0 when all of them are sealed with it, else 1.",
    ).parse_args(arguments)
    config = config_of_command()
    sealer = sealer_from(config.guv_encryption_keys.get_secret_value())
    try:
        with command_engine(config.sqlalchemy_url, "guv rotate_keys") as engine:
            counts = rotate(engine, sealer)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except SQLAlchemyError as error:
        sys.stderr.write(f"{trouble_with(error)}\n")
        return 1
    sys.stdout.writelines(f"{name}: {count} secrets resealed\n" for name, count in counts.items())
    return 0


if __name__ == "__main__":
    sys.exit(main())
