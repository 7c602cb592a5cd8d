"""Which time does a role's page show? Five lengths, each as at most a few hundred points."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from guv.errors import FieldError, Invalid
from guv.history.series import SeriesFilter
from guv.tenants.plans import Plan, limit_of

SHORTEST_REFRESH_S = 10.0


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time up to now.

    Attributes:
        name: As it stands in addresses.
        title: As people say it.
        length: How long it is.
        step: What one point of the chart stands for.
        row: What one row of the table stands for.
    """

    name: str
    title: str
    length: timedelta
    step: timedelta
    row: timedelta

    def chosen(self, role: UUID, now: datetime, step: timedelta | None = None) -> SeriesFilter:
        """The same for a role, in the chart's steps if no others are given."""
        return SeriesFilter(role, now - self.length, now, step or self.step)

    def refresh_s(self, interval: float) -> float:
        """Seconds after which a chart may have changed, for a role of that interval."""
        return max(SHORTEST_REFRESH_S, interval, self.step.total_seconds() / 2)


def _span(name: str, title: str, length: timedelta, step_s: int, row: timedelta) -> Span:
    return Span(name, title, length, timedelta(seconds=step_s), row)


_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
SPANS: Mapping[str, Span] = {
    one.name: one
    for one in (
        _span("1h", "1 hour", _HOUR, 10, timedelta(minutes=5)),
        _span("6h", "6 hours", 6 * _HOUR, 60, timedelta(minutes=15)),
        _span("1d", "1 day", _DAY, 180, _HOUR),
        _span("7d", "7 days", 7 * _DAY, 900, 6 * _HOUR),
        _span("30d", "30 days", 30 * _DAY, 3600, _DAY),
    )
}
USUAL = "6h"


def spans_of(plan: Plan) -> list[Span]:
    """The spans that the plan reaches back for."""
    return [one for one in SPANS.values() if one.length <= timedelta(days=plan.decision_days)]


def find_span(name: str, plan: Plan) -> Span:
    """The span of that name.

    Raises:
        Invalid: There is none, or the plan does not reach back so far.
    """
    if name not in SPANS:
        message = f"must be one of {', '.join(SPANS)}"
        raise Invalid("Unknown time range.", [FieldError("range", message)])
    span = SPANS[name]
    if span not in spans_of(plan):
        message = f"is longer than your plan's history: {limit_of(plan)}"
        raise Invalid("Your plan does not include this time range.", [FieldError("range", message)])
    return span
