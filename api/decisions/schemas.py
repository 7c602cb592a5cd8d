"""How are decisions and incidents shown? Seconds, messages, dynos; null is unknown."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from guv.scaling.model import Direction, Reason

Name = Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")]
Limit = Annotated[int, Field(ge=1, le=200)]
Cursor = Annotated[str, Field(max_length=300)]


class DecisionQuery(BaseModel):
    """Which decisions are asked for."""

    model_config = ConfigDict(extra="forbid")

    app: Name | None = Field(None, description="An app's name, or Heroku's UUID of it")
    role: Name | None = Field(None, description="A role's name")
    since: AwareDatetime | None = Field(
        None, alias="from", description="Made then or later; such as 2026-11-25T10:00:00Z"
    )
    until: AwareDatetime | None = Field(None, alias="to", description="Made before then")
    direction: Direction | None = None
    reason: Reason | None = None
    outcome: Literal["scaled", "held", "skipped", "refused", "failed"] | None = None
    limit: Limit = Field(50, description="Most decisions on a page")
    cursor: Cursor | None = Field(None, description="next_cursor of the page before")


class IncidentQuery(BaseModel):
    """Which incidents are asked for."""

    model_config = ConfigDict(extra="forbid")

    app: Name | None = Field(None, description="An app's name, or Heroku's UUID of it")
    role: Name | None = Field(None, description="A role's name")
    state: Literal["pending", "open", "resolved"] | None = Field(
        None, description="pending: has not lasted for alert_after seconds yet"
    )
    limit: Limit = Field(50, description="Most incidents on a page")
    cursor: Cursor | None = Field(None, description="next_cursor of the page before")


DecisionQueryParameters = Annotated[DecisionQuery, Query()]
IncidentQueryParameters = Annotated[IncidentQuery, Query()]


class SampleAnswer(BaseModel):
    """What was read of the role's queues and dynos; null is unknown, not zero."""

    messages_ready: int | None = Field(description="Messages waiting")
    messages_unacknowledged: int | None = Field(description="Messages delivered, not finished")
    published: int | None = Field(description="Messages ever published, a counter")
    served: int | None = Field(description="Messages ever finished, a counter")
    redelivered: int | None = Field(description="Messages ever delivered again, a counter")
    consumers: int | None
    dynos: int | None = Field(description="Dynos that the platform was asked to run")
    queues: dict[str, Any] | None = Field(description="The same of each queue by its name")


class DecisionAnswer(BaseModel):
    """One tick of a role: what was decided, why, and what became of it."""

    id: int
    at: datetime
    app: str
    role: str
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
    sample: SampleAnswer | None


class DecisionPage(BaseModel):
    """Decisions, newest first."""

    decisions: list[DecisionAnswer]
    next_cursor: str | None = Field(description="Where the next page begins; null: there is none")


class IncidentAnswer(BaseModel):
    """One trouble of one role, from its first sight to its end."""

    id: UUID
    app: str
    role: str
    cause: str
    title: str
    text: str
    state: str = Field(description="pending, open or resolved")
    first_seen_at: datetime
    last_seen_at: datetime
    opened_at: datetime | None = Field(description="null: it has not lasted long enough")
    resolved_at: datetime | None
    open_notified_at: datetime | None = Field(description="When New Relic took the page")
    resolve_notified_at: datetime | None = Field(description="When New Relic took its end")
    notify_error: str | None = Field(description="Why it did not")


class IncidentPage(BaseModel):
    """Incidents, the one that was first seen last at the top."""

    incidents: list[IncidentAnswer]
    next_cursor: str | None = Field(description="Where the next page begins; null: there is none")
