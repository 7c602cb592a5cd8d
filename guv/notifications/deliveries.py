"""Which incidents, of all tenants, have still to be told to a notification target?

`notify_at` of an incident says when; it is taken by moving it on, so that nobody else tells the
same at the same time, and whatever dies in between is only late.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, text

LEASE = timedelta(seconds=30)  # for one attempt at each of its targets

_DUE = text("""
    with due as (
        select id from incident where notify_at <= :now
        order by notify_at limit :most for update skip locked
    )
    update incident set notify_at = :now + :lease from due where incident.id = due.id
    returning incident.id
""")


def take_due(connection: Connection, now: datetime, most: int) -> Sequence[UUID]:
    """Up to `most` incidents that are to be told now; nobody else gets them so soon."""
    rows = connection.execute(_DUE, {"now": now, "most": most, "lease": LEASE})
    return [row.id for row in rows]
