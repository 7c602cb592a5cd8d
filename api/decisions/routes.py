"""Which decisions and incidents can be read, and how are they chosen?"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from sqlmodel import Session

from api.cursor import bad_cursor, cursor_of, place_of, row_of
from api.decisions.schemas import (
    DecisionPage,
    DecisionQuery,
    DecisionQueryParameters,
    IncidentPage,
    IncidentQuery,
    IncidentQueryParameters,
)
from api.decisions.views import decision_answer, incident_answer
from api.deps import SessionDep, TenantDep
from api.errors import error_answers
from guv.errors import FieldError, Invalid
from guv.models import Tenant
from guv.tenancy.apps import find_app
from guv.tenancy.decisions import DecisionFilter, list_decisions
from guv.tenancy.incidents import IncidentFilter, list_incidents
from guv.tenancy.roles import find_roles

router = APIRouter(prefix="/v1", tags=["decisions"], responses=error_answers(401, 404, 422))


@router.get("/decisions")
def read_decisions(
    session: SessionDep, tenant: TenantDep, query: DecisionQueryParameters
) -> DecisionPage:
    """The decisions of the tenant's roles, newest first."""
    if query.since and query.until and query.since >= query.until:
        raise Invalid("The time span is empty.", [FieldError("to", "must be after from")])
    wanted = DecisionFilter(
        roles=_roles(session, tenant, query),
        since=query.since,
        until=query.until,
        direction=query.direction,
        reason=query.reason,
        outcome=query.outcome,
        before=row_of(query.cursor) if query.cursor is not None else None,
    )
    found = list_decisions(session, tenant, wanted, query.limit + 1)
    page = found[: query.limit]
    last = page[-1].decision if len(found) > len(page) else None
    return DecisionPage(
        decisions=[decision_answer(one) for one in page],
        next_cursor=cursor_of(last.at, last.id) if last else None,
    )


@router.get("/incidents")
def read_incidents(
    session: SessionDep, tenant: TenantDep, query: IncidentQueryParameters
) -> IncidentPage:
    """The incidents of the tenant's roles, the one that was first seen last at the top."""
    wanted = IncidentFilter(
        roles=_roles(session, tenant, query),
        state=query.state,
        before=_incident_place(query.cursor),
    )
    found = list_incidents(session, tenant, wanted, query.limit + 1)
    page = found[: query.limit]
    last = page[-1].incident if len(found) > len(page) else None
    return IncidentPage(
        incidents=[incident_answer(one) for one in page],
        next_cursor=cursor_of(last.first_seen_at, last.id) if last else None,
    )


def _roles(
    session: Session, tenant: Tenant, query: DecisionQuery | IncidentQuery
) -> Sequence[UUID] | None:
    """The roles that the query names; None: it names none, so all of the tenant's."""
    if query.app is None and query.role is None:
        return None
    app = find_app(session, tenant, query.app) if query.app is not None else None
    return find_roles(session, tenant, app, query.role)


def _incident_place(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    at, id_ = place_of(cursor)
    try:
        return at, UUID(id_)
    except ValueError:
        raise bad_cursor() from None
