"""Overview of all roles, statistics by the hour, and the cost of the current month."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.dependencies import NowDep, SessionDep, TenantDep
from api.v1.listing import RoleRange, chosen_roles
from api.v1.views.overview import OverviewAnswer, overview_answer, utc_text
from guv.heroku.dyno_sizes import price_per_hour
from guv.history.usage import NamedUsage, Usage, UsageFilter, read_hours, read_usage
from guv.roles.spend import WARNED_AT, Spend, month_begin, month_end
from guv.settings.queries import RoleSettings, tenant_settings
from guv.tenants.plans import shown_since

USUAL_SPAN = timedelta(days=30)  # where the request names no time range
HOUR_S = 3600.0
router = APIRouter()


class StatisticsQuery(RoleRange):
    """Time range, roles and steps of statistics."""

    step: Literal["hour", "day", "month"] | None = Field(
        None, description="Totals for each as well, in `timezone`, else in UTC"
    )


class Cost(BaseModel):
    """Cost of the dynos of one size."""

    dyno_size: str = Field(description="As Heroku names it; empty: unknown", examples=["Basic"])
    dyno_hours: float = Field(description="Dynos times hours")
    usd: float | None = Field(description="US dollars at list price; null: size unknown")


class Figures(BaseModel):
    """Totals over a time range."""

    share_in_time: float | None = Field(
        description="Share of the messages finished within their deadline, 0 to 1; null: unknown"
    )
    finished: int = Field(description="Messages finished whose wait could be measured")
    dyno_hours: float = Field(description="Dynos times hours")
    cost: list[Cost] = Field(description="By dyno size")
    changes: int = Field(description="Times that the number of dynos was changed")
    ups: int = Field(description="Times that dynos were added")
    downs: int = Field(description="Times that dynos were removed")
    seconds_at_maximum: float = Field(description="Seconds at maximum_dynos")
    seconds_watched: float = Field(
        description="Seconds between decisions; gaps above ten minutes are not counted"
    )
    decisions: int = Field(description="Decisions made")


class RoleFigures(Figures):
    """Totals of one role."""

    app: str = Field(description="The app's name", examples=["shop"])
    role: str = Field(description="The role's name", examples=["worker"])


class StepFigures(Figures):
    """Totals of all chosen roles in one hour, day or month."""

    at: datetime = Field(description="When it begins")


class StatisticsAnswer(BaseModel):
    """Statistics over a time range of whole hours."""

    since: datetime = Field(serialization_alias="from", description="Start of the first hour")
    until: datetime = Field(serialization_alias="to", description="End of the time range")
    total: Figures = Field(description="Totals of all chosen roles")
    roles: list[RoleFigures] = Field(description="Totals by role, without roles that did nothing")
    steps: list[StepFigures] = Field(description="Totals by step, if `step` is set")


@router.get("/overview")
def read_all_roles(session: SessionDep, tenant: TenantDep, now: NowDep) -> OverviewAnswer:
    """Show every role's state, dynos, jobs, share in time and cost of this month."""
    return overview_answer(session, tenant, now, utc_text)


@router.get("/statistics")
def read_statistics(
    session: SessionDep, tenant: TenantDep, now: NowDep, query: Annotated[StatisticsQuery, Query()]
) -> StatisticsAnswer:
    """Show the share in time, dyno-hours, cost, changes and time at the maximum over a time range.

    By default the last 30 days, or as far back as the plan reaches; an earlier `from` is refused.
    Totals are kept by the hour, so `from` is rounded down to a full hour.
    """
    until = query.until or now
    first = shown_since(tenant, now, query.since, query.until)
    since = max(first, until - USUAL_SPAN) if query.since is None else first
    since = since.replace(minute=0, second=0, microsecond=0)
    roles = chosen_roles(session, tenant, query.app, query.role)
    zone = query.timezone or "UTC"
    usage = read_usage(session, tenant, UsageFilter(since, until, roles, query.step, zone))
    return StatisticsAnswer(
        since=since,
        until=until,
        total=Figures(**_figures(usage)),
        roles=[
            RoleFigures(app=app, role=role, **_figures(list(usage_of_role)))
            for (app, role), usage_of_role in groupby(usage, lambda named: (named.app, named.role))
        ],
        steps=_steps(usage),
    )


def _steps(usage: Iterable[NamedUsage]) -> list[StepFigures]:
    by_time: dict[datetime, list[NamedUsage]] = {}
    for named in usage:
        if named.begins is not None:
            by_time.setdefault(named.begins, []).append(named)
    return [StepFigures(at=at, **_figures(by_time[at])) for at in sorted(by_time)]


def _figures(usage: list[NamedUsage]) -> dict[str, object]:
    total = sum((named.usage for named in usage), Usage())
    return {
        "share_in_time": round(total.in_time / total.finished, 6) if total.finished else None,
        "finished": total.finished,
        "dyno_hours": round(total.dyno_seconds / HOUR_S, 4),
        "cost": costs(usage),
        "changes": total.ups + total.downs,
        "ups": total.ups,
        "downs": total.downs,
        "seconds_at_maximum": round(total.maximum_seconds, 1),
        "seconds_watched": round(total.seconds, 1),
        "decisions": total.ticks,
    }


def costs(usage: list[NamedUsage]) -> list[Cost]:
    """Sum up dyno-hours and their price by dyno size; an unknown size is listed only if used."""
    hours: dict[str, float] = {}
    for named in usage:
        hours[named.dyno_size] = hours.get(named.dyno_size, 0.0) + named.usage.dyno_seconds / HOUR_S
    return [_cost(size, used) for size, used in sorted(hours.items()) if size or used]


def _cost(size: str, hours: float) -> Cost:
    price = price_per_hour(size)
    usd = None if price is None else round(hours * price, 4)
    return Cost(dyno_size=size, dyno_hours=round(hours, 4), usd=usd)


class RoleSpend(BaseModel):
    """Use of one role in the current month."""

    app: str = Field(description="The app's name", examples=["shop"])
    role: str = Field(description="The role's name", examples=["worker"])
    dyno_hours: float = Field(description="Dynos times hours this month")
    cost: list[Cost] = Field(description="Cost by dyno size")
    dyno_hours_a_day: float | None = Field(description="Average of the last week; null: unknown")
    monthly_dyno_hours: float | None = Field(description="The cap; null: none")
    share: float | None = Field(description="Share of the cap that is used; null: no cap")
    cap_reached_at: datetime | None = Field(
        description="When the cap is reached at that average; null: not this month, or it is"
    )
    warning: str | None = Field(
        description=f"Warning from {WARNED_AT:.0%} of the cap on; null: none"
    )


class SpendAnswer(BaseModel):
    """Use in the current calendar month, in UTC."""

    since: datetime = Field(serialization_alias="from", description="Start of the month")
    until: datetime = Field(serialization_alias="to", description="End of the month")
    cost: list[Cost] = Field(description="By dyno size, of all roles including removed ones")
    roles: list[RoleSpend] = Field(description="Ordered by app and name")


@router.get("/spend")
def read_all_spend(session: SessionDep, tenant: TenantDep, now: NowDep) -> SpendAnswer:
    """Show dyno-hours and cost of the current month, and when each role reaches its cap."""
    since, until = month_begin(now), month_end(now)
    present = tenant_settings(session, tenant)
    own = UsageFilter(since, until, roles=[settings.role.id for settings in present])
    usage = read_usage(session, tenant, own)  # by id: a removed role may have had the same name
    hours = read_hours(session, tenant, now)
    return SpendAnswer(
        since=since,
        until=until,
        cost=costs(read_usage(session, tenant, UsageFilter(since, until))),
        roles=[
            _role(settings, usage, hours.get(settings.role.id, (0.0, None)), now)
            for settings in present
        ],
    )


def _role(
    settings: RoleSettings,
    usage: list[NamedUsage],
    hours: tuple[float, float | None],
    now: datetime,
) -> RoleSpend:
    used, pace = hours
    cap = settings.effective.monthly_dyno_hours
    spend = None if cap is None else Spend(cap, used, pace)
    name = (settings.app.name, settings.role.name)
    return RoleSpend(
        app=settings.app.name,
        role=settings.role.name,
        dyno_hours=round(used, 4),
        cost=costs([named for named in usage if (named.app, named.role) == name]),
        dyno_hours_a_day=None if pace is None else round(24 * pace, 2),
        monthly_dyno_hours=cap,
        share=None if spend is None else round(spend.share, 4),
        cap_reached_at=None if spend is None else spend.reached_at(now),
        warning=(spend.warning(now) or None) if spend else None,
    )
