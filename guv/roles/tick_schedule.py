"""Tick schedule: which roles of all tenants are due. The clock queues them, workers claim them.

A role is claimed by moving its `due_at` on, under a row lock that others skip. So two clocks or two
jobs for the same role cause one tick, and a lost job or an emptied Redis costs one lease. Missed
ticks are not made up for: a role that is late by more than an interval continues at a phase of its
app, so that late apps do not all come back at once, but the roles of one app do.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

LEASE_S = 30.0  # after which a queued role that was not claimed is queued again

_QUEUE = text("""
    with due as (
        select role_id from tick_schedule
        where enabled and due_at <= :now and (queued_until is null or queued_until <= :now)
        order by due_at limit :most for update skip locked
    ), queued as (
        update tick_schedule set queued_until = :now + make_interval(secs => :lease)
        from due where tick_schedule.role_id = due.role_id
        returning tick_schedule.role_id
    )
    select role_id from queued join role on role.id = role_id order by app_id, role_id
""")

# Move to whole intervals after the app's first role. That never causes a second tick at once, and
# never delays a tick by more than an interval.
_ALIGN = text("""
    with first as (
        select app_id, interval_s, min(due_at) as at
        from tick_schedule join role on role.id = role_id
        where enabled group by app_id, interval_s having count(*) > 1
    ), wanted as (
        select role_id, at + make_interval(secs => tick_schedule.interval_s * greatest(
            floor(extract(epoch from due_at - at) / tick_schedule.interval_s),
            ceil(extract(epoch from :now - at) / tick_schedule.interval_s)
        )::float8) as due_at
        from tick_schedule join role on role.id = role_id
        join first on first.app_id = role.app_id and first.interval_s = tick_schedule.interval_s
        where enabled and due_at > :now and queued_until is null
    )
    update tick_schedule set due_at = wanted.due_at from wanted
    where wanted.role_id = tick_schedule.role_id
        and abs(extract(epoch from wanted.due_at - tick_schedule.due_at)) > :apart
""")
APART_S = 0.25  # roles that are closer than this are found at the same beat of the clock

_UNMARK = text("update tick_schedule set queued_until = null where role_id = any(:roles)")

_CLAIM = text("""
    with due as (
        select role_id, ('x' || right(app_id::text, 8))::bit(32)::bigint / 4294967296.0 as phase
        from tick_schedule join role on role.id = role_id
        where role_id = any(:roles) and enabled and due_at <= :now
        for update of tick_schedule skip locked
    )
    update tick_schedule set
        queued_until = null,
        due_at = case
            when due_at > :now - make_interval(secs => interval_s)
            then due_at + make_interval(secs => interval_s)
            else to_timestamp(interval_s * (
                phase + ceil(extract(epoch from :now) / interval_s - phase)
            )::float8)
        end
    from due where tick_schedule.role_id = due.role_id
    returning tick_schedule.role_id
""")

_WAKE = text("""
    update tick_schedule set due_at = :at where role_id = any(:roles) and due_at > :at
""")

_STOP = text("""
    update tick_schedule set enabled = false
    from role where role.id = tick_schedule.role_id and role.app_id = :app
""")

_MEND = text("""
    update tick_schedule set due_at = :now, queued_until = null
    where enabled and (due_at > :now + make_interval(secs => 2 * interval_s)
        or queued_until > :now + make_interval(secs => 2 * :lease))
""")

_DUE = text("""
    select role_id, due_at from tick_schedule where role_id = any(:roles) and enabled
""")

_LAG = text("""
    select coalesce(extract(epoch from :now - min(due_at)), 0) from tick_schedule
    where enabled and due_at <= :now
""")


def mark_queued(connection: Connection, now: datetime, most: int) -> list[UUID]:
    """Queue up to `most` due roles for `LEASE_S` seconds and return their ids.

    The latest are chosen, and come app by app.
    """
    rows = connection.execute(_QUEUE, {"now": now, "most": most, "lease": LEASE_S})
    return [row.role_id for row in rows]


def align(connection: Connection, now: datetime) -> int:
    """Align roles with others of their app and interval; returns how many were moved.

    Aligned roles share one read of their broker and one of their formation.
    """
    return connection.execute(_ALIGN, {"now": now, "apart": APART_S}).rowcount


def unmark_queued(connection: Connection, roles: Sequence[UUID]) -> None:
    """Make roles due again that were marked but could not be enqueued."""
    connection.execute(_UNMARK, {"roles": list(roles)})


def wake(connection: Connection, roles: Sequence[UUID], at: datetime) -> None:
    """Make the next ticks of roles due at a time, unless they are due earlier."""
    connection.execute(_WAKE, {"roles": list(roles), "at": at})


def stop_app(connection: Connection, app: UUID) -> None:
    """Stop the ticks of an app's roles."""
    connection.execute(_STOP, {"app": app})


def claim(connection: Connection, roles: Sequence[UUID], now: datetime) -> list[UUID]:
    """Claim the roles that are due; others were claimed elsewhere."""
    rows = connection.execute(_CLAIM, {"roles": list(roles), "now": now})
    return [row.role_id for row in rows]


def mend(connection: Connection, now: datetime) -> int:
    """Make roles due now that a clock set ahead had delayed; returns how many.

    No role is due later than an interval from now, nor queued for longer than a lease.
    """
    return connection.execute(_MEND, {"now": now, "lease": LEASE_S}).rowcount


def read_due(connection: Connection, roles: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return when the roles' next ticks are due, without roles that were removed since."""
    return {row.role_id: row.due_at for row in connection.execute(_DUE, {"roles": list(roles)})}


def lag(connection: Connection, now: datetime) -> float:
    """Return the seconds that the latest due role is late; 0 when none is due."""
    return float(connection.execute(_LAG, {"now": now}).scalar_one())
