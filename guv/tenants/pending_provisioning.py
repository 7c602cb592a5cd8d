"""Which provisionings still need something of Heroku, and when is each tried again?

A row is written before Heroku is answered and goes when all is done, so whatever dies in between
is only late.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, text
from sqlmodel import Session

from guv.backoff import doubled_pause
from guv.lease_queue import LeaseQueue
from guv.tenants.models import Unfinished

LIMIT = timedelta(hours=12)  # then Heroku removes what is not provisioned
SPREAD = timedelta(hours=1)  # over which what is asked for many resources is spread

_TABLE = Unfinished.metadata.tables["unfinished"]
QUEUE = LeaseQueue(
    _TABLE.c.tenant_id,
    _TABLE.c.next_at,
    timedelta(seconds=30),  # for one attempt, which asks Heroku a few times
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
    """Nothing; the provisioning will be looked after in so many seconds, or earlier.

    Args:
        session: Its transaction is the caller's, which holds the tenant's lock.
        tenant_id: Whose provisioning.
        now: The present.
        pause: Seconds until then.
        asynchronous: Whether Heroku is told that the config comes later.
    """
    row = session.get(Unfinished, tenant_id)
    at = now + timedelta(seconds=pause)
    if row is None:
        row = Unfinished(tenant_id=tenant_id, next_at=at, give_up_at=now + LIMIT)
    elif asynchronous or at < row.next_at:
        row.next_at = at
    row.is_asynchronous = row.is_asynchronous or asynchronous
    session.add(row)


def remember_unsubscribed(engine: Engine, now: datetime) -> int:
    """How many provisioned resources of which Heroku tells us nothing will be looked after.

    Heroku had refused, or they are older than our asking.
    """
    values = {"now": now, "spread": SPREAD, "limit": LIMIT}
    with engine.begin() as connection:
        return connection.execute(_UNSUBSCRIBED, values).rowcount


def forget(session: Session, tenant_id: UUID) -> None:
    """Nothing; there is nothing left to do."""
    row = session.get(Unfinished, tenant_id)
    if row is not None:
        session.delete(row)


def postpone(session: Session, row: Unfinished, now: datetime, note: str) -> None:
    """Nothing; it is tried again after a pause that doubles from 2 seconds to 5 minutes."""
    row.next_at, row.note = now + doubled_pause(row.attempts), note
    session.add(row)
