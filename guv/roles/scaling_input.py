"""The one builder of what a role's decision sees, for ticks, explanations, replays and previews."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from guv.history.older_history import read_memory
from guv.history.usage import last_dyno_size, read_spend
from guv.roles.models import Role
from guv.roles.queries import believed_limit
from guv.scaling import Sample, Settings
from guv.scaling.model import Memory
from guv.settings.resolve import scaling_settings
from guv.settings.schema import EffectiveSettings
from guv.tenants.models import Tenant
from guv.tenants.plans import Plan, plan_of

# Heroku runs at most one dyno of these sizes for a process type.
ONE_DYNO_SIZES = frozenset({"eco", "basic"})


def scaling_input(
    effective: EffectiveSettings,
    plan: Plan,
    *,
    platform_limit: int | None = None,
    dyno_size: str = "",
    dyno_hours_used: float | None = None,
    memory: Memory | None = None,
) -> Settings:
    """Return the settings that a decision for the role takes.

    Args:
        effective: What holds for the role.
        plan: The tenant's plan; its shortest interval holds where none was set.
        platform_limit: Most dynos that Heroku said it allows, while that is believed.
        dyno_size: The size of the role's dynos as Heroku names it; empty: unknown.
        dyno_hours_used: Dyno-hours used this month; None: unknown, or there is no cap.
        memory: What is known beside the samples; None: nothing.
    """
    settings = scaling_settings(
        effective,
        plan,
        platform_limit=platform_limit,
        dyno_hours_used=dyno_hours_used,
        memory=memory,
    )
    return within_size(settings, dyno_size)


def within_size(settings: Settings, dyno_size: str | None) -> Settings:
    """Return the settings with a limit of one dyno where Heroku allows no second of that size.

    A limit that Heroku named itself wins.
    """
    if settings.platform_limit is not None or (dyno_size or "").lower() not in ONE_DYNO_SIZES:
        return settings
    return replace(settings, platform_limit=1)


def stored_scaling_input(
    session: Session,
    tenant: Tenant,
    role: Role,
    effective: EffectiveSettings,
    history: Sequence[Sample],
    now: datetime,
) -> Settings:
    """Return what a tick of the role would decide on now, from what is stored of it.

    Args:
        session: Reads the role's spend, its older history and the last size of its dynos.
        tenant: Whose role it is.
        role: Which.
        effective: What holds for it.
        history: Its samples, old to new.
        now: The present.
    """
    spend = read_spend(session, tenant, role, effective.monthly_dyno_hours, now)
    return scaling_input(
        effective,
        plan_of(tenant.plan),
        platform_limit=believed_limit(role, now),
        dyno_size=last_dyno_size(session, tenant, role.id),
        dyno_hours_used=spend.used if spend else None,
        memory=read_memory(session, role, effective, history, now),
    )
