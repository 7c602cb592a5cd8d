"""Provisionings with steps left at Heroku, and when each is tried again.

A row is written before Heroku is answered and deleted when all is done, so a process that dies in
between only causes a delay.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, text
from sqlmodel import Session

from guv.backoff import doubled_pause
from guv.lease_queue import LeaseQueue
from guv.tenants.models import PendingProvisioning

LIMIT = timedelta(hours=12)  # after which Heroku removes an unprovisioned resource
SPREAD = timedelta(hours=1)  # over which calls for many resources are spread

_TABLE = PendingProvisioning.metadata.tables["unfinished"]
QUEUE = LeaseQueue(
    _TABLE.c.tenant_id,
    _TABLE.c.next_at,
    timedelta(seconds=30),  # one attempt makes a few calls to Heroku
    _TABLE.c.attempts,
)

_UNSUBSCRIBED = text("""
    insert into unfinished (tenant_id, next_at, give_up_at, attempts, is_asynchronous, note)
    select tenant.id, :now + random() * :spread, :now + :limit, 0, false, ''
    from tenant left join subscription on subscription.tenant_id = tenant.id
    where tenant.state = 'provisioned' and subscription.heroku_id is null
    on conflict (tenant_id) do nothing
""")


def remember(
    session: Session, tenant_id: UUID, now: datetime, pause: float, *, asynchronous: bool
) -> None:
    """Schedule the next attempt, unless an earlier one is scheduled.

    Args:
        session: The caller's transaction, which holds the tenant's lock.
        tenant_id: The tenant.
        now: The present.
        pause: Seconds until the attempt.
        asynchronous: Whether Heroku was told that the config comes later.
    """
    row = session.get(PendingProvisioning, tenant_id)
    at = now + timedelta(seconds=pause)
    if row is None:
        row = PendingProvisioning(tenant_id=tenant_id, next_at=at, give_up_at=now + LIMIT)
    elif asynchronous or at < row.next_at:
        row.next_at = at
    row.is_asynchronous = row.is_asynchronous or asynchronous
    session.add(row)


def remember_unsubscribed(engine: Engine, now: datetime) -> int:
    """Schedule provisioned resources without a subscription; returns how many.

    Heroku had refused it, or they are older than guv's use of webhooks.
    """
    values = {"now": now, "spread": SPREAD, "limit": LIMIT}
    with engine.begin() as connection:
        return connection.execute(_UNSUBSCRIBED, values).rowcount


def forget(session: Session, tenant_id: UUID) -> None:
    """Delete a tenant's pending provisioning."""
    row = session.get(PendingProvisioning, tenant_id)
    if row is not None:
        session.delete(row)


def postpone(session: Session, row: PendingProvisioning, now: datetime, note: str) -> None:
    """Schedule the next attempt after a pause that doubles from 2 seconds to 5 minutes."""
    row.next_at, row.note = now + doubled_pause(row.attempts), note
    session.add(row)
