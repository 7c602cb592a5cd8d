"""Whose rows are asked for?"""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session

from guv.apps.queries import find_app
from guv.roles.queries import find_roles
from guv.tenants.models import Tenant


def chosen_roles(
    session: Session, tenant: Tenant, app: str | None, role: str | None
) -> Sequence[UUID] | None:
    """The roles of that app and that name; None: neither is named, so all of the tenant's.

    Raises:
        NotFound: The tenant has no such app, or never had such a role.
    """
    if app is None and role is None:
        return None
    found = find_app(session, tenant, app) if app is not None else None
    return find_roles(session, tenant, found, role)
