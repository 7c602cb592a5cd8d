"""How far back may a tenant look? As many days as its plan offers; what is older stays stored."""

from datetime import UTC, datetime, timedelta

from guv.errors import FieldError, Invalid
from guv.tenants.models import Tenant
from guv.tenants.plans import PLANS, Plan, plan_of


def oldest_shown(tenant: Tenant, now: datetime) -> datetime:
    """From when on the plan shows what was decided, read and used; a whole hour."""
    begin = now - timedelta(days=plan_of(tenant.plan).decision_days)
    return begin.replace(minute=0, second=0, microsecond=0)


def shown_since(
    tenant: Tenant, now: datetime, since: datetime | None, until: datetime | None = None
) -> datetime:
    """From when on rows are shown: since then, or as far back as the plan reaches.

    Args:
        tenant: Whose plan.
        now: The present.
        since: From when on they are wanted; None: from the first.
        until: Before when they are wanted; None: to the last.

    Raises:
        Invalid: Some of that time is further back than the plan reaches.
    """
    oldest, limit = oldest_shown(tenant, now), limit_of(plan_of(tenant.plan))
    for name, at in (("from", since), ("to", until)):
        if at is not None and at < oldest:
            message = f"is before {oldest.astimezone(UTC):%Y-%m-%dT%H:%MZ}, and {limit}"
            raise Invalid("Your plan does not reach back so far.", [FieldError(name, message)])
    return since or oldest


def limit_of(plan: Plan) -> str:
    """What the plan shows, and which one shows more, in words."""
    larger = (one for one in PLANS.values() if one.decision_days > plan.decision_days)
    more = next((f"plan {one.name} shows {one.decision_days}" for one in larger), "none shows more")
    return f"plan {plan.name} shows {plan.decision_days} days; {more}"
