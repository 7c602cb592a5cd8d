"""Rollups of ticks by minute, for charts and for the time after the ticks are dropped.

They are made of the rows once a minute is over, all roles in one statement, and written over what
is there: a run that died half way, or ran twice, loses and doubles nothing.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, text
from sqlmodel import SQLModel

from worker.maintenance.partitions import FULL

CHORE = "roll_up"
GRACE = timedelta(minutes=2)  # a tick ends within a minute; whatever is later is not in the sums
AT_ONCE = timedelta(hours=1)  # a transaction; what is more follows in the next one

_SUMS = [
    column.name
    for column in SQLModel.metadata.tables["rollup"].c
    if column.name not in {"role_id", "at", "width_s"}
]
_INTO = f"insert into rollup (role_id, at, width_s, {', '.join(_SUMS)})"
_OVER = "on conflict (role_id, at, width_s) do update set " + ", ".join(
    f"{name} = excluded.{name}" for name in _SUMS
)
_MINUTES = text(f"""{_INTO}
    select d.role_id, date_bin('1 minute', d.at, 'epoch'), 60, count(*),
        count(*) filter (where outcome = 'scaled'), count(*) filter (where outcome = 'refused'),
        count(*) filter (where outcome = 'failed'), count(*) filter (where reason = 'no_data'),
        count(*) filter (where at_maximum), count(messages_ready), count(dynos), count(desired),
        coalesce(sum(seconds), 0), min(messages_ready), max(messages_ready), sum(messages_ready),
        max(messages_unacknowledged),
        min(dynos), max(dynos), sum(dynos), min(desired), max(desired), sum(desired),
        max(predicted_wait), sum(arrived), sum(d.served),
        sum(d.served) filter (where in_time is not null), sum(in_time)
    from decision as d
    left join sample as s on s.role_id = d.role_id and s.at = d.at and s.kept = d.kept
        and s.at >= :since and s.at < :until
    where d.at >= :since and d.at < :until
    group by 1, 2
    {_OVER}
""")
_FIVE_MINUTES = text(f"""{_INTO}
    select role_id, date_bin('5 minutes', at, 'epoch'), 300, sum(ticks), sum(changes),
        sum(refused), sum(failed), sum(without_data), sum(at_maximum), sum(waiting_ticks),
        sum(dynos_ticks), sum(desired_ticks), sum(seconds), min(waiting_min), max(waiting_max),
        sum(waiting_sum), max(unacknowledged_max), min(dynos_min), max(dynos_max),
        sum(dynos_sum), min(desired_min), max(desired_max), sum(desired_sum),
        max(predicted_wait_max), sum(arrived), sum(served), sum(timed), sum(in_time)
    from rollup where width_s = 60 and at >= :since and at < :until
    group by 1, 2
    {_OVER}
""")
_DONE_UNTIL = text("select done_until from chore where name = :name for update")
_FIRST = text("select min(at) from decision where at >= :since")
_NOTE = text("update chore set done_until = :until where name = :name")


def roll_up(engine: Engine, now: datetime) -> int:
    """How many sums were written, of all minutes that are over since the last time."""
    end, written = _floor(now - GRACE, 1), 0
    while True:
        with engine.begin() as connection:
            since = _begin(connection, end)
            until = min(since + AT_ONCE, end)
            if since >= until:
                return written
            written += _add_up(connection, since, until)
            connection.execute(_NOTE, {"name": CHORE, "until": until})


def _begin(connection: Connection, end: datetime) -> datetime:
    """Up to where it was done; the first time, where the rows begin. Others wait meanwhile."""
    done: datetime | None = connection.execute(_DONE_UNTIL, {"name": CHORE}).scalar_one()
    oldest = end - FULL  # as far back as there is every tick
    if done is None:
        done = connection.execute(_FIRST, {"since": oldest}).scalar() or end
    return _floor(max(done, oldest), 1)


def _add_up(connection: Connection, since: datetime, until: datetime) -> int:
    minutes = connection.execute(_MINUTES, {"since": since, "until": until}).rowcount
    fives = {"since": _floor(since, 5), "until": _floor(until, 5)}
    if fives["since"] == fives["until"]:
        return minutes
    return minutes + connection.execute(_FIVE_MINUTES, fives).rowcount


def _floor(at: datetime, minutes: int) -> datetime:
    at = at.astimezone(UTC)
    return at.replace(minute=at.minute - at.minute % minutes, second=0, microsecond=0)
