"""Change log of the settings."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlmodel import Session

from api.dependencies import SessionDep, TenantDep
from api.errors import error_answers
from api.v1.listing import cursor_of, row_of
from api.v1.schemas.settings import ChangeAnswer, ChangePage, ChangeQuery
from guv.apps.queries import find_app
from guv.roles.queries import find_roles
from guv.settings.change_log import ChangeFilter, list_changes
from guv.tenants.models import Tenant

router = APIRouter(tags=["settings"], responses=error_answers(404))


@router.get("/changes")
def read_changes(
    session: SessionDep, tenant: TenantDep, query: Annotated[ChangeQuery, Query()]
) -> ChangePage:
    """List changes of settings of all levels, newest first: who, when, from what to what."""
    wanted = ChangeFilter(
        subjects=_subjects(session, tenant, query),
        since=query.since,
        until=query.until,
        before=row_of(query.cursor)[1] if query.cursor else None,
    )
    changes = list_changes(session, tenant, wanted, query.limit + 1)
    page = changes[: query.limit]
    last = page[-1].change if len(changes) > len(page) else None
    return ChangePage(
        changes=[
            ChangeAnswer(app=named.app, role=named.role, **named.change.model_dump())
            for named in page
        ],
        next_cursor=cursor_of(last.at, last.id) if last else None,
    )


def _subjects(session: Session, tenant: Tenant, query: ChangeQuery) -> Sequence[UUID] | None:
    """Return the ids of the chosen levels; None: all of the tenant's."""
    app = find_app(session, tenant, query.app) if query.app is not None else None
    if query.role is not None:
        return find_roles(session, tenant, app, query.role)
    return None if app is None else [app.id]
