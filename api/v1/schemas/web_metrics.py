"""What is said of web dynos? Seconds, requests, dynos; null is unknown."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from guv.settings.schema import Strict

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
