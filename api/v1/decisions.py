"""Decisions, incidents, and the explanation of the next decision."""

from dataclasses import asdict
from datetime import datetime
from math import isfinite
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlmodel import Session

from api.dependencies import NowDep, PartsDep, SessionDep, TenantDep
from api.errors import error_answers
from api.paths import AppName, RoleName
from api.v1 import samples, statistics
from api.v1.listing import (
    Export,
    chosen_roles,
    cursor_of,
    pick,
    place_with_uuid,
    row_of,
    stream,
    wanted_fields,
)
from api.v1.samples import STREAMS
from api.v1.schemas.decisions import (
    DecisionPage,
    DecisionQuery,
    DecisionQueryParameters,
    IncidentPage,
    IncidentQueryParameters,
)
from api.v1.views.decisions import (
    DECISION_COLUMNS,
    DECISION_FIELDS,
    decision_answer,
    decision_row,
    incident_answer,
)
from guv.apps.queries import find_app
from guv.clock import from_unix, unix_seconds
from guv.history.decisions import DecisionFilter, decision_columns, list_decisions
from guv.history.samples import read_history
from guv.incidents.queries import IncidentFilter, list_incidents
from guv.roles.queries import find_role
from guv.roles.scaling_input import stored_scaling_input
from guv.scaling import Decision, decide
from guv.settings.queries import role_settings
from guv.tenants.models import Tenant
from guv.tenants.plans import shown_since

router = APIRouter(prefix="/v1", tags=["decisions"], responses=error_answers(401, 404, 422))


@router.get("/decisions", response_model=DecisionPage, responses={200: {"content": STREAMS}})
def read_decisions(
    parts: PartsDep,
    session: SessionDep,
    tenant: TenantDep,
    now: NowDep,
    query: DecisionQueryParameters,
) -> Response:
    """List decisions, newest first: a page, or all of them as CSV or NDJSON.

    As far back as the plan reaches; a `from` before that is refused.
    """
    names = wanted_fields(query.fields, DECISION_FIELDS)
    wanted = _wanted(session, tenant, now, query)
    if query.format != "json":
        columns = names or (DECISION_COLUMNS if query.format == "csv" else [])
        export = Export("decisions", decision_columns(tenant, wanted), decision_row, columns)
        return stream(parts.engine, export, query.format)
    decisions = list_decisions(session, tenant, wanted, query.limit + 1)
    page = decisions[: query.limit]
    last = page[-1].decision if len(decisions) > len(page) else None
    shown = [decision_answer(decision).model_dump(mode="json") for decision in page]
    cursor = cursor_of(last.at, last.id) if last else None
    return JSONResponse(
        {"decisions": [pick(decision, names) for decision in shown], "next_cursor": cursor}
    )


def _wanted(
    session: Session, tenant: Tenant, now: datetime, query: DecisionQuery
) -> DecisionFilter:
    return DecisionFilter(
        roles=chosen_roles(session, tenant, query.app, query.role),
        since=shown_since(tenant, now, query.since, query.until),
        until=query.until,
        direction=query.direction,
        reason=query.reason,
        outcome=query.outcome,
        before=row_of(query.cursor) if query.cursor is not None else None,
    )


@router.get("/incidents")
def read_incidents(
    session: SessionDep, tenant: TenantDep, now: NowDep, query: IncidentQueryParameters
) -> IncidentPage:
    """List incidents, the most recent first.

    As far back as the plan reaches; a `from` before that is refused.
    """
    wanted = IncidentFilter(
        roles=chosen_roles(session, tenant, query.app, query.role),
        state=query.state,
        cause=query.cause,
        since=shown_since(tenant, now, query.since, query.until),
        until=query.until,
        before=place_with_uuid(query.cursor) if query.cursor is not None else None,
    )
    incidents = list_incidents(session, tenant, wanted, query.limit + 1)
    page = incidents[: query.limit]
    last = page[-1].incident if len(incidents) > len(page) else None
    return IncidentPage(
        incidents=[incident_answer(incident) for incident in page],
        next_cursor=cursor_of(last.first_seen_at, last.id) if last else None,
    )


class Explanation(BaseModel):
    """The decision that would be made for a role now."""

    at: datetime = Field(description="Now")
    sample_at: datetime | None = Field(description="Time of the newest sample; null: none yet")
    current: int | None = Field(description="Running dynos; null: unknown")
    required: int | None = Field(description="Dynos that the policy requires, before all limits")
    desired: int | None = Field(description="Dynos after all limits")
    direction: str = Field(description="up, down or hold", examples=["hold"])
    reason: str = Field(description="Reason of the decision", examples=["steady"])
    explanation: str = Field(description="The decision in a sentence")
    predicted_wait: float | None = Field(
        description="Seconds until the last waiting job will be done; null: unknown or never"
    )
    never_done: bool = Field(
        description="Whether the last job would never be done with the desired dynos"
    )
    misses_at_maximum: bool = Field(description="Whether the maximum cannot meet the deadline")
    dynos_to_meet: int | None = Field(description="Dynos that would meet the deadline")
    next_downscale_at: datetime | None = Field(
        description="Earliest time to scale down if nothing more arrives; null: unknown"
    )
    notices: list[str] = Field(description="Remarks for people")
    estimates: dict[str, Any] = Field(description="Estimates from the history; rates per second")
    trail: list[dict[str, Any]] = Field(description="Steps from required to desired")
    settings_version: str = Field(description="Versions of the three levels", examples=["0.2.5"])


@router.get("/apps/{app}/roles/{role}/explain")
def explain_role(
    session: SessionDep, tenant: TenantDep, now: NowDep, app: AppName, role: RoleName
) -> Explanation:
    """Show the decision that a tick would make for a role now, and why; nothing is changed."""
    app_row = find_app(session, tenant, app)
    role_row = find_role(session, tenant, app_row, role)
    effective = role_settings(session, tenant, app_row, role_row)
    history = read_history(session, tenant, role_row, now)
    settings = stored_scaling_input(session, tenant, role_row, effective, history, now)
    decision = decide(settings, history, unix_seconds(now))
    return Explanation(
        at=now,
        sample_at=from_unix(history[-1].at) if history else None,
        settings_version=effective.version,
        **_shown(decision),
    )


def _shown(decision: Decision) -> dict[str, Any]:
    wait, downscale = decision.predicted_wait, decision.next_downscale_at
    names = ("current", "required", "desired", "direction", "reason", "explanation")
    return {
        **{name: getattr(decision, name) for name in names},
        "predicted_wait": wait if wait is not None and isfinite(wait) else None,
        "never_done": wait is not None and not isfinite(wait),
        "misses_at_maximum": decision.misses_at_maximum,
        "dynos_to_meet": decision.dynos_to_meet,
        "next_downscale_at": from_unix(downscale) if downscale and isfinite(downscale) else None,
        "notices": list(decision.notices),
        "estimates": _finite(asdict(decision.estimates)),
        "trail": [asdict(step) for step in decision.trail],
    }


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """Replace numbers that JSON cannot hold with null."""
    return {
        name: None if isinstance(value, float) and not isfinite(value) else value
        for name, value in values.items()
    }


for part in (
    samples.router,
    statistics.router,
):
    router.include_router(part)
