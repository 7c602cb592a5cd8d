"""Is every secret sealed with the newest key? `python -m guv.rotate_keys` sees to it.

How a key is changed: put a new one before the old in GUV_ENCRYPTION_KEYS and restart, so that all
processes open both and seal with the new one; run this; keep the old key last in the list for as
long as keys in GUV_URL that were derived with it are in use. It may run at any time, beside
everything else, more than once, and again after it was stopped.
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

SUFFIX = "_sealed"  # a column that holds a secret is named so


def sealed_columns(table: Table) -> list[Column[Any]]:
    """The table's columns that hold a secret."""
    return [column for column in table.columns if column.name.endswith(SUFFIX)]


def rotate(engine: Engine, sealer: Sealer) -> dict[str, int]:
    """How many secrets of each table were not sealed with the newest key, and now are.

    Args:
        engine: The database.
        sealer: With the newest key and those that still seal something.

    Raises:
        ValueError: A secret was sealed with a key that is not in the list; names table and row.
            What was sealed anew before stays so.
    """
    tables = [table for table in SQLModel.metadata.sorted_tables if sealed_columns(table)]
    return {table.name: _rotate_table(engine, sealer, table) for table in tables}


def _rotate_table(engine: Engine, sealer: Sealer, table: Table) -> int:
    with engine.connect() as connection:
        rows = connection.execute(select(*table.primary_key.columns)).all()
    return sum(_rotate_row(engine, sealer, table, tuple(row)) for row in rows)


def _rotate_row(engine: Engine, sealer: Sealer, table: Table, identity: tuple[Any, ...]) -> int:
    """How many of the row's secrets were sealed anew; nobody changes them meanwhile."""
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
    """The row's secrets that need it, sealed with the newest key, by column."""
    names = [column.name for column in sealed_columns(table)]
    found = {name: sealed for name, sealed in zip(names, row, strict=True) if sealed is not None}
    try:
        return {
            name: sealer.reseal(sealed)
            for name, sealed in found.items()
            if not sealer.is_newest(sealed)
        }
    except ValueError as error:
        which = ", ".join(map(str, identity))
        raise ValueError(f"a secret of {table.name} {which} is {error}") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 when everything is sealed with the newest key, else 1."""
    argparse.ArgumentParser(
        prog="python -m guv.rotate_keys",
        description="Seals every secret with the first key of GUV_ENCRYPTION_KEYS.",
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
    sys.stdout.writelines(
        f"{name}: {count} secrets sealed anew\n" for name, count in counts.items()
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
