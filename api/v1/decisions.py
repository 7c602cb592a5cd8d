"""Which decisions and incidents can be read, and how are they chosen?"""

from datetime import datetime

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from sqlmodel import Session

from api.dependencies import NowDep, PartsDep, SessionDep, TenantDep
from api.errors import error_answers
from api.v1 import explain, overview, samples, spend, statistics
from api.v1.cursor import cursor_of, place_with_uuid, row_of
from api.v1.export import Export, stream
from api.v1.field_selection import pick, wanted_fields
from api.v1.role_filter import chosen_roles
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
from guv.history.decisions import DecisionFilter, decision_columns, list_decisions
from guv.history.plan_retention import shown_since
from guv.incidents.queries import IncidentFilter, list_incidents
from guv.tenants.models import Tenant

router = APIRouter(prefix="/v1", tags=["decisions"], responses=error_answers(401, 404, 422))


@router.get("/decisions", response_model=DecisionPage, responses={200: {"content": STREAMS}})
def read_decisions(
    parts: PartsDep,
    session: SessionDep,
    tenant: TenantDep,
    now: NowDep,
    query: DecisionQueryParameters,
) -> Response:
    """The decisions of the tenant's roles, newest first: a page, or all as CSV or NDJSON.

    As far back as the plan reaches; a `from` before that is refused.
    """
    names = wanted_fields(query.fields, DECISION_FIELDS)
    wanted = _wanted(session, tenant, now, query)
    if query.format != "json":
        columns = names or (DECISION_COLUMNS if query.format == "csv" else [])
        export = Export("decisions", decision_columns(tenant, wanted), decision_row, columns)
        return stream(parts.engine, export, query.format)
    found = list_decisions(session, tenant, wanted, query.limit + 1)
    page = found[: query.limit]
    last = page[-1].decision if len(found) > len(page) else None
    shown = [decision_answer(one).model_dump(mode="json") for one in page]
    cursor = cursor_of(last.at, last.id) if last else None
    return JSONResponse({"decisions": [pick(one, names) for one in shown], "next_cursor": cursor})


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
    """The incidents of the tenant's roles, the one that was first seen last at the top.

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
    found = list_incidents(session, tenant, wanted, query.limit + 1)
    page = found[: query.limit]
    last = page[-1].incident if len(found) > len(page) else None
    return IncidentPage(
        incidents=[incident_answer(one) for one in page],
        next_cursor=cursor_of(last.first_seen_at, last.id) if last else None,
    )


for part in (
    overview.router,
    samples.router,
    statistics.router,
    spend.router,
    explain.router,
):
    router.include_router(part)
