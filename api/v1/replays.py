"""How is a role's history replayed under other settings? Asked for, waited for, kept."""

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
    """One other way of scaling: the role's settings with these over them."""

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=ONE_LINE)] | None = Field(
        None, description="For people; null: made of the settings", examples=["20 dynos"]
    )
    settings: SettingsValues = Field(
        default_factory=SettingsValues,
        description="What differs from the role's present settings, of which its pause and override"
        " are left out; {} for nothing",
        examples=[{"maximum_dynos": 20}],
    )


class ReplayRequest(BaseModel):
    """Which time is replayed, and with which settings."""

    model_config = ConfigDict(extra="forbid")

    since: Instant | None = Field(
        None,
        alias="from",
        description="Where it begins, with an offset, in the last 7 days; null: a day before `to`",
        examples=["2026-11-25T10:00:00Z"],
    )
    until: Instant | None = Field(
        None,
        alias="to",
        description="Where it ends; null: now",
        examples=["2026-11-26T10:00:00Z"],
    )
    variants: list[VariantRequest] = Field(
        default_factory=lambda: [VariantRequest()],
        min_length=1,
        max_length=MOST_VARIANTS,
        description="The ways of scaling; without any, the role's present settings",
        examples=[[_VARIANT]],
    )


class VariantAnswer(BaseModel):
    """One of the ways that were asked for."""

    name: str = Field(description="Its name", examples=["20 dynos"])
    settings: dict[str, Any] = Field(
        description="What differs from the role's settings", examples=[{"maximum_dynos": 20}]
    )


class ReplayRun(BaseModel):
    """How the time went, or would have gone. Both are measured in the same way."""

    name: str = Field(description="recorded, or the variant's name", examples=["recorded"])
    policy: str = Field(
        description="The way of scaling; of the record, today's", examples=["deadline"]
    )
    interval: float = Field(
        description="Seconds between decisions; longer for a long time", examples=[10]
    )
    target_deadline: float = Field(
        description="Seconds; the deadline it is judged by", examples=[60]
    )
    share_in_time: float | None = Field(
        description="Share within the deadline, 0 to 1, of those finished or overdue; null: none",
        examples=[0.998],
    )
    finished: int = Field(description="Messages finished whose wait is known", examples=[15210])
    left: int | None = Field(description="Messages in the queues at the end", examples=[0])
    overdue: int = Field(
        0, description="Those of them (also before times without a record) that were late already"
    )
    cut: float | None = Field(
        description="Messages that had to begin again because their dyno was stopped;"
        " null: not recorded",
        examples=[0.0],
    )
    dyno_hours: float = Field(description="Dynos times hours", examples=[31.5])
    usd: float | None = Field(
        description="US dollars at list price; null: the dynos' size is unknown", examples=[0.315]
    )
    changes: int = Field(description="Times that the number of dynos was changed", examples=[42])
    ups: int = Field(description="Times that dynos were added", examples=[21])
    downs: int = Field(description="Times that dynos were removed", examples=[21])
    seconds_at_maximum: float = Field(description="Seconds at maximum_dynos", examples=[120.0])
    seconds: float = Field(
        description="Seconds that count: without times in which nothing was recorded",
        examples=[86400.0],
    )
    dynos: list[float | None] = Field(
        description="Mean dynos from each instant of `at` to the next", examples=[[1, 1.5, 2]]
    )
    backlog: list[int | None] = Field(
        description="Most messages in the queues from each instant of `at` to the next",
        examples=[[0, 140, 12]],
    )


class ReplayResult(BaseModel):
    """A time as it was recorded, and as it would have gone; `at` belongs to all series."""

    since: datetime = Field(
        alias="from",
        description="The first sample",
        examples=["2026-11-25T10:00:00Z"],
    )
    until: datetime = Field(
        alias="to", description="The last sample", examples=["2026-11-26T10:00:00Z"]
    )
    processing_time: float = Field(
        description="Seconds that a message took, in the middle of the time", examples=[4.8]
    )
    boot_time: float = Field(
        description="Seconds that a dyno took to start, likewise", examples=[28.0]
    )
    dyno_size: str = Field(
        description="The size that is priced; empty: unknown", examples=["Basic"]
    )
    at: list[datetime] = Field(
        description="Instants of the series, evenly apart, at most 500",
        examples=[["2026-11-25T10:00:00Z", "2026-11-25T10:03:00Z", "2026-11-25T10:06:00Z"]],
    )
    arrival_rate: list[float] = Field(
        description="Messages published per second from each instant to the next",
        examples=[[0.2, 1.4, 0.3]],
    )
    runs: list[ReplayRun] = Field(
        description="The recorded one first, then the variants in their order"
    )


class ReplayAnswer(BaseModel):
    """A replay and how far it is."""

    id: UUID = Field(
        description="Names it in paths", examples=["6b0c2f5e-7f0c-4a40-8d2e-0f6f0e1f2a3b"]
    )
    app: str = Field(description="The app's name", examples=["shop"])
    role: str = Field(description="The role's name", examples=["worker"])
    since: datetime = Field(
        serialization_alias="from",
        description="Where it was asked to begin",
        examples=["2026-11-25T10:00:00Z"],
    )
    until: datetime = Field(
        serialization_alias="to",
        description="Where it was asked to end",
        examples=["2026-11-26T10:00:00Z"],
    )
    variants: list[VariantAnswer] = Field(description="The ways of scaling asked for")
    state: str = Field(description="queued, running, done or failed", examples=["done"])
    progress: float = Field(description="How much of it is done, 0 to 1", examples=[1.0])
    asked_at: datetime = Field(
        description="When it was asked for", examples=["2026-11-26T10:00:01Z"]
    )
    asked_by: str = Field(description="By whom", examples=["key GUV_URL"])
    finished_at: datetime | None = Field(
        description="When it ended; null: not yet", examples=["2026-11-26T10:00:14Z"]
    )
    error: str | None = Field(description="Why it failed; null: it did not", examples=[None])


class ReplayWithResult(ReplayAnswer):
    """A replay with what came of it."""

    result: ReplayResult | None = Field(description="What came of it; null: not done")


class ReplayPage(BaseModel):
    """Replays without their results, newest first."""

    replays: list[ReplayAnswer] = Field(description="The replays of this page")
    next_cursor: str | None = Field(
        description="Where the next page begins; null: there is none", examples=[None]
    )


class ReplayQuery(RoleChoice):
    """Which replays are asked for."""

    limit: Limit = Field(50, description="Most replays on a page", examples=[50])
    cursor: Cursor | None = Field(
        None, description="next_cursor of the page before", examples=[None]
    )


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
