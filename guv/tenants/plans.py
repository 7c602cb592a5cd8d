"""Plans and their limits, and how far back each shows history."""

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
        decision_days: Days of history that are shown (`shown_since`). All plans store the same
            (`worker.maintenance.partitions`), so a larger plan shows more at once.
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
    """Return the plan with a slug, or None."""
    return PLANS.get(name)


def plan_of(name: str) -> Plan:
    """Return the plan with a slug; a plan no longer sold has the smallest one's limits."""
    return PLANS.get(name) or PLANS["test"]


def oldest_shown(tenant: Tenant, now: datetime) -> datetime:
    """Return the time from which the plan shows history; a full hour."""
    begin = now - timedelta(days=plan_of(tenant.plan).decision_days)
    return begin.replace(minute=0, second=0, microsecond=0)


def shown_since(
    tenant: Tenant, now: datetime, since: datetime | None, until: datetime | None = None
) -> datetime:
    """Return the time from which rows are shown: `since`, or as far back as the plan reaches.

    Args:
        tenant: The tenant, with its plan.
        now: The present.
        since: Requested start; None: as early as possible.
        until: Requested end; None: the present.

    Raises:
        Invalid: The requested time is further back than the plan reaches.
    """
    oldest, limit = oldest_shown(tenant, now), limit_of(plan_of(tenant.plan))
    for name, at in (("from", since), ("to", until)):
        if at is not None and at < oldest:
            message = f"is before {oldest.astimezone(UTC):%Y-%m-%dT%H:%MZ}, and {limit}"
            raise Invalid(
                "Your plan does not show history from that time.", [FieldError(name, message)]
            )
    return since or oldest


def limit_of(plan: Plan) -> str:
    """Describe how many days the plan shows, and which plan shows more."""
    larger = (other for other in PLANS.values() if other.decision_days > plan.decision_days)
    more = next(
        (f"plan {other.name} shows {other.decision_days}" for other in larger), "none shows more"
    )
    return f"plan {plan.name} shows {plan.decision_days} days; {more}"
