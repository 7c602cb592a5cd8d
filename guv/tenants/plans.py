"""What may a tenant of each plan use? One table; limits are enforced and said in errors."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from guv.errors import FieldError, Invalid
from guv.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Plan:
    """The limits of a plan.

    Attributes:
        name: Its slug, as Heroku sends it.
        apps: Most apps.
        roles: Most roles over all apps.
        interval: Shortest interval in seconds.
        decision_days: Days back that a tenant may look (`shown_since`). What is
            stored is the same whatever the plan (`worker.maintenance.partitions`), so a larger
            plan shows more at once.
    """

    name: str
    apps: int
    roles: int
    interval: int
    decision_days: int


PLANS = {
    plan.name: plan
    for plan in (
        Plan("test", apps=1, roles=3, interval=60, decision_days=7),
        Plan("basic", apps=1, roles=10, interval=10, decision_days=30),
        Plan("standard", apps=5, roles=50, interval=10, decision_days=395),
        Plan("premium", apps=50, roles=500, interval=5, decision_days=395),
    )
}


def find_plan(name: str) -> Plan | None:
    """The plan of that slug, or None."""
    return PLANS.get(name)


def plan_of(name: str) -> Plan:
    """The plan of that slug; one that is sold no more has the limits of the smallest."""
    return PLANS.get(name) or PLANS["test"]


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
