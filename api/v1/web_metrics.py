"""Figures of web dynos: pushed by the app, measured by Heroku's router, and the log drain."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from ddsketch import DDSketch
from fastapi import APIRouter, Query
from pydantic import BaseModel, BeforeValidator, Field, model_validator

from api.dependencies import AccessDep, NowDep, PartsDep, SessionDep, TenantDep
from api.errors import error_answers
from api.paths import AppName, RoleName
from guv.apps.queries import find_app
from guv.errors import FieldError, Invalid, NotFound
from guv.roles.queries import find_role
from guv.settings.field_models import Strict
from guv.settings.field_types import Instant, restore_plus
from guv.settings.queries import role_settings
from guv.web_metrics import drains
from guv.web_metrics.dyno_events import read_starts
from guv.web_metrics.models import Drain
from guv.web_metrics.queries import Row, put_push, read_sums
from guv.web_metrics.sketch import merged, percentile, unpacked
from guv.web_metrics.sums import SPAN_S

Times = Annotated[float, Field(strict=True, ge=0, le=3600)]
Count = Annotated[int, Field(strict=True, ge=0, le=10**9)]


class WebMetrics(Strict):
    """What a role's web dynos did in the last seconds, as measured by the app."""

    seconds: Annotated[float, Field(strict=True, gt=0, le=600)] = Field(
        description="Seconds that the figures cover", examples=[30.0]
    )
    requests: Count = Field(description="Requests finished in that time", examples=[1200])
    p95: Times | None = Field(
        None, description="95th percentile of the response times, in seconds", examples=[0.42]
    )
    p50: Times | None = Field(
        None, description="Median of the response times, in seconds", examples=[0.11]
    )
    p99: Times | None = Field(
        None, description="99th percentile of the response times, in seconds", examples=[0.9]
    )
    mean: Times | None = Field(
        None,
        description="Mean response time in seconds; the policy utilization needs it",
        examples=[0.15],
    )
    serving: Annotated[int, Field(strict=True, ge=0, le=1000)] | None = Field(
        None, description="Dynos that answered; null: all of them", examples=[3]
    )

    @model_validator(mode="after")
    def _in_order(self) -> "WebMetrics":
        known = [value for value in (self.p50, self.p95, self.p99) if value is not None]
        if known != sorted(known):
            raise ValueError("p50, p95 and p99 must not fall; times are in seconds")
        return self


class Percentiles(BaseModel):
    """Percentiles of times in seconds; null: there were no requests."""

    p50: float | None = Field(description="Median", examples=[0.11])
    p95: float | None = Field(description="95th percentile", examples=[0.42])
    p99: float | None = Field(description="99th percentile", examples=[0.9])


class WebFigures(BaseModel):
    """What web dynos did in a time range, as seen by Heroku's router."""

    requests: int = Field(description="Finished requests", examples=[1200])
    statuses: dict[str, int] = Field(
        description="Requests by the first digit of their status", examples=[{"2": 1190, "5": 10}]
    )
    errors: dict[str, int] = Field(
        description="Requests by the router's error code", examples=[{"H12": 3}]
    )
    service: Percentiles = Field(description="Time until the dyno had answered completely")
    connect: Percentiles = Field(description="Time until the dyno accepted the connection")
    mean: float | None = Field(description="Mean of the service time, in seconds", examples=[0.15])
    lost: int = Field(description="Log lines that were lost, of any kind", examples=[0])


class DynoFigures(WebFigures):
    """What one web dyno did in a time range."""

    dyno: str = Field(
        description="The dyno's name; empty: requests that no dyno answered", examples=["web.1"]
    )


class WebAnswer(BaseModel):
    """What an app's web dynos did in a time range of at most a day."""

    since: datetime = Field(description="Start of the first ten seconds")
    until: datetime = Field(description="End; the last ten seconds start before it")
    total: WebFigures = Field(description="All dynos")
    dynos: list[DynoFigures] = Field(description="Dynos with requests")


class DrainAnswer(BaseModel):
    """An app's log drain, without its secret."""

    id: UUID = Field(description="The last part of its URL's path")
    by: str = Field(description="Who added it at Heroku: guv or you", examples=["guv"])
    seen_at: datetime | None = Field(description="When guv last read lines from it; null: never")
    note: str = Field(description="Why it delivers nothing, if guv knows", examples=[""])
    retry_at: datetime | None = Field(
        description="When guv will try again to add it; null: no retry"
    )
    starts: int = Field(description="Dynos started in the last hour", examples=[4])
    crashes: int = Field(description="Dynos that crashed in the last hour", examples=[0])
    start_delay: float | None = Field(
        description="Median seconds from scaling to a dyno that is up; null: none was seen"
    )


class NewDrain(BaseModel):
    """A drain that you add yourself; its URL is shown only once."""

    url: str = Field(description="Address for log lines; it contains a secret")
    command: str = Field(description="Command that adds it at Heroku")


HOUR = timedelta(hours=1)
LONGEST = timedelta(days=1)  # time range of a request

router = APIRouter(prefix="/v1/apps/{app}", tags=["web"], responses=error_answers(401, 404, 422))

Since = Annotated[
    Instant | None,
    BeforeValidator(restore_plus),
    Query(alias="from", description="With an offset; default: an hour before `to`"),
]
Until = Annotated[
    Instant | None,
    BeforeValidator(restore_plus),
    Query(alias="to", description="With an offset; default: now"),
]


@router.post("/roles/{role}/web-metrics", status_code=204, responses=error_answers(403))
def push_metrics(access: AccessDep, app: AppName, role: RoleName, metrics: WebMetrics) -> None:
    """Report what a role's web dynos just did, for apps without a log drain."""
    app_row = find_app(access.session, access.tenant, app)
    role_row = find_role(access.session, access.tenant, app_row, role)
    effective = role_settings(access.session, access.tenant, app_row, role_row)
    if effective.signal != "web":
        fault = FieldError("signal", 'is "queue"; it must be "web" for web metrics')
        raise Invalid(f"Role {role_row.name!r} is scaled on a queue.", [fault])
    put_push(access.session, role_row, metrics.model_dump(), access.edit.at)


@router.get("/web")
def read_web(
    session: SessionDep,
    tenant: TenantDep,
    now: NowDep,
    app: AppName,
    since: Since = None,
    until: Until = None,
) -> WebAnswer:
    """Show what Heroku's router reports of an app's web dynos, over at most a day."""
    app_row = find_app(session, tenant, app)
    until = until or now
    since = since or until - HOUR
    if not timedelta(0) < until - since <= LONGEST:
        raise Invalid(
            "The time range is invalid.",
            [FieldError("from", "must be before to, by at most a day")],
        )
    rows = read_sums(session, app_row, _floor(since), until)
    of_dyno: dict[str, list[Row]] = {}
    for row in rows:
        of_dyno.setdefault(row["dyno"], []).append(row)
    dynos = [DynoFigures(dyno=name, **dict(_figures(of_dyno[name]))) for name in sorted(of_dyno)]
    return WebAnswer(since=_floor(since), until=until, total=_figures(rows), dynos=dynos)


@router.get("/drain")
def read_drain(session: SessionDep, tenant: TenantDep, now: NowDep, app: AppName) -> DrainAnswer:
    """Show an app's log drain and the dyno starts that it reported."""
    app_row = find_app(session, tenant, app)
    drain = drains.find_drain(session, tenant, app_row)
    if drain is None:
        raise NotFound(
            f"App {app_row.name!r} has no log drain yet. guv adds one with its first web role."
        )
    starts = read_starts(session, app_row, now - HOUR)
    return DrainAnswer(
        id=drain.id,
        by=_by(drain),
        seen_at=drain.seen_at,
        note=drain.note,
        retry_at=drain.retry_at,
        starts=starts.ups,
        crashes=starts.crashes,
        start_delay=starts.delay,
    )


@router.put("/drain", responses=error_answers(403))
def renew_drain(parts: PartsDep, access: AccessDep, app: AppName) -> NewDrain:
    """Make a drain URL to add at Heroku yourself; it replaces the app's previous drain."""
    app_row = find_app(access.session, access.tenant, app)
    drain, secret = drains.renew_drain(access.session, access.tenant, app_row, access.edit.at)
    drain.heroku_id = None
    url = drains.drain_url(parts.config.guv_public_url, drain.id, secret)
    return NewDrain(url=url, command=f"heroku drains:add '{url}' --app {app_row.name}")


@router.delete("/drain", status_code=204, responses=error_answers(403))
def remove_drain(parts: PartsDep, access: AccessDep, app: AppName) -> None:
    """Stop taking an app's log lines; a drain that you added yourself stays at Heroku."""
    app_row = find_app(access.session, access.tenant, app)
    drain = drains.find_drain(access.session, access.tenant, app_row)
    if drain is None:
        raise NotFound(f"App {app_row.name!r} has no log drain.")
    end = parts.drain_removal().of_app(app_row, drain, access.edit.at)
    drains.remove_drain(access.session, access.tenant, app_row)
    if end is not None:
        parts.background.submit(end)


def _by(drain: Drain) -> str:
    is_ours = drain.heroku_id is not None or drain.retry_at is not None
    return "guv" if is_ours else "you"


def _floor(at: datetime) -> datetime:
    """Round down to the ten seconds of a sum."""
    return at.replace(second=at.second // SPAN_S * SPAN_S, microsecond=0)


def _figures(rows: Sequence[Row]) -> WebFigures:
    service = merged(unpacked(row["service"]) for row in rows)
    seconds = sum(row["service_seconds"] for row in rows)
    return WebFigures(
        requests=sum(row["requests"] for row in rows),
        statuses=_counted([row["statuses"] for row in rows]),
        errors=_counted([row["errors"] for row in rows]),
        service=_percentiles(service),
        connect=_percentiles(merged(unpacked(row["connect"]) for row in rows)),
        mean=seconds / service.count if service.count else None,
        lost=sum(row["lost"] for row in rows),
    )


def _counted(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = sum(map(Counter, counts), Counter())
    return dict(sorted(total.items()))


def _percentiles(sketch: DDSketch) -> Percentiles:
    values = {f"p{percent}": percentile(sketch, percent) for percent in (50, 95, 99)}
    return Percentiles(**values)
