"""Replays of a role's history under other settings."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import CallerDep, NowDep, PartsDep, SessionDep, TenantDep
from api.errors import error_answers
from api.paths import AppName, ReplayId, RoleName
from api.v1.listing import Cursor, Limit, RoleChoice, chosen_roles, cursor_of, place_with_uuid
from guv.replays.queries import (
    MOST_VARIANTS,
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
from guv.settings.field_models import Strict
from guv.settings.field_types import ONE_LINE, Instant
from guv.settings.schema import SettingsValues

_VARIANT = {"name": "20 dynos", "settings": {"maximum_dynos": 20}}


class VariantRequest(Strict):
    """A variant: the role's settings with some values replaced."""

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=ONE_LINE)] | None = Field(
        None, description="Name of the variant; null: made from its settings", examples=["20 dynos"]
    )
    settings: SettingsValues = Field(
        default_factory=SettingsValues,
        description="Values that differ from the role's present ones, without pause and override;"
        " {}: none",
        examples=[{"maximum_dynos": 20}],
    )


class ReplayRequest(BaseModel):
    """A time range to replay, and the variants."""

    model_config = ConfigDict(extra="forbid")

    since: Instant | None = Field(
        None,
        alias="from",
        description="Start, with an offset, in the last 7 days; null: a day before `to`",
        examples=["2026-11-25T10:00:00Z"],
    )
    until: Instant | None = Field(
        None,
        alias="to",
        description="End, with an offset; null: now",
        examples=["2026-11-26T10:00:00Z"],
    )
    variants: list[VariantRequest] = Field(
        default_factory=lambda: [VariantRequest()],
        min_length=1,
        max_length=MOST_VARIANTS,
        description="Variants; without any, the role's present settings",
        examples=[[_VARIANT]],
    )


class VariantAnswer(BaseModel):
    """A variant."""

    name: str = Field(description="Its name", examples=["20 dynos"])
    settings: dict[str, Any] = Field(
        description="Values that differ from the role's settings", examples=[{"maximum_dynos": 20}]
    )


class ReplayRun(BaseModel):
    """The recorded history, or a simulated one, measured in the same way."""

    name: str = Field(description="recorded, or the variant's name", examples=["recorded"])
    policy: str = Field(description="Scaling policy; of the record, today's", examples=["deadline"])
    interval: float = Field(
        description="Seconds between decisions; longer for a long time", examples=[10]
    )
    target_deadline: float = Field(description="Deadline in seconds", examples=[60])
    share_in_time: float | None = Field(
        description="Share within the deadline, 0 to 1, of jobs finished or overdue; null: no jobs",
        examples=[0.998],
    )
    finished: int = Field(description="Jobs finished whose wait is known", examples=[15210])
    left: int | None = Field(description="Jobs in the queues at the end", examples=[0])
    overdue: int = Field(
        0, description="Those of them, also before gaps in the record, that were late already"
    )
    cut: float | None = Field(
        description="Jobs that had to start again because their dyno was stopped;"
        " null: not recorded",
        examples=[0.0],
    )
    dyno_hours: float = Field(description="Dyno-hours", examples=[31.5])
    usd: float | None = Field(
        description="US dollars at list price; null: the dynos' size is unknown", examples=[0.315]
    )
    changes: int = Field(description="Times that the number of dynos was changed", examples=[42])
    ups: int = Field(description="Times that dynos were added", examples=[21])
    downs: int = Field(description="Times that dynos were removed", examples=[21])
    seconds_at_maximum: float = Field(description="Seconds at maximum_dynos", examples=[120.0])
    seconds: float = Field(
        description="Seconds without gaps in the record",
        examples=[86400.0],
    )
    dynos: list[float | None] = Field(
        description="Mean dynos from each time in `at` to the next", examples=[[1, 1.5, 2]]
    )
    backlog: list[int | None] = Field(
        description="Most jobs in the queues from each time in `at` to the next",
        examples=[[0, 140, 12]],
    )


class ReplayResult(BaseModel):
    """A recorded history and its variants; `at` belongs to all series."""

    since: datetime = Field(
        alias="from",
        description="The first sample",
        examples=["2026-11-25T10:00:00Z"],
    )
    until: datetime = Field(
        alias="to", description="The last sample", examples=["2026-11-26T10:00:00Z"]
    )
    processing_time: float = Field(description="Median seconds of a job", examples=[4.8])
    boot_time: float = Field(description="Median seconds of a dyno's start", examples=[28.0])
    dyno_size: str = Field(
        description="Dyno size for the price; empty: unknown", examples=["Basic"]
    )
    at: list[datetime] = Field(
        description="Times of the series, evenly spaced, at most 500",
        examples=[["2026-11-25T10:00:00Z", "2026-11-25T10:03:00Z", "2026-11-25T10:06:00Z"]],
    )
    arrival_rate: list[float] = Field(
        description="Jobs published per second from each time to the next",
        examples=[[0.2, 1.4, 0.3]],
    )
    runs: list[ReplayRun] = Field(description="The recorded run first, then the variants in order")


class ReplayAnswer(BaseModel):
    """A replay and its progress."""

    id: UUID = Field(
        description="Identifies it in paths", examples=["6b0c2f5e-7f0c-4a40-8d2e-0f6f0e1f2a3b"]
    )
    app: str = Field(description="The app's name", examples=["shop"])
    role: str = Field(description="The role's name", examples=["worker"])
    since: datetime = Field(
        serialization_alias="from",
        description="Requested start",
        examples=["2026-11-25T10:00:00Z"],
    )
    until: datetime = Field(
        serialization_alias="to",
        description="Requested end",
        examples=["2026-11-26T10:00:00Z"],
    )
    variants: list[VariantAnswer] = Field(description="Requested variants")
    state: str = Field(description="queued, running, done or failed", examples=["done"])
    progress: float = Field(description="Progress, 0 to 1", examples=[1.0])
    asked_at: datetime = Field(description="Time of the request", examples=["2026-11-26T10:00:01Z"])
    asked_by: str = Field(description="Author of the request", examples=["key GUV_URL"])
    finished_at: datetime | None = Field(
        description="When it finished; null: not yet", examples=["2026-11-26T10:00:14Z"]
    )
    error: str | None = Field(description="Why it failed; null: it did not", examples=[None])


class ReplayWithResult(ReplayAnswer):
    """A replay with its result."""

    result: ReplayResult | None = Field(description="Result; null: not done")


class ReplayPage(BaseModel):
    """Replays without their results, newest first."""

    replays: list[ReplayAnswer] = Field(description="The replays of this page")
    next_cursor: str | None = Field(
        description="Cursor of the next page; null: this is the last", examples=[None]
    )


class ReplayQuery(RoleChoice):
    """Filters of replays."""

    limit: Limit = Field(50, description="Replays per page", examples=[50])
    cursor: Cursor | None = Field(
        None, description="next_cursor of the previous page", examples=[None]
    )


router = APIRouter(prefix="/v1", tags=["replays"], responses=error_answers(401, 404, 422))
FIRST = datetime(2000, 1, 1, tzinfo=UTC)  # keeps a default range within the calendar


async def _asking(caller: CallerDep, now: NowDep, app: AppName, role: RoleName) -> Asking:
    return Asking(caller.tenant, app, role, caller.by, now)


@router.post("/apps/{app}/roles/{role}/replay", status_code=202, responses=error_answers(409, 503))
def replay_role(
    parts: PartsDep,
    asking: Annotated[Asking, Depends(_asking)],
    response: Response,
    wanted: ReplayRequest,
) -> ReplayAnswer:
    """Replay a time range of a role's history under other settings; `Location` has the result."""
    until = wanted.until or asking.now
    variants = [_variant(variant) for variant in wanted.variants]
    wish = ReplayWish(wanted.since or max(until, FIRST) - USUAL, until, variants)
    replay = start_replay(parts.engine, parts.redis, asking, wish)
    response.headers["Location"] = f"/v1/replays/{replay.row.id}"
    return ReplayAnswer.model_validate(_shown(replay, asking.now))


@router.get("/replays")
def read_replays(
    session: SessionDep, tenant: TenantDep, now: NowDep, query: Annotated[ReplayQuery, Query()]
) -> ReplayPage:
    """List replays, newest first, without their results."""
    roles = chosen_roles(session, tenant, query.app, query.role)
    before = place_with_uuid(query.cursor) if query.cursor is not None else None
    replays = list_replays(session, tenant, ReplayFilter(roles, before), query.limit + 1)
    page = replays[: query.limit]
    last = page[-1].row if len(replays) > len(page) else None
    return ReplayPage(
        replays=[ReplayAnswer.model_validate(_shown(replay, now)) for replay in page],
        next_cursor=cursor_of(last.asked_at, last.id) if last else None,
    )


@router.get("/replays/{replay}")
def read_replay(
    session: SessionDep, tenant: TenantDep, now: NowDep, replay: ReplayId
) -> ReplayWithResult:
    """Show a replay: its progress, and its result beside what was recorded."""
    named = find_replay(session, tenant, replay)
    return ReplayWithResult.model_validate({**_shown(named, now), "result": named.row.result})


@router.delete("/replays/{replay}", status_code=204)
def end_replay(session: SessionDep, tenant: TenantDep, replay: ReplayId) -> None:
    """Remove a replay; a running one stops within a few seconds."""
    remove_replay(session, tenant, replay)


def _variant(wanted: VariantRequest) -> Variant:
    values = wanted.settings.model_dump(mode="json", exclude_none=True)
    summary = ", ".join(f"{name} {value}" for name, value in values.items())
    return Variant(wanted.name or summary[:60] or "present settings", values)


def _shown(named: NamedReplay, now: datetime) -> dict[str, object]:
    state, error = state_of(named.row, now)
    shown = named.row.model_dump(exclude={"result", "state", "error"})
    return {**shown, "app": named.app, "role": named.role, "state": state, "error": error}
