"""Requests and responses of decisions, samples and incidents; null is unknown."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from api.v1.listing import Cursor, Limit, Name, RoleRange
from guv.history.models import Outcome
from guv.scaling.model import Direction, Reason
from guv.settings.field_types import RoleName

FieldNames = Annotated[str, Field(max_length=2000, examples=["at,role,desired,sample.dynos"])]
_FIELDS = "Only these fields, separated by commas; nested ones with a dot"
_FORMAT = "json: a page; ndjson, csv: all rows at once, as a stream"


class DecisionQuery(RoleRange):
    """Filters of decisions."""

    direction: Direction | None = Field(None, description="Direction of the change")
    reason: Reason | None = Field(None, description="Reason of the decision")
    outcome: Outcome | None = Field(None, description="Outcome of the decision")
    format: Literal["json", "ndjson", "csv"] = Field("json", description=_FORMAT)
    fields: FieldNames | None = Field(None, description=_FIELDS)
    limit: Limit = Field(50, description="Decisions per page; exports are not limited")
    cursor: Cursor | None = Field(None, description="next_cursor of the previous page")


class SampleQuery(RoleRange):
    """Filters of samples."""

    app: Name = Field(description="An app's name, or Heroku's UUID of it", examples=["shop"])
    role: RoleName = Field(description="A role's name", examples=["worker"])
    format: Literal["json", "ndjson", "csv"] = Field("json", description=_FORMAT)
    fields: FieldNames | None = Field(None, description=_FIELDS)
    limit: Limit = Field(50, description="Samples per page; exports are not limited")
    cursor: Cursor | None = Field(None, description="next_cursor of the previous page")


class IncidentQuery(RoleRange):
    """Filters of incidents; `from` and `to` choose those that existed in that time."""

    state: Literal["pending", "open", "resolved"] | None = Field(
        None, description="pending: has lasted for less than alert_after seconds"
    )
    cause: Name | None = Field(
        None, description="Cause of the incident", examples=["deadline_missed"]
    )
    limit: Limit = Field(50, description="Incidents per page")
    cursor: Cursor | None = Field(None, description="next_cursor of the previous page")


DecisionQueryParameters = Annotated[DecisionQuery, Query()]
SampleQueryParameters = Annotated[SampleQuery, Query()]
IncidentQueryParameters = Annotated[IncidentQuery, Query()]


def _none_required(schema: dict[str, Any]) -> None:
    """Mark no field as required: a client may have chosen some fields only."""
    schema.pop("required", None)


Selectable = ConfigDict(json_schema_extra=_none_required)


class SampleAnswer(BaseModel):
    """Counts of a role's queues and dynos; null is unknown, not zero."""

    model_config = Selectable

    messages_ready: int | None = Field(description="Jobs waiting")
    messages_unacknowledged: int | None = Field(
        description="Jobs running: delivered, not acknowledged"
    )
    published: int | None = Field(description="Messages ever published, a counter")
    served: int | None = Field(description="Messages ever finished, a counter")
    redelivered: int | None = Field(description="Messages ever delivered again, a counter")
    consumers: int | None = Field(description="Consumers subscribed to the queues")
    dynos: int | None = Field(description="Dynos of the formation")
    queues: dict[str, Any] | None = Field(description="Counts of each queue by name")
    web: dict[str, Any] | None = Field(
        description="Requests of a web role in the last seconds, and their response times",
        examples=[{"seconds": 30.0, "requests": 1200, "p95": 0.42, "serving": 3}],
    )


class DecisionAnswer(BaseModel):
    """One tick of a role: what was decided, why, and the outcome."""

    model_config = Selectable

    id: int = Field(description="Increases over time")
    at: datetime = Field(description="Time of the decision")
    app: str = Field(description="The app's name", examples=["shop"])
    role: str = Field(description="The role's name", examples=["worker"])
    settings_version: str = Field(description="Versions of the global, the app's, the role's level")
    current: int | None = Field(description="Dynos before")
    required: int | None = Field(description="Dynos that the policy requires, before all limits")
    desired: int | None = Field(description="Dynos after all limits")
    direction: str = Field(description="up, down or hold")
    reason: str = Field(description="Reason of the decision")
    outcome: str = Field(description="scaled, held, skipped, refused or failed")
    explanation: str = Field(description="The decision in a sentence")
    error: str | None = Field(description="Error of Heroku or the broker")
    predicted_wait: float | None = Field(
        description="Seconds until the last waiting job will be done; null: unknown or never"
    )
    never_done: bool = Field(
        description="Whether the last job would never be done with the desired dynos"
    )
    misses_at_maximum: bool = Field(description="Whether the maximum cannot meet the deadline")
    dynos_to_meet: int | None = Field(description="Dynos that would meet the deadline")
    next_downscale_at: datetime | None = Field(description="Earliest time to scale down")
    notices: list[str] = Field(description="Remarks for people")
    estimates: dict[str, Any] = Field(description="Estimates from the history; rates per second")
    trail: list[dict[str, Any]] = Field(description="Steps from required to desired")
    sample: SampleAnswer | None = Field(
        description="The sample that it was made on; null: nothing could be read"
    )


class DecisionPage(BaseModel):
    """Decisions, newest first."""

    decisions: list[DecisionAnswer] = Field(description="The decisions of this page")
    next_cursor: str | None = Field(description="Cursor of the next page; null: this is the last")


class TimedSample(SampleAnswer):
    """A sample of a role with its time; null is unknown, not zero."""

    at: datetime = Field(description="Time of the sample")


class SamplePage(BaseModel):
    """Samples of one role, newest first."""

    samples: list[TimedSample] = Field(description="The samples of this page")
    next_cursor: str | None = Field(description="Cursor of the next page; null: this is the last")


class Delivery(BaseModel):
    """Notifications of an incident to one target."""

    target: str = Field(description="new_relic or webhook", examples=["webhook"])
    opened_at: datetime | None = Field(None, description="When it accepted the alert")
    resolved_at: datetime | None = Field(None, description="When it accepted the resolution")
    attempts: int = Field(0, description="Failed attempts in a row")
    error: str | None = Field(None, description="Why the last attempt failed")
    refused: bool = Field(default=False, description="Whether guv has given up")


class IncidentAnswer(BaseModel):
    """An incident of a role, from the first sign to the end."""

    id: UUID = Field(description="Constant over its lifetime")
    app: str = Field(description="The app's name", examples=["shop"])
    role: str = Field(description="The role's name", examples=["worker"])
    cause: str = Field(description="Cause of the incident", examples=["deadline_missed"])
    title: str = Field(description="Title")
    text: str = Field(description="Details and what would help")
    state: str = Field(description="pending, open or resolved")
    first_seen_at: datetime = Field(description="First tick with this problem")
    last_seen_at: datetime = Field(description="Last tick with this problem")
    opened_at: datetime | None = Field(
        description="When it was opened; null: it has not lasted for alert_after seconds"
    )
    resolved_at: datetime | None = Field(description="When it was resolved; null: it is not over")
    open_notified_at: datetime | None = Field(
        description="When the first target accepted the alert"
    )
    resolve_notified_at: datetime | None = Field(
        description="When the first target accepted the resolution"
    )
    notify_error: str | None = Field(description="Why a target refuses it")
    deliveries: list[Delivery] = Field(description="Notifications by target")


class IncidentPage(BaseModel):
    """Incidents, the one seen first most recently at the top."""

    incidents: list[IncidentAnswer] = Field(description="The incidents of this page")
    next_cursor: str | None = Field(description="Cursor of the next page; null: this is the last")
