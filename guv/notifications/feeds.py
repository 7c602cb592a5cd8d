"""Which notification targets, of all tenants, get their minute's events now?

A feed belongs to the level of settings that sets the target. It is taken by moving `feed_at` on,
so that nobody else sends the same, and whatever dies in between is only late.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, text

LEASE = timedelta(seconds=60)

_DUE = text("""
    with due as (
        select subject_id from settings_level where feed_at <= :now
        order by feed_at limit :most for update skip locked
    )
    update settings_level set feed_at = :now + :lease
    from due where settings_level.subject_id = due.subject_id
    returning settings_level.subject_id
""")


def take_due(connection: Connection, now: datetime, most: int) -> Sequence[UUID]:
    """Up to `most` levels whose target gets its events now; nobody else gets them so soon."""
    rows = connection.execute(_DUE, {"now": now, "most": most, "lease": LEASE})
    return [row.subject_id for row in rows]
