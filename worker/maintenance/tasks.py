"""Maintenance tasks, each once in its time however many clocks there are.

One that is lost on its way comes again at its next time, and does then what was left undone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, text

from guv.roles import tick_schedule
from guv.tenants import pending_provisioning
from worker.maintenance import partitions, rollups

_TAKE = text("""
    insert into chore (name, due_at)
    select wanted.name, :now + wanted.period
    from unnest(cast(:names as text[]), cast(:periods as interval[])) as wanted (name, period)
    left join chore as known on known.name = wanted.name
    where known.due_at is null or known.due_at <= :now
    on conflict (name) do update set due_at = excluded.due_at where chore.due_at <= :now
    returning name
""")


@dataclass(frozen=True, slots=True)
class Chore:
    """One of them: how long from one time to the next, and what is done."""

    period: timedelta
    work: Callable[[Engine, datetime], object]


def align(engine: Engine, now: datetime) -> int:
    """How many roles will tick together with others of their app from now on."""
    with engine.begin() as connection:
        return tick_schedule.align(connection, now)


CHORES: Mapping[str, Chore] = {
    rollups.CHORE: Chore(timedelta(minutes=1), rollups.roll_up),
    "align": Chore(timedelta(minutes=10), align),
    "partitions": Chore(timedelta(hours=1), partitions.keep_partitions),
    "subscriptions": Chore(timedelta(days=1), pending_provisioning.remember_unsubscribed),
}


def take_due(connection: Connection, now: datetime) -> list[str]:
    """Take the tasks that are due; nobody else gets them before their next time."""
    names, periods = list(CHORES), [chore.period for chore in CHORES.values()]
    rows = connection.execute(_TAKE, {"now": now, "names": names, "periods": periods})
    return [row.name for row in rows]
