"""What a role's page shows, as files for a spreadsheet."""

import csv
import io
from dataclasses import asdict, fields

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from api.dashboard.charts.role_data import Picture
from api.dashboard.pages.role_level import RoleVisitDep, SpanDep
from api.dependencies import PartsDep
from api.v1.listing import MEDIA, Export, stream
from api.v1.views.decisions import DECISION_COLUMNS, decision_row
from guv.history.decisions import DecisionFilter, decision_columns
from guv.history.series import Point
from guv.settings.past_settings import Limits

_COLUMNS = [field.name for kind in (Point, Limits) for field in fields(kind)]
router = APIRouter(prefix="/dashboard/apps/{app}/roles/{role}")


@router.get("/figures.csv")
def send_figures(visited: RoleVisitDep, span: SpanDep) -> Response:
    """The points of the picture, one a line; what is unknown is empty."""
    name = f"{visited.app.name}-{visited.role.name}-{span.name}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(_csv(visited.picture(span)), media_type=MEDIA["csv"], headers=headers)


@router.get("/decisions.csv")
def send_decisions(parts: PartsDep, visited: RoleVisitDep, span: SpanDep) -> StreamingResponse:
    """All decisions of that time, newest first."""
    access = visited.access
    wanted = DecisionFilter([visited.role.id], since=access.edit.at - span.length)
    query = decision_columns(access.tenant, wanted)
    return stream(parts.engine, Export("decisions", query, decision_row, DECISION_COLUMNS), "csv")


def _csv(picture: Picture) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, _COLUMNS)
    writer.writeheader()
    for point, limits in zip(picture.points, picture.limits, strict=True):
        writer.writerow({**asdict(point), "at": point.at.isoformat(), **asdict(limits)})
    return buffer.getvalue()
