"""Limits of each plan."""

from itertools import pairwise

from guv.tenants.plans import PLANS, find_plan, plan_of


def test_a_plan_is_found_by_its_slug() -> None:
    plan = find_plan("basic")
    assert plan is not None
    assert (plan.apps, plan.roles, plan.interval, plan.decision_days) == (1, 10, 10, 30)


def test_an_unknown_slug_is_no_plan() -> None:
    assert find_plan("Basic") is None


def test_a_tenant_of_a_discontinued_plan_has_the_smallest_plans_limits() -> None:
    assert plan_of("legacy") == PLANS["test"]
    assert plan_of("premium") == PLANS["premium"]


def test_every_larger_plan_allows_at_least_as_much() -> None:
    for small, large in pairwise(PLANS.values()):
        assert (small.apps, small.roles, small.decision_days) <= (
            large.apps,
            large.roles,
            large.decision_days,
        )
        assert small.interval >= large.interval


def test_every_plans_interval_is_a_valid_setting() -> None:
    assert all(plan.interval % 5 == 0 for plan in PLANS.values())
