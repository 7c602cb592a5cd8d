"""How are decisions and incidents shown? Seconds, messages, dynos; null is unknown."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from api.v1.listing import Cursor, Limit, Name, RoleRange
from guv.scaling.model import Direction, Reason
from guv.settings.field_types import RoleName

FieldNames = Annotated[str, Field(max_length=2000, examples=["at,role,desired,sample.dynos"])]
_FIELDS = "Only these fields, separated by commas; with a dot, a field inside one"
_FORMAT = "json: a page; ndjson, csv: all rows at once, as a stream"


class DecisionQuery(RoleRange):
    """Which decisions are asked for."""

    direction: Direction | None = Field(None, description="Which way the dynos went")
    reason: Reason | None = Field(None, description="Why it ended so")
    outcome: Literal["scaled", "held", "skipped", "refused", "failed"] | None = Field(
        None, description="What became of it"
    )
    format: Literal["json", "ndjson", "csv"] = Field("json", description=_FORMAT)
    fields: FieldNames | None = Field(None, description=_FIELDS)
    limit: Limit = Field(50, description="Most decisions on a page; an export has all")
    cursor: Cursor | None = Field(None, description="next_cursor of the page before")


class SampleQuery(RoleRange):
    """Which samples are asked for."""

    app: Name = Field(description="An app's name, or Heroku's UUID of it", examples=["shop"])
    role: RoleName = Field(description="A role's name", examples=["worker"])
    format: Literal["json", "ndjson", "csv"] = Field("json", description=_FORMAT)
    fields: FieldNames | None = Field(None, description=_FIELDS)
    limit: Limit = Field(50, description="Most samples on a page; an export has all")
    cursor: Cursor | None = Field(None, description="next_cursor of the page before")


class IncidentQuery(RoleRange):
    """Which incidents are asked for; `from` and `to`: those that were there in that time."""

    state: Literal["pending", "open", "resolved"] | None = Field(
        None, description="pending: has not lasted for alert_after seconds yet"
    )
    cause: Name | None = Field(
        None, description="What the trouble is", examples=["deadline_missed"]
    )
    limit: Limit = Field(50, description="Most incidents on a page")
    cursor: Cursor | None = Field(None, description="next_cursor of the page before")


DecisionQueryParameters = Annotated[DecisionQuery, Query()]
SampleQueryParameters = Annotated[SampleQuery, Query()]
IncidentQueryParameters = Annotated[IncidentQuery, Query()]


def _none_required(schema: dict[str, Any]) -> None:
    """Nothing; a client may have asked for some of the fields only."""
    schema.pop("required", None)


Selectable = ConfigDict(json_schema_extra=_none_required)


class SampleAnswer(BaseModel):
    """What was read of the role's queues and dynos; null is unknown, not zero."""

    model_config = Selectable

    messages_ready: int | None = Field(description="Messages waiting")
    messages_unacknowledged: int | None = Field(description="Messages delivered, not finished")
    published: int | None = Field(description="Messages ever published, a counter")
    served: int | None = Field(description="Messages ever finished, a counter")
    redelivered: int | None = Field(description="Messages ever delivered again, a counter")
    consumers: int | None = Field(description="Consumers subscribed to the queues")
    dynos: int | None = Field(description="Dynos that the platform was asked to run")
    queues: dict[str, Any] | None = Field(description="The same of each queue by its name")
    web: dict[str, Any] | None = Field(
        description="Of a web role: requests of the last seconds, and the seconds they took",
        examples=[{"seconds": 30.0, "requests": 1200, "p95": 0.42, "serving": 3}],
    )


class DecisionAnswer(BaseModel):
    """One tick of a role: what was decided, why, and what became of it."""

    model_config = Selectable

    id: int = Field(description="Grows with time")
    at: datetime = Field(description="When it was made")
    app: str = Field(description="The app's name", examples=["shop"])
    role: str = Field(description="The role's name", examples=["worker"])
    settings_version: str = Field(description="Versions of the global, the app's, the role's level")
    current: int | None = Field(description="Dynos before")
    required: int | None = Field(description="Dynos that the policy asked for, before any bound")
    desired: int | None = Field(description="Dynos after all steps")
    direction: str = Field(description="up, down or hold")
    reason: str = Field(description="Why it ended so")
    outcome: str = Field(description="scaled, held, skipped, refused or failed")
    explanation: str = Field(description="The same as a sentence")
    error: str | None = Field(description="What went wrong outside")
    predicted_wait: float | None = Field(
        description="Seconds until the last waiting message will be done; null: unknown or never"
    )
    never_done: bool = Field(description="Whether that is never, with the desired dynos")
    misses_at_maximum: bool = Field(description="Whether the maximum cannot meet the deadline")
    dynos_to_meet: int | None = Field(description="Dynos that would meet it then")
    next_downscale_at: datetime | None = Field(description="Going down is not possible before")
    notices: list[str] = Field(description="What a person should know")
    estimates: dict[str, Any] = Field(description="What the history said; rates per second")
    trail: list[dict[str, Any]] = Field(description="The steps from required to desired")
    sample: SampleAnswer | None = Field(description="What it was made on; null: nothing was read")


class DecisionPage(BaseModel):
    """Decisions, newest first."""

    decisions: list[DecisionAnswer] = Field(description="The decisions of this page")
    next_cursor: str | None = Field(description="Where the next page begins; null: there is none")


class TimedSample(SampleAnswer):
    """What was read of a role at one instant; null is unknown, not zero."""

    at: datetime = Field(description="When it was read")


class SamplePage(BaseModel):
    """Samples of one role, newest first."""

    samples: list[TimedSample] = Field(description="The samples of this page")
    next_cursor: str | None = Field(description="Where the next page begins; null: there is none")


class Delivery(BaseModel):
    """What one notification target was told of an incident."""

    target: str = Field(description="new_relic or webhook", examples=["webhook"])
    opened_at: datetime | None = Field(None, description="When it took the page")
    resolved_at: datetime | None = Field(None, description="When it took the end of it")
    attempts: int = Field(0, description="Attempts in a row that failed")
    error: str | None = Field(None, description="Why the last one did")
    refused: bool = Field(default=False, description="Whether it is not tried again by itself")


class IncidentAnswer(BaseModel):
    """One trouble of one role, from its first sight to its end."""

    id: UUID = Field(description="The same for its whole life")
    app: str = Field(description="The app's name", examples=["shop"])
    role: str = Field(description="The role's name", examples=["worker"])
    cause: str = Field(description="What the trouble is", examples=["deadline_missed"])
    title: str = Field(description="The same in a few words")
    text: str = Field(description="The same with its figures and what would help")
    state: str = Field(description="pending, open or resolved")
    first_seen_at: datetime = Field(description="When the trouble was first there")
    last_seen_at: datetime = Field(description="When it was last there")
    opened_at: datetime | None = Field(description="null: it has not lasted long enough")
    resolved_at: datetime | None = Field(description="null: it is not over")
    open_notified_at: datetime | None = Field(description="When the first target took the page")
    resolve_notified_at: datetime | None = Field(description="When the first one took its end")
    notify_error: str | None = Field(description="Why a target will not take it")
    deliveries: list[Delivery] = Field(description="What each target was told so far")


class IncidentPage(BaseModel):
    """Incidents, the one that was first seen last at the top."""

    incidents: list[IncidentAnswer] = Field(description="The incidents of this page")
    next_cursor: str | None = Field(description="Where the next page begins; null: there is none")
