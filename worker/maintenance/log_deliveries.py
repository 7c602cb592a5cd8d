"""Log deliveries that wait, read in order, added up and stored; each counts once.

The place up to which a drain was read is stored in the transaction of its sums, and only then are
the deliveries forgotten: whoever dies in between has lost nothing and counts nothing twice.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from guv.clock import from_unix, unix_seconds
from guv.web_metrics.delivery_queue import END, Delivery, DrainQueue
from guv.web_metrics.log_lines import read_line
from guv.web_metrics.models import Drain, DynoEvent, WebBucket
from guv.web_metrics.sketch import merged, packed, sketch_of, unpacked
from guv.web_metrics.sums import WHOLE_APP, Place, Sum, Sums, add_up

MOST_DELIVERIES = 50  # at once: some tens of milliseconds
SUMS_KEPT = timedelta(days=1)
EVENTS_KEPT = timedelta(days=7)
KEY = ("app_id", "at", "dyno")


@dataclass(frozen=True, slots=True)
class _Due:
    """A drain that is locked while it is read."""

    app_id: UUID
    read_until: str


def read_drain(engine: Engine, queue: DrainQueue, drain: UUID, now: datetime) -> int:
    """How many lines were read; 0 also where somebody else reads the drain at this moment.

    Args:
        engine: The database.
        queue: Where the deliveries wait.
        drain: Whose.
        now: The present.
    """
    with engine.begin() as connection:
        if not _exists(connection, drain):
            queue.forget_until(drain, END, now)
            return 0
        due = _lock(connection, drain)
        if due is None:
            return 0
        deliveries = queue.read(drain, due.read_until, MOST_DELIVERIES)
        if deliveries:
            _store(connection, due.app_id, _sums(deliveries, now), now)
            _note(connection, drain, deliveries[-1].id, now)
    if deliveries:
        queue.forget(drain, deliveries, now)
    else:
        queue.forget_until(drain, due.read_until, now)
    return sum(len(one.lines) for one in deliveries)


def _exists(connection: Connection, drain: UUID) -> bool:
    return (
        connection.execute(select(col(Drain.id)).where(col(Drain.id) == drain)).first() is not None
    )


def _lock(connection: Connection, drain: UUID) -> _Due | None:
    query = select(col(Drain.app_id), col(Drain.read_until)).where(col(Drain.id) == drain)
    row = connection.execute(query.with_for_update(skip_locked=True)).first()
    return None if row is None else _Due(*row)


def _note(connection: Connection, drain: UUID, place: str, now: datetime) -> None:
    table = Drain.metadata.tables["drain"]
    values = {"read_until": place, "seen_at": now}
    connection.execute(table.update().where(table.c.id == drain).values(**values))


def _sums(deliveries: Sequence[Delivery], now: datetime) -> Sums:
    at = unix_seconds(now)
    sums = add_up((read_line(line) for one in deliveries for line in one.lines), at)
    lost = sum(one.lost for one in deliveries)
    if lost:
        sums.at(at, WHOLE_APP).lost += lost
    return sums


def _store(connection: Connection, app_id: UUID, sums: Sums, now: datetime) -> None:
    """Add the sums to those stored, and drop old ones."""
    if sums.places:
        _store_buckets(connection, app_id, sums.places)
    events = [*_changes(app_id, sums), *_scalings(app_id, sums)]
    if events:
        connection.execute(insert(DynoEvent).on_conflict_do_nothing(), events)
    for table, kept in ((WebBucket, SUMS_KEPT), (DynoEvent, EVENTS_KEPT)):
        old = (col(table.app_id) == app_id, col(table.at) < now - kept)
        connection.execute(delete(table).where(*old))


def _store_buckets(connection: Connection, app_id: UUID, places: Mapping[Place, Sum]) -> None:
    stored = _stored(connection, app_id, places)
    rows = [
        _row(app_id, place, total, stored.get(place)) for place, total in sorted(places.items())
    ]
    adding = insert(WebBucket)
    sums = {name: adding.excluded[name] for name in rows[0] if name not in KEY}
    connection.execute(adding.on_conflict_do_update(index_elements=KEY, set_=sums), rows)


def _stored(
    connection: Connection, app_id: UUID, places: Mapping[Place, Sum]
) -> dict[Place, Mapping[str, Any]]:
    """Return the sums stored for these times; the lock on the drain keeps others from them."""
    times = {from_unix(at) for at, _ in places}
    query = select(WebBucket).where(col(WebBucket.app_id) == app_id, col(WebBucket.at).in_(times))
    rows = connection.execute(query).mappings()
    return {(int(unix_seconds(row["at"])), row["dyno"]): dict(row) for row in rows}


def _row(
    app_id: UUID, place: Place, total: Sum, stored: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the row to store: the sum added to what was there."""
    there = stored or {"service": None, "connect": None}
    return {
        "app_id": app_id,
        "at": from_unix(place[0]),
        "dyno": place[1],
        "requests": total.requests + there.get("requests", 0),
        "lost": min(total.lost + there.get("lost", 0), 2**31 - 1),
        "service_seconds": total.service_seconds + there.get("service_seconds", 0.0),
        "statuses": dict(total.statuses + _counter(there.get("statuses"))),
        "errors": dict(total.errors + _counter(there.get("errors"))),
        "service": packed(merged([sketch_of(total.service), unpacked(there["service"])])),
        "connect": packed(merged([sketch_of(total.connect), unpacked(there["connect"])])),
    }


def _counter(stored: Mapping[str, int] | None) -> Counter[str]:
    return Counter(stored or {})


def _changes(app_id: UUID, sums: Sums) -> list[dict[str, Any]]:
    return [
        {
            "app_id": app_id,
            "at": from_unix(one.at),
            "dyno": one.dyno,
            "state": one.after,
            "quantity": None,
        }
        for one in sums.changes
    ]


def _scalings(app_id: UUID, sums: Sums) -> list[dict[str, Any]]:
    return [
        {
            "app_id": app_id,
            "at": from_unix(one.at),
            "dyno": process_type,
            "state": "scaled",
            "quantity": quantity,
        }
        for one in sums.scalings
        for process_type, quantity in one.quantities.items()
    ]
