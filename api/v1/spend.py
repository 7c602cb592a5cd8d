"""What does this month cost, and is a cap in sight?"""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.dependencies import NowDep, SessionDep, TenantDep
from api.v1.statistics import Cost, costs
from guv.history.usage import NamedUsage, UsageFilter, read_hours, read_usage
from guv.roles.spend import WARNED_AT, Spend, month_begin, month_end
from guv.settings.queries import RoleSettings, tenant_settings

router = APIRouter()


class RoleSpend(BaseModel):
    """One role's month."""

    app: str = Field(description="The app's name", examples=["shop"])
    role: str = Field(description="The role's name", examples=["worker"])
    dyno_hours: float = Field(description="Dynos times hours this month")
    cost: list[Cost] = Field(description="The same by size of dyno")
    dyno_hours_a_day: float | None = Field(description="The last week's pace; null: unknown")
    monthly_dyno_hours: float | None = Field(description="The cap; null: none")
    share: float | None = Field(description="The part of the cap that is used; null: no cap")
    cap_reached_at: datetime | None = Field(
        description="When it is reached at that pace; null: not this month, or already"
    )
    warning: str | None = Field(
        description=f"What to know from {WARNED_AT:.0%} of the cap on; null: nothing"
    )


class SpendAnswer(BaseModel):
    """This month, a calendar month in UTC."""

    since: datetime = Field(serialization_alias="from", description="When it began")
    until: datetime = Field(serialization_alias="to", description="When it ends")
    cost: list[Cost] = Field(description="Of all roles, removed ones too, by size of dyno")
    roles: list[RoleSpend] = Field(description="By app and name")


@router.get("/spend")
def read_all_spend(session: SessionDep, tenant: TenantDep, now: NowDep) -> SpendAnswer:
    """This month's dyno-hours and cost by size, and each role's cap with its date."""
    since, until = month_begin(now), month_end(now)
    present = tenant_settings(session, tenant)
    own = UsageFilter(since, until, roles=[one.role.id for one in present])
    usage = read_usage(session, tenant, own)  # a removed role of the same name has its own
    hours = read_hours(session, tenant, now)
    return SpendAnswer(
        since=since,
        until=until,
        cost=costs(read_usage(session, tenant, UsageFilter(since, until))),
        roles=[_role(one, usage, hours.get(one.role.id, (0.0, None)), now) for one in present],
    )


def _role(
    one: RoleSettings, usage: list[NamedUsage], hours: tuple[float, float | None], now: datetime
) -> RoleSpend:
    used, pace = hours
    cap = one.effective.values["monthly_dyno_hours"]
    spend = None if cap is None else Spend(cap, used, pace)
    name = (one.app.name, one.role.name)
    return RoleSpend(
        app=one.app.name,
        role=one.role.name,
        dyno_hours=round(used, 4),
        cost=costs([some for some in usage if (some.app, some.role) == name]),
        dyno_hours_a_day=None if pace is None else round(24 * pace, 2),
        monthly_dyno_hours=cap,
        share=None if spend is None else round(spend.share, 4),
        cap_reached_at=None if spend is None else spend.reached_at(now),
        warning=(spend.warning(now) or None) if spend else None,
    )
