"""The one builder of what a role's decision sees, for ticks, explanations, replays and previews.

The samples of a decision reach back about an hour; a cooldown, a limit or a time without data may
be longer than that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, or_, select

from guv.clock import from_unix, unix_seconds
from guv.history.models import DecisionRow, Outcome, SampleRow
from guv.history.samples import HISTORY
from guv.history.usage import last_dyno_size, read_spend
from guv.roles.models import Role
from guv.roles.queries import believed_limit
from guv.scaling import Sample, Settings
from guv.scaling.estimate.cleaning import MOST_SAMPLES, is_counted
from guv.scaling.model import Change, Memory
from guv.settings.resolve import scaling_settings
from guv.settings.schema import EffectiveSettings
from guv.tenants.models import Tenant
from guv.tenants.plans import Plan, plan_of

HOUR_S = 3600.0
# Heroku runs at most one dyno of these sizes for a process type.
ONE_DYNO_SIZES = frozenset({"eco", "basic"})


def read_memory(
    session: Session,
    role: Role,
    settings: EffectiveSettings,
    history: Sequence[Sample],
    now: datetime,
    changes: Sequence[Change] | None = None,
) -> Memory:
    """Return the changes that guv made, and what is known of the time before the samples.

    Args:
        session: Read with up to three queries by the role's own keys; none where the changes are
            given and no setting looks further back than the samples.
        role: A role of the caller's tenant.
        settings: Its effective settings.
        history: Its samples from old to new.
        now: The present.
        changes: Those that guv made since the first sample, where the caller knows them.
    """
    seen = history[-MOST_SAMPLES:]
    oldest = unix_seconds(now - HISTORY) + 2.0 * settings.interval
    if not seen:
        return Memory()
    first, since = from_unix(seen[0].at), now - timedelta(seconds=_remembered(settings))
    if changes is None:
        recent = _changes(session, role, now, first)
    else:
        recent = tuple(change for change in changes if change.at >= seen[0].at)
    if len(history) < MOST_SAMPLES and seen[0].at > oldest:
        return Memory(recent)  # There is nothing before.
    return Memory(
        (*_changes(session, role, first, since), *recent),
        _counted(session, role, seen, settings, first),
        _spare(session, role, seen, settings, now),
    )


def _remembered(settings: EffectiveSettings) -> float:
    """Return the seconds for which changes matter."""
    quiet = max(settings.cooldown_up or 0.0, settings.cooldown_down or 0.0)
    return max(quiet, HOUR_S if settings.change_budget is not None else 0.0)


def _changes(session: Session, role: Role, before: datetime, since: datetime) -> tuple[Change, ...]:
    """Return when guv changed the dynos in that time."""
    if since >= before:
        return ()
    query = select(DecisionRow.at, DecisionRow.current, DecisionRow.desired).where(
        DecisionRow.role_id == role.id,
        DecisionRow.at >= since,
        DecisionRow.at < before,
        DecisionRow.outcome == Outcome.SCALED,
    )
    rows = session.exec(query.order_by(col(DecisionRow.at)))
    return tuple(Change(unix_seconds(at), before or 0, after or 0) for at, before, after in rows)


def _counted(
    session: Session,
    role: Role,
    seen: Sequence[Sample],
    settings: EffectiveSettings,
    before: datetime,
) -> float | None:
    """Return when messages were last counted, if it matters and the samples do not show it."""
    wanted = settings.no_data
    if not isinstance(wanted, Mapping) or settings.signal == "web" or any(map(is_counted, seen)):
        return None
    query = select(func.max(SampleRow.at)).where(
        SampleRow.role_id == role.id,
        SampleRow.at < before,
        SampleRow.at >= before - timedelta(seconds=wanted["after"]),
        col(SampleRow.messages_ready).is_not(None),
        col(SampleRow.messages_unacknowledged).is_not(None),
    )
    at = session.exec(query).one()
    # Not within that time, so longer ago, which is all that matters.
    return unix_seconds(before) - wanted["after"] if at is None else unix_seconds(at)


def _spare(
    session: Session, role: Role, seen: Sequence[Sample], settings: EffectiveSettings, now: datetime
) -> float | None:
    """Return since when there are spare dynos, if that was before the samples."""
    limit, dynos = settings.busy_protection_limit, seen[-1].dynos
    since = now - timedelta(seconds=limit + 2.0 * settings.interval)  # a tick beyond the limit
    if settings.busy_protection == "never" or dynos is None or since >= from_unix(seen[0].at):
        return None
    slots = dynos * settings.concurrency
    is_needed = or_(
        col(SampleRow.dynos).is_distinct_from(dynos),
        col(SampleRow.messages_unacknowledged).is_(None),
        col(SampleRow.messages_unacknowledged) >= slots,
    )
    mine = (
        SampleRow.role_id == role.id,
        SampleRow.at >= since,
        SampleRow.at < from_unix(seen[0].at),
    )
    needed = session.exec(select(func.max(SampleRow.at)).where(*mine, is_needed)).one()
    first = session.exec(
        select(func.min(SampleRow.at)).where(*mine, SampleRow.at > (needed or since))
    ).one()
    return None if first is None else unix_seconds(first)


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
