"""Overview of all roles, in words and figures, for the API and the dashboard."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite

from pydantic import BaseModel, Field
from sqlmodel import Session

from guv.heroku.dyno_sizes import price_per_hour
from guv.history.models import DecisionRow, SampleRow
from guv.incidents.models import Incident
from guv.roles.overview import RoleOverview, Used, read_overview
from guv.roles.status import (
    Facts,
    RoleState,
    State,
    Tick,
    Tone,
    Trouble,
    Write,
    response_target,
    role_state,
)
from guv.settings.resolve import tick_interval
from guv.tenants.models import Tenant
from guv.tenants.plans import plan_of
from guv.web_metrics.queries import web_reading

HOUR_S = 3600.0


class StateAnswer(BaseModel):
    """The state of a role."""

    state: State = Field(description="The most serious state that applies", examples=["in_time"])
    tone: Tone = Field(description="Severity: good, rest, watch or bad")
    text: str = Field(description="The state in words", examples=["within deadline"])
    also: list[str] = Field(description="What else applies: a pause, an override, a dry run")


class OverviewRole(BaseModel):
    """A role after its last tick; null is unknown."""

    app: str = Field(description="The app's name", examples=["shop"])
    role: str = Field(description="The role's name", examples=["worker"])
    state: StateAnswer = Field(description="The role's state")
    at: datetime | None = Field(description="Time of the last tick; null: none yet")
    dynos: int | None = Field(description="Dynos that ran at the last tick")
    desired: int | None = Field(description="Dynos that guv decided on")
    messages_ready: int | None = Field(description="Jobs waiting")
    messages_unacknowledged: int | None = Field(description="Jobs running")
    signal: str = Field(description="queue, or web: scaled on requests", examples=["queue"])
    requests_per_second: float | None = Field(
        description="Requests per second; null: unknown, or the role is scaled on a queue",
        examples=[40.0],
    )
    response_target: float | None = Field(
        description="Target response time of a web role in seconds; null: none is set",
        examples=[0.5],
    )
    predicted_wait: float | None = Field(
        description="Seconds until the last waiting job will be done; for a web role those of"
        " a response; null: unknown or never"
    )
    never_done: bool = Field(
        description="Whether the last job would never be done with the desired dynos"
    )
    target_deadline: float = Field(description="Seconds in which each job should be done")
    percentile: float = Field(description="Percent of the jobs that must be")
    finished_24h: int = Field(description="Jobs finished in 24 hours whose wait is known")
    share_in_time_24h: float | None = Field(
        description="Share of them within the deadline, 0 to 1; null: there were none"
    )
    dyno_hours_month: float = Field(description="Dyno-hours this month, in UTC")
    usd_month: float | None = Field(
        description="Cost in US dollars at list price; null: a dyno size has no known price"
    )
    monthly_dyno_hours: float | None = Field(description="The spend cap; null: none")


class OverviewAnswer(BaseModel):
    """All roles by app and name."""

    at: datetime = Field(description="Now")
    roles: list[OverviewRole] = Field(description="All roles by app and name")


def overview_answer(
    session: Session, tenant: Tenant, now: datetime, write: Write
) -> OverviewAnswer:
    """Build the overview, with times written by `write`."""
    overviews = read_overview(session, tenant, now)
    return OverviewAnswer(
        at=now, roles=[role_answer(tenant, overview, now, write) for overview in overviews]
    )


def role_answer(
    tenant: Tenant, overview: RoleOverview, now: datetime, write: Write
) -> OverviewRole:
    """Build one role's entry."""
    decision, sample, effective = (
        overview.decision,
        overview.sample,
        overview.settings.effective,
    )
    wait = decision.predicted_wait if decision else None
    state = role_state(_facts(tenant, overview), now, write)
    hours, usd = _cost(overview.month)
    return OverviewRole(
        app=overview.settings.app.name,
        role=overview.settings.role.name,
        state=_state(state),
        at=decision.at if decision else None,
        dynos=decision.current if decision else None,
        desired=decision.desired if decision else None,
        messages_ready=sample.messages_ready if sample else None,
        messages_unacknowledged=sample.messages_unacknowledged if sample else None,
        signal=effective.signal,
        requests_per_second=_requests(sample),
        response_target=response_target(effective),
        predicted_wait=wait if wait is not None and isfinite(wait) else None,
        never_done=wait is not None and not isfinite(wait),
        target_deadline=effective.target_deadline,
        percentile=effective.percentile,
        finished_24h=overview.day.finished,
        share_in_time_24h=_share(overview.day),
        dyno_hours_month=hours,
        usd_month=usd,
        monthly_dyno_hours=effective.monthly_dyno_hours,
    )


def _state(found: RoleState) -> StateAnswer:
    return StateAnswer(state=found.state, tone=found.tone, text=found.text, also=list(found.also))


def _facts(tenant: Tenant, overview: RoleOverview) -> Facts:
    return Facts(
        settings=overview.settings.effective,
        interval=float(tick_interval(overview.settings.effective, plan_of(tenant.plan))),
        has_broker=overview.broker is not None,
        authorization=overview.settings.app.authorization_state,
        tick=_tick(overview.decision),
        troubles=_troubles(overview.incidents),
    )


def _tick(row: DecisionRow | None) -> Tick | None:
    if row is None:
        return None
    return Tick(
        row.at,
        row.reason,
        row.outcome,
        row.current,
        row.desired,
        row.predicted_wait,
        row.misses_at_maximum,
    )


def _troubles(incidents: Sequence[Incident]) -> list[Trouble]:
    return [
        Trouble(
            incident.cause, incident.title, incident.first_seen_at, incident.opened_at is not None
        )
        for incident in incidents
    ]


def _requests(sample: SampleRow | None) -> float | None:
    reading = web_reading(sample.web) if sample else None
    return None if reading is None else reading.rate


def _share(used: Used) -> float | None:
    return round(used.in_time / used.finished, 6) if used.finished else None


def _cost(used: Used) -> tuple[float, float | None]:
    """Return dyno-hours and their cost, None where the price of a size is unknown."""
    hours = {size: seconds / HOUR_S for size, seconds in used.dyno_seconds.items()}
    prices = {size: price_per_hour(size) for size, one in hours.items() if one}
    total = round(sum(hours.values()), 4)
    if any(price is None for price in prices.values()):
        return total, None
    return total, round(sum(hours[size] * (price or 0.0) for size, price in prices.items()), 4)


def utc_text(at: datetime) -> str:
    """Write a time in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
