"""Does Heroku tell us of a resource's events, and signed with what?

Like `guv.tenants.queries`, by Heroku's uuid of the resource: an event names no tenant otherwise.
"""

from uuid import UUID

from sqlmodel import Session, select

from guv.tenants.models import Subscription


def find_subscription(
    session: Session, tenant_id: UUID, *, locked: bool = False
) -> Subscription | None:
    """The resource's subscription, `locked` until the transaction ends; None: there is none."""
    query = select(Subscription).where(Subscription.tenant_id == tenant_id)
    return session.exec(query.with_for_update() if locked else query).first()
