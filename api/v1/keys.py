"""API keys: several for a tenant, each with a name and a scope, shown once when made."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.dependencies import CallerDep, NowDep, SessionDep
from api.errors import error_answers
from api.paths import KeyId
from guv.errors import Conflict, Invalid
from guv.settings.field_types import ONE_LINE
from guv.tenants import keys
from guv.tenants.models import ApiKey

MOST_KEYS = 50
router = APIRouter(prefix="/v1/keys", tags=["keys"], responses=error_answers(401, 404, 422))
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


@router.get("")
def list_keys(session: SessionDep, caller: CallerDep, now: NowDep) -> KeyList:
    """List the valid keys, oldest first."""
    found = keys.list_keys(session, caller.tenant, now)
    return KeyList(keys=[KeyAnswer(**_shown(row)) for row in found])


@router.post("", status_code=201)
def make_key(session: SessionDep, caller: CallerDep, now: NowDep, wanted: KeyRequest) -> NewKey:
    """Make a key; its secret is in the response and never shown again."""
    used = len(keys.list_keys(session, caller.tenant, now))
    if used >= MOST_KEYS:
        raise Invalid(
            f"At most {MOST_KEYS} keys are allowed, and there are {used}. Remove a key first."
        )
    row, key = keys.new_key(session, caller.tenant, wanted.name, wanted.scope, now)
    return NewKey(key=key, **_shown(row))


@router.post("/{key}/rotate", status_code=201)
def rotate_key(
    session: SessionDep,
    caller: CallerDep,
    now: NowDep,
    key: KeyId,
    wanted: Annotated[RotateRequest, Body(default_factory=RotateRequest)],
) -> NewKey:
    """Make a key with the same name and scope; the old one expires after a day by default."""
    old = keys.find_key(session, caller.tenant, key, now)
    row, fresh = keys.new_key(session, caller.tenant, old.name, old.scope, now)
    keys.end_key(session, old, now + timedelta(seconds=wanted.old_valid_for))
    return NewKey(key=fresh, **_shown(row))


@router.delete("/{key}", status_code=204, responses=error_answers(409))
def remove_key(session: SessionDep, caller: CallerDep, now: NowDep, key: KeyId) -> None:
    """Remove a key at once; not the one that the request is made with."""
    found = keys.find_key(session, caller.tenant, key, now)
    if found.id == caller.key:
        raise Conflict("This request was made with that key. Use another key to remove it.")
    keys.end_key(session, found, now)


def _shown(row: ApiKey) -> dict[str, object]:
    return {**row.model_dump(exclude={"key_hash"}), "ends_at": row.revoked_at}
