"""How is a role's history replayed under other settings? Asked for, waited for, kept."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.dependencies import CallerDep, NowDep, PartsDep, SessionDep, TenantDep
from api.errors import error_answers
from api.paths import AppName, ReplayId, RoleName
from api.v1.cursor import cursor_of, place_with_uuid
from api.v1.role_filter import chosen_roles
from api.v1.schemas.replays import (
    ReplayAnswer,
    ReplayPage,
    ReplayQuery,
    ReplayRequest,
    ReplayWithResult,
    VariantRequest,
)
from guv.replays.queries import (
    USUAL,
    Asking,
    NamedReplay,
    ReplayFilter,
    ReplayWish,
    Variant,
    find_replay,
    list_replays,
    remove_replay,
    state_of,
)
from guv.replays.start import start_replay

router = APIRouter(prefix="/v1", tags=["replays"], responses=error_answers(401, 404, 422))
FIRST = datetime(2000, 1, 1, tzinfo=UTC)  # a day before it is an instant, and long ago


async def _asking(caller: CallerDep, now: NowDep, app: AppName, role: RoleName) -> Asking:
    return Asking(caller.tenant, app, role, caller.by, now)


@router.post("/apps/{app}/roles/{role}/replay", status_code=202, responses=error_answers(409, 503))
def replay_role(
    parts: PartsDep,
    asking: Annotated[Asking, Depends(_asking)],
    response: Response,
    wanted: ReplayRequest,
) -> ReplayAnswer:
    """Replay a time of a role's own history under other settings; `Location` has the result."""
    until = wanted.until or asking.now
    variants = [_variant(one) for one in wanted.variants]
    wish = ReplayWish(wanted.since or max(until, FIRST) - USUAL, until, variants)
    named = start_replay(parts.engine, parts.redis, asking, wish)
    response.headers["Location"] = f"/v1/replays/{named.row.id}"
    return ReplayAnswer.model_validate(_shown(named, asking.now))


@router.get("/replays")
def read_replays(
    session: SessionDep, tenant: TenantDep, now: NowDep, query: Annotated[ReplayQuery, Query()]
) -> ReplayPage:
    """The replays that were asked for, newest first, without their results."""
    roles = chosen_roles(session, tenant, query.app, query.role)
    before = place_with_uuid(query.cursor) if query.cursor is not None else None
    found = list_replays(session, tenant, ReplayFilter(roles, before), query.limit + 1)
    page = found[: query.limit]
    last = page[-1].row if len(found) > len(page) else None
    return ReplayPage(
        replays=[ReplayAnswer.model_validate(_shown(one, now)) for one in page],
        next_cursor=cursor_of(last.asked_at, last.id) if last else None,
    )


@router.get("/replays/{replay}")
def read_replay(
    session: SessionDep, tenant: TenantDep, now: NowDep, replay: ReplayId
) -> ReplayWithResult:
    """A replay: how far it is, and what came of it side by side with what was recorded."""
    found = find_replay(session, tenant, replay)
    return ReplayWithResult.model_validate({**_shown(found, now), "result": found.row.result})


@router.delete("/replays/{replay}", status_code=204)
def end_replay(session: SessionDep, tenant: TenantDep, replay: ReplayId) -> None:
    """Remove a replay; one that is not finished ends within a few seconds."""
    remove_replay(session, tenant, replay)


def _variant(wanted: VariantRequest) -> Variant:
    values = wanted.settings.model_dump(mode="json", exclude_none=True)
    said = ", ".join(f"{name} {value}" for name, value in values.items())
    return Variant(wanted.name or said[:60] or "present settings", values)


def _shown(named: NamedReplay, now: datetime) -> dict[str, object]:
    state, error = state_of(named.row, now)
    shown = named.row.model_dump(exclude={"result", "state", "error"})
    return {**shown, "app": named.app, "role": named.role, "state": state, "error": error}
