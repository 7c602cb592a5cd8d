"""Plan changes and deprovisioning of a resource."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from api.addon.schemas import known_plan
from api.container import Parts
from guv.apps import queries as apps
from guv.errors import Gone, Invalid, NotFound
from guv.roles import queries as roles
from guv.settings.queries import tenant_settings
from guv.settings.resolve import tick_interval
from guv.tenants import queries as tenants
from guv.tenants.models import Tenant
from guv.tenants.plans import Plan


def change_plan(session: Session, resource: UUID, name: str, now: datetime) -> str:
    """Change a resource's plan and the intervals of its roles; returns a message for the customer.

    Raises:
        Invalid: There is no such plan, or current use exceeds it.
        NotFound: The resource was never provisioned.
        Gone: It was deprovisioned.
    """
    plan = known_plan(name)
    tenant = _present(session, resource)
    if tenant.plan == plan.name:
        return f"Your plan is already {plan.name}."
    _refuse_if_too_small(session, tenant, plan)
    tenant.plan = plan.name
    session.add(tenant)
    settings = tenant_settings(session, tenant)
    intervals = {role.role.id: float(tick_interval(role.effective, plan)) for role in settings}
    roles.set_intervals(session, intervals, now)
    return f"Your plan is now {plan.name}: up to {plan.apps} apps and {plan.roles} roles."


def deprovision(parts: Parts, session: Session, resource: UUID, now: datetime) -> None:
    """End a tenant's scaling and delete its secrets; its dynos stay as they are.

    Raises:
        Gone: The resource is deprovisioned already, or was never there.
    """
    tenant = tenants.lock_tenant(session, resource)
    if tenant is None or tenant.state == "deprovisioned":
        raise Gone("This resource does not exist.")
    parting = parts.subscriber().parting(session, tenant, now)
    drained = parts.drain_removal().of_tenant(session, tenant, now)
    tenants.end_tenant(session, tenant, now)
    for removal in (parting, *drained):
        if removal is not None:
            parts.background.submit(removal)


def _present(session: Session, resource: UUID) -> Tenant:
    tenant = tenants.lock_tenant(session, resource)
    if tenant is None:
        raise NotFound("Couldn't find that resource.")
    if tenant.state == "deprovisioned":
        raise Gone("This resource was deprovisioned.")
    return tenant


def _refuse_if_too_small(session: Session, tenant: Tenant, plan: Plan) -> None:
    """Refuse a plan that is too small, with what to reduce first."""
    too_much = [
        f"remove {used - allowed} of {used} {what} (at most {allowed})"
        for what, used, allowed in (
            ("apps", apps.count_apps(session, tenant), plan.apps),
            ("roles", roles.count_roles(session, tenant), plan.roles),
        )
        if used > allowed
    ]
    too_short = [
        f"set the interval of {role.name} to at least {plan.interval}"
        for role in tenant_settings(session, tenant)
        if role.effective.sources["interval"] != "default"
        and role.effective.interval < plan.interval
    ]
    if too_much or too_short:
        raise Invalid(f"Plan {plan.name} is too small: {'; '.join(too_much + too_short)}.")
