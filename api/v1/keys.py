"""API keys: several for a tenant, each with a name and a scope, shown once when made."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Body

from api.dependencies import CallerDep, NowDep, SessionDep
from api.errors import error_answers
from api.paths import KeyId
from api.v1.schemas.keys import KeyAnswer, KeyList, KeyRequest, NewKey, RotateRequest
from guv.errors import Conflict
from guv.tenants import keys
from guv.tenants.models import ApiKey

router = APIRouter(prefix="/v1/keys", tags=["keys"], responses=error_answers(401, 404, 422))


@router.get("")
def list_keys(session: SessionDep, caller: CallerDep, now: NowDep) -> KeyList:
    """List the valid keys, oldest first."""
    rows = keys.list_keys(session, caller.tenant, now)
    return KeyList(keys=[KeyAnswer(**_shown(row)) for row in rows])


@router.post("", status_code=201)
def make_key(session: SessionDep, caller: CallerDep, now: NowDep, wanted: KeyRequest) -> NewKey:
    """Make a key; its secret is in the response and never shown again."""
    new = keys.add_key(session, caller.tenant, wanted.name, wanted.scope, now)
    return NewKey(key=new.secret, **_shown(new.row))


@router.post("/{key}/rotate", status_code=201)
def rotate_key(
    session: SessionDep,
    caller: CallerDep,
    now: NowDep,
    key: KeyId,
    wanted: Annotated[RotateRequest, Body(default_factory=RotateRequest)],
) -> NewKey:
    """Make a key with the same name and scope; the old one expires after a day by default."""
    valid_for = timedelta(seconds=wanted.old_valid_for)
    new = keys.replace_key(session, caller.tenant, key, valid_for, now)
    return NewKey(key=new.secret, **_shown(new.row))


@router.delete("/{key}", status_code=204, responses=error_answers(409))
def remove_key(session: SessionDep, caller: CallerDep, now: NowDep, key: KeyId) -> None:
    """Remove a key at once; not the one that the request is made with."""
    row = keys.find_key(session, caller.tenant, key, now)
    if row.id == caller.key:
        raise Conflict("This request was made with that key. Use another key to remove it.")
    keys.end_key(session, row, now)


def _shown(row: ApiKey) -> dict[str, object]:
    return {**row.model_dump(exclude={"key_hash"}), "ends_at": row.revoked_at}
