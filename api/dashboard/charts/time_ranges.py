"""Time ranges of a role's page, each drawn with at most a few hundred points."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from guv.errors import FieldError, Invalid
from guv.history.series import SeriesFilter
from guv.tenants.plans import Plan, limit_of

SHORTEST_REFRESH_S = 10.0  # between two updates of an open page


@dataclass(frozen=True, slots=True)
class Span:
    """A time range that ends now.

    Attributes:
        name: Its name in URLs.
        title: Its name on pages.
        length: Its length.
        step: Time that a point of the chart stands for.
        row: Time that a row of the table stands for.
    """

    name: str
    title: str
    length: timedelta
    step: timedelta
    row: timedelta

    def chosen(self, role: UUID, now: datetime, step: timedelta | None = None) -> SeriesFilter:
        """Return the filter of a role's history, in steps of the chart unless others are given."""
        return SeriesFilter(role, now - self.length, now, step or self.step)

    def refresh_s(self, interval: float) -> float:
        """Return the seconds after which a chart may have changed, given the role's interval."""
        return max(SHORTEST_REFRESH_S, interval, self.step.total_seconds() / 2)


def _span(name: str, title: str, length: timedelta, step_s: int, row: timedelta) -> Span:
    return Span(name, title, length, timedelta(seconds=step_s), row)


_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
SPANS: Mapping[str, Span] = {
    span.name: span
    for span in (
        _span("1h", "1 hour", _HOUR, 10, timedelta(minutes=5)),
        _span("6h", "6 hours", 6 * _HOUR, 60, timedelta(minutes=15)),
        _span("1d", "1 day", _DAY, 180, _HOUR),
        _span("7d", "7 days", 7 * _DAY, 900, 6 * _HOUR),
        _span("30d", "30 days", 30 * _DAY, 3600, _DAY),
    )
}
USUAL = "6h"


def spans_of(plan: Plan) -> list[Span]:
    """Return the time ranges that a plan's history covers."""
    return [span for span in SPANS.values() if span.length <= timedelta(days=plan.decision_days)]


def find_span(name: str, plan: Plan) -> Span:
    """Find a time range by name.

    Raises:
        Invalid: There is no such time range, or it is longer than the plan's history.
    """
    if name not in SPANS:
        message = f"must be one of {', '.join(SPANS)}"
        raise Invalid("Unknown time range.", [FieldError("range", message)])
    span = SPANS[name]
    if span not in spans_of(plan):
        message = f"is longer than your plan's history: {limit_of(plan)}"
        raise Invalid("Your plan does not include this time range.", [FieldError("range", message)])
    return span
