"""What is to be seen of a role over a time? Its points, limits, changes and incidents."""

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

GAP_STEPS = 2.5  # points further apart than so many steps, or intervals, have a gap between them
MOST_INCIDENTS = 100


@dataclass(frozen=True, slots=True)
class ChartData:
    """A role's time.

    Attributes:
        wanted: Which time, in which steps.
        points: From old to new; an empty one stands in each gap.
        limits: What bounded the role at each point.
        changes: The decisions that changed something.
        incidents: Those that opened, newest first.
    """

    wanted: SeriesFilter
    points: Sequence[Point]
    limits: Sequence[Limits]
    changes: Sequence[Change]
    incidents: Sequence[Incident]


def read_chart_data(
    session: Session, tenant: Tenant, app: App, role: Role, wanted: SeriesFilter
) -> ChartData:
    """What there is of the role in that time, read with a handful of queries."""
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
    """The points with an empty one wherever two are much further apart than usual."""
    found: list[Point] = []
    for point in points:
        if found and point.at - found[-1].at > GAP_STEPS * usual:
            found.append(Point(found[-1].at + usual))
        found.append(point)
    return found


def _incidents(session: Session, tenant: Tenant, wanted: SeriesFilter) -> list[Incident]:
    there = IncidentFilter(roles=[wanted.role], since=wanted.since, until=wanted.until)
    found = list_incidents(session, tenant, there, MOST_INCIDENTS)
    return [one.incident for one in found if one.incident.opened_at is not None]
