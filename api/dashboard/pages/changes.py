"""Who changed which settings? The change log of all levels, newest first."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from api.dashboard.dependencies import AccessDep
from api.dashboard.renderer import DeskDep
from api.v1.listing import cursor_of, row_of
from guv.settings.change_log import ChangeFilter, list_changes

ON_A_PAGE = 50
router = APIRouter()


@router.get("/dashboard/changes")
def show_changes(
    desk: DeskDep,
    access: AccessDep,
    before: Annotated[str | None, Query(max_length=300)] = None,
) -> HTMLResponse:
    """The changes: who, when, from what to what."""
    wanted = ChangeFilter(before=row_of(before)[1] if before else None)
    found = list_changes(access.session, access.tenant, wanted, ON_A_PAGE + 1)
    last = found[ON_A_PAGE - 1].change if len(found) > ON_A_PAGE else None
    return desk.show(
        "changes.html",
        changes=found[:ON_A_PAGE],
        older=cursor_of(last.at, last.id) if last else None,
        here="changes",
    )
