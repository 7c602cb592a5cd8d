"""Which person is under way to Heroku, for whose app?"""

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col

from guv.apps.models import Consent
from guv.crypto import hash_secret
from guv.tenants.models import Tenant


def put_consent(session: Session, tenant: Tenant, consent: Consent, now: datetime) -> None:
    """Nothing; the consent is awaited, and those of the tenant that are too old are forgotten."""
    mine, is_old = col(Consent.tenant_id) == tenant.id, col(Consent.expires_at) <= now
    session.execute(delete(Consent).where(mine, is_old))
    session.add(consent)


def take_consent(session: Session, state: str, now: datetime) -> Consent | None:
    """The consent that the state stands for, once; None: unknown, too old, or taken before.

    Like a key, the state is how a tenant is found.
    """
    found = session.get(Consent, hash_secret(state), with_for_update=True)
    if found is None:
        return None
    session.delete(found)
    return found if found.expires_at > now else None
