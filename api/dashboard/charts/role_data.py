"""Data of a role's chart: points, limits, changes and incidents of a time range."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from guv.apps.models import App
from guv.history.series import Change, Point, SeriesFilter, read_changes, read_points
from guv.incidents.models import Incident
from guv.incidents.queries import IncidentFilter, list_incidents
from guv.roles.models import Role
from guv.settings.past_settings import Limits, limits_at, read_past_settings
from guv.tenants.models import Tenant

GAP_STEPS = 2.5  # points further apart than this many steps, or intervals, have a gap between them
MOST_INCIDENTS = 100


@dataclass(frozen=True, slots=True)
class ChartData:
    """What happened to a role in a time range.

    Attributes:
        wanted: The time range and its steps.
        points: From old to new, with an empty point in each gap.
        limits: Limits and deadline at each point.
        changes: The decisions that changed something.
        incidents: Incidents that opened, newest first.
    """

    wanted: SeriesFilter
    points: Sequence[Point]
    limits: Sequence[Limits]
    changes: Sequence[Change]
    incidents: Sequence[Incident]


def read_chart_data(
    session: Session, tenant: Tenant, app: App, role: Role, wanted: SeriesFilter
) -> ChartData:
    """Read the data of a role's chart with a handful of queries."""
    past = read_past_settings(session, tenant, app, role, wanted.since)
    interval = timedelta(seconds=past[-1].settings.interval)
    points = with_gaps(read_points(session, tenant, wanted), max(wanted.step, interval))
    return ChartData(
        wanted=wanted,
        points=points,
        limits=[limits_at(past, point.at) for point in points],
        changes=read_changes(session, tenant, wanted),
        incidents=_incidents(session, tenant, wanted),
    )


def with_gaps(points: Sequence[Point], usual: timedelta) -> list[Point]:
    """Insert an empty point wherever two are much further apart than usual."""
    filled: list[Point] = []
    for point in points:
        if filled and point.at - filled[-1].at > GAP_STEPS * usual:
            filled.append(Point(filled[-1].at + usual))
        filled.append(point)
    return filled


def _incidents(session: Session, tenant: Tenant, wanted: SeriesFilter) -> list[Incident]:
    there = IncidentFilter(roles=[wanted.role], since=wanted.since, until=wanted.until)
    listed = list_incidents(session, tenant, there, MOST_INCIDENTS)
    return [named.incident for named in listed if named.incident.opened_at is not None]
