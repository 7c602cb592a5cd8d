"""Page of a role: state, chart, figures and decisions, and their downloads."""

import csv
import io
from dataclasses import asdict, dataclass, fields
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse

from api.dashboard.charts.role import role_figure
from api.dashboard.charts.role_data import ChartData
from api.dashboard.charts.time_ranges import Span, spans_of
from api.dashboard.pages.contexts import RoleContext, RoleContextDep, SpanDep
from api.dashboard.pages.settings import form_of
from api.dashboard.renderer import RendererDep
from api.dependencies import PartsDep
from api.v1.listing import MEDIA, Export, cursor_of, row_of, stream
from api.v1.views.decisions import DECISION_COLUMNS, decision_row
from api.v1.views.overview import role_answer
from guv.history.decisions import (
    DecisionFilter,
    NamedDecision,
    decision_columns,
    find_decision,
    list_decisions,
)
from guv.history.series import Point
from guv.history.usage import Usage, UsageFilter, read_usage
from guv.roles.overview import read_overview
from guv.settings.past_settings import Limits
from guv.tenants.plans import oldest_shown

DECISIONS = 30  # per page
Number = Annotated[int, Path(ge=1, lt=2**63)]
router = APIRouter(prefix="/dashboard/apps/{app}/roles/{role}")


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which decisions to list.

    Attributes:
        is_all: Whether to include decisions that changed nothing.
        before: The cursor of the previous page; None: start with the newest.
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
    renderer: RendererDep,
    context: RoleContextDep,
    span: SpanDep,
    listed: Annotated[ListQuery, Depends(_list_query)],
    saved: Annotated[str, Query(max_length=10)] = "",
) -> HTMLResponse:
    """Show a role."""
    access, now = context.access, renderer.visitor.now
    decisions, form = _decisions(context, span, listed), form_of(context)
    (latest,) = read_overview(access.session, access.tenant, now, context.role)
    return renderer.render(
        "role.html",
        app=context.app,
        role=context.role,
        effective=form.effective,
        latest=latest,
        now=role_answer(access.tenant, latest, now, renderer.clock.short),
        usage=_usage(context, span),
        spans=spans_of(context.plan),
        span=span,
        listed=listed,
        table=context.chart_data(span, span.row),
        decisions=decisions[:DECISIONS],
        older=_cursor(decisions),
        form=form,
        is_saved=saved == "yes",
    )


@router.get("/chart")
def send_chart(renderer: RendererDep, context: RoleContextDep, span: SpanDep) -> JSONResponse:
    """Send the chart for the page's script."""
    drawn = role_figure(context.chart_data(span), renderer.visitor.zone)
    refresh = span.refresh_s(float(context.effective().interval))
    return JSONResponse({**drawn, "refresh_s": refresh}, headers={"Cache-Control": "no-store"})


@router.get("/decisions/{number}")
def show_decision(renderer: RendererDep, context: RoleContextDep, number: Number) -> HTMLResponse:
    """Show a decision with its trail."""
    access = context.access
    oldest = oldest_shown(access.tenant, access.edit.at)
    decision = find_decision(access.session, access.tenant, context.role, number, oldest)
    return renderer.render("decision.html", app=context.app, role=context.role, named=decision)


def _decisions(context: RoleContext, span: Span, listed: ListQuery) -> list[NamedDecision]:
    access = context.access
    wanted = DecisionFilter(
        roles=[context.role.id],
        since=access.edit.at - span.length,
        is_eventful=not listed.is_all,
        before=row_of(listed.before) if listed.before else None,
    )
    return list_decisions(access.session, access.tenant, wanted, DECISIONS + 1)


def _cursor(decisions: list[NamedDecision]) -> str | None:
    """Return the cursor of older decisions; None: there are none."""
    if len(decisions) <= DECISIONS:
        return None
    last = decisions[DECISIONS - 1].decision
    return cursor_of(last.at, last.id)


def _usage(context: RoleContext, span: Span) -> Usage:
    """Sum the role's usage from the hour in which the time range begins."""
    access, until = context.access, context.access.edit.at
    since = (until - span.length).replace(minute=0, second=0, microsecond=0)
    wanted = UsageFilter(since, until, [context.role.id])
    return sum((hour.usage for hour in read_usage(access.session, access.tenant, wanted)), Usage())


_COLUMNS = [field.name for kind in (Point, Limits) for field in fields(kind)]


@router.get("/figures.csv")
def send_figures(context: RoleContextDep, span: SpanDep) -> Response:
    """Send the points of the chart, one a line, with unknown values empty."""
    name = f"{context.app.name}-{context.role.name}-{span.name}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(_csv(context.chart_data(span)), media_type=MEDIA["csv"], headers=headers)


@router.get("/decisions.csv")
def send_decisions(parts: PartsDep, context: RoleContextDep, span: SpanDep) -> StreamingResponse:
    """Send all decisions of the time range, newest first."""
    access = context.access
    wanted = DecisionFilter([context.role.id], since=access.edit.at - span.length)
    query = decision_columns(access.tenant, wanted)
    return stream(parts.engine, Export("decisions", query, decision_row, DECISION_COLUMNS), "csv")


def _csv(chart: ChartData) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, _COLUMNS)
    writer.writeheader()
    for point, limits in zip(chart.points, chart.limits, strict=True):
        writer.writerow({**asdict(point), "at": point.at.isoformat(), **asdict(limits)})
    return buffer.getvalue()
