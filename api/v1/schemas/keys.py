"""Requests and answers about API keys."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from guv.settings.field_types import ONE_LINE

KeyName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=ONE_LINE),
]


class KeyRequest(BaseModel):
    """A new key."""

    model_config = ConfigDict(extra="forbid")

    name: KeyName = Field(description="Shown in lists and in the change log", examples=["notebook"])
    scope: Literal["read", "write"] = Field(
        "read", description="read, or write: may also change settings"
    )


class RotateRequest(BaseModel):
    """The replacement of a key."""

    model_config = ConfigDict(extra="forbid")

    old_valid_for: Annotated[int, Field(ge=0, le=30 * 86400)] = Field(
        default=86400, description="Seconds until the old key expires", examples=[3600]
    )


class KeyAnswer(BaseModel):
    """A key without its secret."""

    id: UUID = Field(description="Identifies it in paths")
    name: str = Field(description="Name of the key", examples=["notebook"])
    scope: str = Field(description="read or write", examples=["read"])
    created_at: datetime = Field(description="When it was made")
    last_used_at: datetime | None = Field(description="Last use, to the hour; null: never")
    ends_at: datetime | None = Field(description="When it expires; null: never")


class NewKey(KeyAnswer):
    """A new key; its secret is shown only once."""

    key: str = Field(description="The secret")


class KeyList(BaseModel):
    """All valid keys."""

    keys: list[KeyAnswer] = Field(description="Oldest first")
