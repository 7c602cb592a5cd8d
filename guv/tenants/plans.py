"""What may a tenant of each plan use? One table; limits are enforced and said in errors."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """The limits of a plan.

    Attributes:
        name: Its slug, as Heroku sends it.
        apps: Most apps.
        roles: Most roles over all apps.
        interval: Shortest interval in seconds.
        decision_days: Days back that a tenant may look (`guv.history.plan_retention`). What is
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
