"""Partitions by day or month, dropped whole when their rows are old.

A row for which nobody made a partition in time waits in the table's `_rest` and is moved later, so
no tick fails for want of one. A lock that is not free at once is tried for again at the next run:
a statement that waits for it would make everybody wait behind it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import structlog
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

FULL = timedelta(days=7)  # every tick
MINUTES = timedelta(days=30)  # sums of a minute
LONG = timedelta(days=396)  # 13 months: changes, what is unusual, sums of five minutes and hours
AHEAD = {"day": 3, "month": 1}
PATIENCE = "set local lock_timeout = '500ms'"

_log = structlog.get_logger(__name__)
_BOUNDS = text("""
    select relname, substring(bounds from 'FROM \\(''([^'']+)''')::timestamptz,
        substring(bounds from 'TO \\(''([^'']+)''')::timestamptz
    from pg_inherits
    join pg_class on pg_class.oid = inhrelid
    cross join pg_get_expr(relpartbound, pg_class.oid) as bounds
    where inhparent = cast(:table as regclass) and bounds <> 'DEFAULT'
""")


@dataclass(frozen=True, slots=True)
class Kept:
    """A table of partitions.

    Attributes:
        table: Its name.
        span: What each partition holds, in UTC.
        time: How long its rows are kept at least.
        column: The instant that they are partitioned by.
    """

    table: str
    span: Literal["day", "month"]
    time: timedelta
    column: str = "at"


@dataclass(frozen=True, slots=True)
class Partition:
    """One that is there: its name, its first instant (None: all before) and its end."""

    name: str
    begin: datetime | None
    end: datetime

    def overlaps(self, begin: datetime, end: datetime) -> bool:
        """Whether it holds any instant of that time."""
        return self.end > begin and (self.begin is None or self.begin < end)


TABLES = (
    Kept("decision_full", "day", FULL),
    Kept("sample_full", "day", FULL),
    Kept("decision_kept", "month", LONG),
    Kept("sample_kept", "month", LONG),
    Kept("rollup_60", "day", MINUTES),
    Kept("rollup_300", "month", LONG),
    Kept("usage_hour", "month", LONG, column="hour"),
)


def keep_partitions(engine: Engine, now: datetime, tables: Sequence[Kept] = TABLES) -> list[str]:
    """Make and drop partitions, each in its own transaction, and return what was done in words."""
    return [
        done for kept in tables for done in (*_make(engine, kept, now), *_drop(engine, kept, now))
    ]


def partitions_of(connection: Connection, table: str) -> list[Partition]:
    """Return the table's partitions, without the default one."""
    return [Partition(*row) for row in connection.execute(_BOUNDS, {"table": table})]


def _make(engine: Engine, kept: Kept, now: datetime) -> Iterator[str]:
    with engine.begin() as connection:
        there = partitions_of(connection, kept.table)
        begins = {*_ahead(kept, now), *_waiting(connection, kept)}
    for begin in sorted(begins):
        end = _next(kept, begin)
        if any(one.overlaps(begin, end) for one in there):
            continue
        name = f"{kept.table}_{begin:{'%Y_%m_%d' if kept.span == 'day' else '%Y_%m'}}"
        if _did(engine, _making(kept, name, begin, end)):
            yield f"made {name}"


def _drop(engine: Engine, kept: Kept, now: datetime) -> Iterator[str]:
    with engine.begin() as connection:
        there = partitions_of(connection, kept.table)
    for one in there:
        if one.end <= now - kept.time and _did(engine, [f"drop table {one.name}"]):
            yield f"dropped {one.name}"


def _making(kept: Kept, name: str, begin: datetime, end: datetime) -> list[str]:
    """Return the statements that make a partition and move the rows that wait for it."""
    span = f"{kept.column} >= '{begin}' and {kept.column} < '{end}'"
    rest = f"{kept.table}_rest"
    return [
        f"create temporary table moved on commit drop as select * from {rest} where {span}",
        f"delete from {rest} where {span}",
        f"create table {name} partition of {kept.table} for values from ('{begin}') to ('{end}')",
        f"insert into {name} overriding system value select * from moved",
    ]


def _did(engine: Engine, statements: Sequence[str]) -> bool:
    """Whether all was done; False: a lock was not free, and nothing was."""
    try:
        with engine.begin() as connection:
            for statement in (PATIENCE, *statements):
                connection.exec_driver_sql(statement)
    except OperationalError as error:
        if not isinstance(error.orig, LockNotAvailable):
            raise
        _log.info("partition_waits", statement=statements[-1][:80])
        return False
    return True


def _ahead(kept: Kept, now: datetime) -> Iterator[datetime]:
    """Return the beginnings of the present span and of the next ones."""
    begin = _floor(kept, now)
    for _ in range(AHEAD[kept.span] + 1):
        yield begin
        begin = _next(kept, begin)


def _waiting(connection: Connection, kept: Kept) -> set[datetime]:
    """Return the beginnings of the spans whose rows wait for their partition."""
    column, rest = kept.column, f"{kept.table}_rest"
    rows = connection.exec_driver_sql(
        f"select distinct date_trunc('{kept.span}', {column}, 'UTC') from {rest}"
    )
    return {row[0].astimezone(UTC) for row in rows}


def _floor(kept: Kept, at: datetime) -> datetime:
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day if kept.span == "day" else day.replace(day=1)


def _next(kept: Kept, begin: datetime) -> datetime:
    return _floor(kept, begin + timedelta(days=1 if kept.span == "day" else 32))
