"""A role's rollups as tests read them: with means, and with late jobs beside jobs on time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from guv.history.models import Rollup

MINUTE, FIVE_MINUTES = 60, 300  # seconds that a sum is of


@dataclass(frozen=True, slots=True)
class Point:
    """Sums of a role's ticks of one or five minutes; None where no tick had the value.

    Attributes:
        at: When it begins.
        width: Its length in seconds.
        ticks: Decisions made.
        changes: Of them, those that changed the number of dynos.
        refused: Those that Heroku refused.
        failed: Those that failed.
        without_data: Those made without data.
        at_maximum: Those while all dynos ran that the settings allow.
        seconds: Time watched; a gap above ten minutes is not.
        waiting_min, waiting_max, waiting_mean: Messages that nobody has taken yet.
        unacknowledged_max: Messages delivered and not yet finished, the most.
        dynos_min, dynos_max, dynos_mean: Dynos that ran.
        desired_min, desired_max, desired_mean: Dynos decided for.
        predicted_wait_max: Longest seconds until the last message would be done; infinity: never.
        arrived: Messages published.
        served: Messages finished.
        on_time: Of those whose wait is known, how many were within the deadline, estimated.
        late: How many were not.
    """

    at: datetime
    width: int
    ticks: int
    changes: int
    refused: int
    failed: int
    without_data: int
    at_maximum: int
    seconds: float
    waiting_min: int | None
    waiting_max: int | None
    waiting_mean: float | None
    unacknowledged_max: int | None
    dynos_min: int | None
    dynos_max: int | None
    dynos_mean: float | None
    desired_min: int | None
    desired_max: int | None
    desired_mean: float | None
    predicted_wait_max: float | None
    arrived: int | None
    served: int | None
    on_time: float | None
    late: float | None


def read_sums(
    session: Session, role: UUID, since: datetime, until: datetime, width: int
) -> list[Point]:
    """Read the role's sums of that width, oldest first."""
    rows = session.exec(
        select(Rollup)
        .where(Rollup.role_id == role, Rollup.width_s == width)
        .where(Rollup.at >= since, Rollup.at < until)
        .order_by(col(Rollup.at))
    )
    return [_point(row) for row in rows]


def _point(row: Rollup) -> Point:
    same = {name: getattr(row, name) for name in Point.__dataclass_fields__ if hasattr(row, name)}
    return Point(
        **same,
        width=row.width_s,
        waiting_mean=_mean(row.waiting_sum, row.waiting_ticks),
        dynos_mean=_mean(row.dynos_sum, row.dynos_ticks),
        desired_mean=_mean(row.desired_sum, row.desired_ticks),
        on_time=row.in_time,
        late=None if row.in_time is None else (row.timed or 0) - row.in_time,
    )


def _mean(total: float | None, count: int) -> float | None:
    return None if total is None else total / count
