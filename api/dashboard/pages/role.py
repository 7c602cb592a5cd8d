"""One role's page: how it fares in words and pictures, and why guv did what it did."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import HTMLResponse, JSONResponse

from api.dashboard.charts.role import figure
from api.dashboard.charts.time_ranges import Span, spans_of
from api.dashboard.pages.role_level import RoleVisit, RoleVisitDep, SpanDep
from api.dashboard.pages.role_settings import form_of
from api.dashboard.renderer import DeskDep
from api.v1.listing import cursor_of, row_of
from api.v1.overview import role_answer
from guv.history.decisions import DecisionFilter, NamedDecision, find_decision, list_decisions
from guv.history.usage import Usage, UsageFilter, read_usage
from guv.roles.overview import read_overview
from guv.tenants.plans import oldest_shown

DECISIONS = 30  # on a page
Number = Annotated[int, Path(ge=1, lt=2**63)]
router = APIRouter(prefix="/dashboard/apps/{app}/roles/{role}")


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which decisions are listed.

    Attributes:
        is_all: Whether those that only held on are, too.
        before: The cursor of the page before; None: the newest.
    """

    is_all: bool
    before: str | None


async def _list_query(
    show: Annotated[str, Query(pattern="^(changes|all)$")] = "changes",
    before: Annotated[str | None, Query(max_length=300)] = None,
) -> ListQuery:
    return ListQuery(show == "all", before)


@router.get("")
def show_role(
    desk: DeskDep,
    visited: RoleVisitDep,
    span: SpanDep,
    listed: Annotated[ListQuery, Depends(_list_query)],
    saved: Annotated[str, Query(max_length=10)] = "",
) -> HTMLResponse:
    """The role's page."""
    access, now = visited.access, desk.visitor.now
    found, form = _decisions(visited, span, listed), form_of(visited)
    (latest,) = read_overview(access.session, access.tenant, now, visited.role)
    return desk.show(
        "role.html",
        app=visited.app,
        role=visited.role,
        effective=form.effective,
        latest=latest,
        now=role_answer(access.tenant, latest, now, desk.clock.short),
        usage=_usage(visited, span),
        spans=spans_of(visited.plan),
        span=span,
        listed=listed,
        table=visited.picture(span, span.row),
        decisions=found[:DECISIONS],
        older=_cursor(found),
        form=form,
        is_saved=saved == "yes",
    )


@router.get("/chart")
def send_chart(desk: DeskDep, visited: RoleVisitDep, span: SpanDep) -> JSONResponse:
    """The picture, for the page's script."""
    drawn = figure(visited.picture(span), desk.visitor.zone)
    refresh = span.refresh_s(float(visited.effective().interval))
    return JSONResponse({**drawn, "refresh_s": refresh}, headers={"Cache-Control": "no-store"})


@router.get("/decisions/{number}")
def show_decision(desk: DeskDep, visited: RoleVisitDep, number: Number) -> HTMLResponse:
    """One decision with its full trail."""
    access = visited.access
    oldest = oldest_shown(access.tenant, access.edit.at)
    found = find_decision(access.session, access.tenant, visited.role, number, oldest)
    return desk.show("decision.html", app=visited.app, role=visited.role, named=found)


def _decisions(visited: RoleVisit, span: Span, listed: ListQuery) -> list[NamedDecision]:
    access = visited.access
    wanted = DecisionFilter(
        roles=[visited.role.id],
        since=access.edit.at - span.length,
        is_eventful=not listed.is_all,
        before=row_of(listed.before) if listed.before else None,
    )
    return list_decisions(access.session, access.tenant, wanted, DECISIONS + 1)


def _cursor(found: list[NamedDecision]) -> str | None:
    """Where older decisions begin; None: these are all."""
    if len(found) <= DECISIONS:
        return None
    last = found[DECISIONS - 1].decision
    return cursor_of(last.at, last.id)


def _usage(visited: RoleVisit, span: Span) -> Usage:
    """What the role used and reached, from the hour in which the span begins."""
    access, until = visited.access, visited.access.edit.at
    since = (until - span.length).replace(minute=0, second=0, microsecond=0)
    wanted = UsageFilter(since, until, [visited.role.id])
    return sum((one.usage for one in read_usage(access.session, access.tenant, wanted)), Usage())
