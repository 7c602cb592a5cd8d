"""Lease queues in PostgreSQL: rows that become due and are taken by one process at a time.

Taking a row moves its due time on by the lease, under a row lock that others skip. No two processes
work on a row at once, and the work of a process that dies is late, not lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, select, update


@dataclass(frozen=True, slots=True)
class LeaseQueue:
    """The rows of a table, ordered by the time at which they are due.

    Attributes:
        key: Column that identifies a row.
        due_at: Column with the due time; null for a row that waits for nothing.
        lease: Time after which a row that was taken is due again.
        attempts: Column that counts how often a row was taken; None: not counted.
    """

    key: Column[Any]
    due_at: Column[Any]
    lease: timedelta
    attempts: Column[Any] | None = None

    def take(self, connection: Connection, now: datetime, limit: int) -> Sequence[UUID]:
        """Return the keys of up to `limit` due rows, leased to the caller."""
        due = (
            select(self.key.label("key"))
            .where(self.due_at <= now)
            .order_by(self.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        values: dict[str, Any] = {self.due_at.name: now + self.lease}
        if self.attempts is not None:
            values[self.attempts.name] = self.attempts + 1
        lease = update(self.key.table).where(self.key == due.c.key).values(values)
        return list(connection.scalars(lease.returning(self.key)))
