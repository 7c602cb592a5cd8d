"""Whose rows are asked for, of which time, and how many?

Instants have an offset, or are local ones in a named time zone.
"""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from guv.settings.field_types import (
    STORABLE,
    RoleName,
    known_zone,
    restore_plus,
    within_calendar,
)

Name = Annotated[str, Field(max_length=100, pattern=STORABLE)]
Limit = Annotated[int, Field(ge=1, le=200)]
Time = Annotated[datetime, BeforeValidator(restore_plus), AfterValidator(within_calendar)]
Cursor = Annotated[str, Field(max_length=300)]


class RoleChoice(BaseModel):
    """Whose rows are asked for; without a name, everybody's."""

    model_config = ConfigDict(extra="forbid")

    app: Name | None = Field(
        None, description="An app's name, or Heroku's UUID of it", examples=["shop"]
    )
    role: RoleName | None = Field(None, description="A role's name", examples=["worker"])


class RoleRange(RoleChoice):
    """Whose rows are asked for, and of which time."""

    timezone: Annotated[str, AfterValidator(known_zone)] | None = Field(
        None,
        max_length=60,
        description="IANA name of the zone that `from` and `to` without an offset are in",
        examples=["Europe/Berlin"],
    )
    since: Time | None = Field(
        None,
        alias="from",
        description="Then or later: with an offset, or local with `timezone`; a date is midnight",
        examples=["2026-11-25T10:00:00Z"],
    )
    until: Time | None = Field(
        None, alias="to", description="Before then", examples=["2026-11-26T10:00:00Z"]
    )

    @field_validator("since", "until")
    @classmethod
    def _in_zone(cls, at: datetime | None, info: ValidationInfo) -> datetime | None:
        zone = info.data.get("timezone")
        if at is None or at.tzinfo is not None:
            return at
        if zone is None:
            raise ValueError("needs an offset, such as Z, or timezone must be given")
        return at.replace(tzinfo=ZoneInfo(zone))

    @field_validator("until")
    @classmethod
    def _after_since(cls, until: datetime | None, info: ValidationInfo) -> datetime | None:
        since = info.data.get("since")
        if until is not None and since is not None and since >= until:
            raise ValueError("must be after from")
        return until
