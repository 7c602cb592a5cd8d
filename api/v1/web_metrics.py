"""Which figures of web dynos come in and go out? Pushed ones, the router's, and the log drain."""

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
    """What a role's web dynos did in the last seconds, as the app itself has measured."""

    seconds: Annotated[float, Field(strict=True, gt=0, le=600)] = Field(
        description="How many seconds the figures are of", examples=[30.0]
    )
    requests: Count = Field(description="Requests that were finished in them", examples=[1200])
    p95: Times | None = Field(
        None, description="Seconds that 95 percent of them took at most", examples=[0.42]
    )
    p50: Times | None = Field(None, description="The same for half of them", examples=[0.11])
    p99: Times | None = Field(None, description="The same for 99 percent", examples=[0.9])
    mean: Times | None = Field(
        None, description="Mean of their seconds; utilization needs it", examples=[0.15]
    )
    serving: Annotated[int, Field(strict=True, ge=0, le=1000)] | None = Field(
        None, description="Dynos that answered; null: all of them", examples=[3]
    )

    @model_validator(mode="after")
    def _in_order(self) -> "WebMetrics":
        known = [one for one in (self.p50, self.p95, self.p99) if one is not None]
        if known != sorted(known):
            raise ValueError("p50, p95 and p99 must not fall; times are in seconds")
        return self


class Percentiles(BaseModel):
    """Seconds that so many of the requests took at most; null: there were none."""

    p50: float | None = Field(description="Half of them", examples=[0.11])
    p95: float | None = Field(description="95 percent", examples=[0.42])
    p99: float | None = Field(description="99 percent", examples=[0.9])


class WebFigures(BaseModel):
    """What web dynos did in a span of time, as Heroku's router saw it."""

    requests: int = Field(description="Requests that were finished", examples=[1200])
    statuses: dict[str, int] = Field(
        description="Of these by the first digit of the status", examples=[{"2": 1190, "5": 10}]
    )
    errors: dict[str, int] = Field(
        description="Of these by the router's error code", examples=[{"H12": 3}]
    )
    service: Percentiles = Field(description="From the router to the dyno's whole answer")
    connect: Percentiles = Field(description="Until the dyno took the connection")
    mean: float | None = Field(description="Mean seconds of the service", examples=[0.15])
    lost: int = Field(description="Log lines that never came, of any kind", examples=[0])


class DynoFigures(WebFigures):
    """The same of one dyno."""

    dyno: str = Field(description="Its name; empty: of none", examples=["web.1"])


class WebAnswer(BaseModel):
    """An app's web dynos in a span of time of at most a day."""

    since: datetime = Field(description="When the first ten seconds begin")
    until: datetime = Field(description="Before when the last ones begin")
    total: WebFigures = Field(description="All dynos together")
    dynos: list[DynoFigures] = Field(description="Each dyno that did anything")


class DrainAnswer(BaseModel):
    """How an app's log lines come in; its secret is in none."""

    id: UUID = Field(description="The last part of its URL's path")
    by: str = Field(description="guv or you: who added it at Heroku", examples=["guv"])
    seen_at: datetime | None = Field(description="When guv last read lines of it; null: never")
    note: str = Field(description="Why it does not deliver, where guv knows", examples=[""])
    retry_at: datetime | None = Field(description="When guv tries again to add it; null: not")
    starts: int = Field(description="Dynos that came up in the last hour", examples=[4])
    crashes: int = Field(description="Dynos that crashed in the last hour", examples=[0])
    start_delay: float | None = Field(
        description="Median seconds from a scaling to a dyno that is up; null: none was seen"
    )


class NewDrain(BaseModel):
    """A drain of your own; its URL is in this answer and never again."""

    url: str = Field(description="Where log lines are to be delivered; it holds a secret")
    command: str = Field(description="What adds it at Heroku")


HOUR = timedelta(hours=1)
LONGEST = timedelta(days=1)

router = APIRouter(prefix="/v1/apps/{app}", tags=["web"], responses=error_answers(401, 404, 422))

Since = Annotated[
    Instant | None,
    BeforeValidator(restore_plus),
    Query(alias="from", description="With an offset; an hour before `to` unless given"),
]
Until = Annotated[
    Instant | None, BeforeValidator(restore_plus), Query(alias="to", description="Now unless given")
]


@router.post("/roles/{role}/web-metrics", status_code=204, responses=error_answers(403))
def push_metrics(access: AccessDep, app: AppName, role: RoleName, metrics: WebMetrics) -> None:
    """Say what a role's web dynos did just before, for apps without a log drain."""
    found = find_app(access.session, access.tenant, app)
    named = find_role(access.session, access.tenant, found, role)
    effective = role_settings(access.session, access.tenant, found, named)
    if effective.signal != "web":
        fault = FieldError(
            "signal", 'of the role is "queue"; it must be "web" for figures to count'
        )
        raise Invalid(f"Role {named.name!r} is scaled on messages.", [fault])
    put_push(access.session, named, metrics.model_dump(), access.edit.at)


@router.get("/web")
def read_web(
    session: SessionDep,
    tenant: TenantDep,
    now: NowDep,
    app: AppName,
    since: Since = None,
    until: Until = None,
) -> WebAnswer:
    """What the router says of an app's web dynos in any span of the last day."""
    found = find_app(session, tenant, app)
    until = until or now
    since = since or until - HOUR
    if not timedelta(0) < until - since <= LONGEST:
        raise Invalid(
            "The span is no span.", [FieldError("from", "must be before to, at most a day")]
        )
    rows = read_sums(session, found, _floor(since), until)
    of_dyno: dict[str, list[Row]] = {}
    for row in rows:
        of_dyno.setdefault(row["dyno"], []).append(row)
    dynos = [DynoFigures(dyno=name, **dict(_figures(of_dyno[name]))) for name in sorted(of_dyno)]
    return WebAnswer(since=_floor(since), until=until, total=_figures(rows), dynos=dynos)


@router.get("/drain")
def read_drain(session: SessionDep, tenant: TenantDep, now: NowDep, app: AppName) -> DrainAnswer:
    """How an app's log lines come in, and what they say of its dynos' starts."""
    found = find_app(session, tenant, app)
    drain = drains.find_drain(session, tenant, found)
    if drain is None:
        raise NotFound(f"App {found.name!r} has no log drain; its first web role gets it one.")
    starts = read_starts(session, found, now - HOUR)
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
    """Get a drain URL to add at Heroku yourself; the one before is taken from no more."""
    found = find_app(access.session, access.tenant, app)
    drain, secret = drains.renew_drain(access.session, access.tenant, found, access.edit.at)
    drain.heroku_id = None
    url = drains.drain_url(parts.config.guv_public_url, drain.id, secret)
    return NewDrain(url=url, command=f"heroku drains:add '{url}' --app {found.name}")


@router.delete("/drain", status_code=204, responses=error_answers(403))
def remove_drain(parts: PartsDep, access: AccessDep, app: AppName) -> None:
    """Take no more log lines of an app; a drain that you added yourself stays at Heroku."""
    found = find_app(access.session, access.tenant, app)
    drain = drains.find_drain(access.session, access.tenant, found)
    if drain is None:
        raise NotFound(f"App {found.name!r} has no log drain.")
    end = parts.drain_removal().of_app(found, drain, access.edit.at)
    drains.remove_drain(access.session, access.tenant, found)
    if end is not None:
        parts.background.submit(end)


def _by(drain: Drain) -> str:
    is_ours = drain.heroku_id is not None or drain.retry_at is not None
    return "guv" if is_ours else "you"


def _floor(at: datetime) -> datetime:
    """The beginning of the ten seconds that hold the instant."""
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
