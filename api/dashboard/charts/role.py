"""Chart of a role: jobs, dynos, waits and rates over one time axis.

A web role has no panel of jobs. Unknown values are None and break the line.
"""

from collections.abc import Sequence
from html import escape
from math import ceil
from textwrap import wrap
from zoneinfo import ZoneInfo

from api.dashboard.charts.panels import AxisClock, Json, layout, line_of, steps_of
from api.dashboard.charts.role_data import ChartData
from api.dashboard.formatting import plain
from guv.history.models import Outcome
from guv.history.series import Change
from guv.incidents.models import Incident

PANELS = (
    ("jobs", (0.79, 0.97)),
    ("dynos", (0.53, 0.71)),
    ("seconds", (0.27, 0.45)),
    ("jobs/s", (0.01, 0.19)),
)
WEB_PANELS = (("dynos", (0.7, 0.96)), ("seconds", (0.36, 0.6)), ("requests/s", (0.01, 0.26)))
FAR_ABOVE = 3  # a maximum above this multiple of the dynos that ran is named, not drawn
HOVER_WIDTH = 60  # characters per line of a tooltip
WRONG = frozenset({Outcome.REFUSED, Outcome.FAILED})


def role_figure(chart: ChartData, zone: ZoneInfo) -> Json:
    """Build Plotly's `data` and `layout`; times have the zone's offset at the end of the chart."""
    clock = AxisClock(chart.wanted.until, zone)
    return {
        "data": [*_lines(chart, clock), *_marks(chart, clock)],
        "layout": _layout(chart, clock),
    }


def _lines(chart: ChartData, clock: AxisClock) -> list[Json]:
    x = [clock.text(point.at) for point in chart.points]
    lines = [*_messages(chart), *_dynos(chart), *_waits(chart), *_rates(chart)]
    return [{**line, "x": x} for line in lines]


def _messages(chart: ChartData) -> list[Json]:
    if _is_web(chart):
        return []
    ready = [point.messages_ready for point in chart.points]
    running = [point.messages_unacknowledged for point in chart.points]
    return [
        line_of(0, "waiting", ready, "--chart-1"),
        line_of(0, "running", running, "--chart-2", "dot"),
    ]


def _dynos(chart: ChartData) -> list[Json]:
    points, limits, panel = chart.points, chart.limits, _first(chart)
    maximum = [limit.maximum for limit in limits] if _is_near(chart) else [None for _ in limits]
    return [
        steps_of(panel, "dynos", [point.dynos for point in points], "--chart-1"),
        steps_of(panel, "desired", [point.desired for point in points], "--chart-2", "dot"),
        _limit(panel, "minimum", [limit.minimum for limit in limits], _limits_name(chart)),
        _limit(panel, "maximum", maximum),
    ]


def _waits(chart: ChartData) -> list[Json]:
    panel, is_web = _first(chart) + 1, _is_web(chart)
    waits = [point.predicted_wait for point in chart.points]
    deadlines = [limit.deadline if limit.is_web == is_web else None for limit in chart.limits]
    return [
        line_of(panel, "response time" if is_web else "predicted wait", waits, "--chart-1"),
        line_of(panel, "target" if is_web else "deadline", deadlines, "--chart-bad", "dash"),
        _never(chart, panel),
    ]


def _rates(chart: ChartData) -> list[Json]:
    panel, is_web = _first(chart) + 2, _is_web(chart)
    arrivals = [_rounded(point.arrival_rate) for point in chart.points]
    departures = [_rounded(point.departure_rate) for point in chart.points]
    arriving = line_of(panel, "requests" if is_web else "arriving", arrivals, "--chart-1")
    leaving = line_of(panel, "finished", departures, "--chart-2", "dot")
    return [arriving] if is_web else [arriving, leaving]


def _first(chart: ChartData) -> int:
    """Return the number of the dynos' panel, from which the following panels are counted."""
    return 0 if _is_web(chart) else 1


def _is_web(chart: ChartData) -> bool:
    """Whether the role is scaled on requests at the end of the chart."""
    return bool(chart.limits) and chart.limits[-1].is_web


def _limit(panel: int, name: str, y: Sequence[int | None], legend: str = "") -> Json:
    """Build the line of a limit; minimum and maximum share one legend entry."""
    hover = {"hovertemplate": f"%{{y}}<extra>{name}</extra>", "legendgroup": "limits"}
    line = steps_of(panel, legend or name, y, "--chart-limit", "dash")
    return {**line, **hover, "meta": name, "showlegend": bool(legend)}


def _never(chart: ChartData, panel: int) -> Json:
    """Mark the times with an endless wait, at the height of the deadline."""
    y = [
        limit.deadline if point.never_done else None
        for point, limit in zip(chart.points, chart.limits, strict=True)
    ]
    marker = {"color": "--chart-bad", "symbol": "x", "size": 8}
    line = line_of(panel, "never finished", y, "--chart-bad")
    is_shown = any(value is not None for value in y)
    return {**line, "mode": "markers", "marker": marker, "showlegend": is_shown}


def _marks(chart: ChartData, clock: AxisClock) -> list[Json]:
    """Mark the decisions that changed something, each with its reason."""
    changes = chart.changes
    return [
        {
            **line_of(
                _first(chart), "decision", [change.desired for change in changes], "--chart-mark"
            ),
            "x": [clock.text(change.at) for change in changes],
            "mode": "markers",
            "marker": {
                "color": [
                    "--chart-bad" if change.outcome in WRONG else "--chart-mark"
                    for change in changes
                ],
                "symbol": [_symbol(change) for change in changes],
                "size": 11,
                "line": {"color": "--sheet", "width": 1},
            },
            "customdata": [change.id for change in changes],
            "text": [_tooltip(change) for change in changes],
            "hovertemplate": "%{text}<extra></extra>",
        }
    ]


def _symbol(change: Change) -> str:
    if change.outcome in WRONG:
        return "x"
    return "triangle-up" if (change.desired or 0) > (change.current or 0) else "triangle-down"


def _tooltip(change: Change) -> str:
    """Describe a change in lines that fit a tooltip."""
    more = f"<br>and {change.count - 1} more in this step" if change.count > 1 else ""
    why = "<br>".join(escape(line, quote=False) for line in wrap(change.explanation, HOVER_WIDTH))
    reason, outcome = plain(change.reason), change.outcome
    # No bold: Plotly would style it inline, which the content security policy forbids.
    return f"{change.current} to {change.desired} dynos, {reason}, {outcome}<br>{why}{more}"


def _layout(chart: ChartData, clock: AxisClock) -> Json:
    panels = WEB_PANELS if _is_web(chart) else PANELS
    built = layout(panels, chart.wanted.since, chart.wanted.until, clock)
    built["shapes"] = [_band(incident, chart, clock) for incident in chart.incidents]
    dynos = "yaxis2" if _first(chart) else "yaxis"
    built[dynos] |= {"range": [0, _top(chart)], "dtick": ceil(_top(chart) / 4)}
    return built


def _band(incident: Incident, chart: ChartData, clock: AxisClock) -> Json:
    begin = max(incident.opened_at or incident.first_seen_at, chart.wanted.since)
    end = min(incident.resolved_at or chart.wanted.until, chart.wanted.until)
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": clock.text(begin),
        "x1": clock.text(max(begin, end)),
        "y0": 0,
        "y1": PANELS[0][1][1],
        "fillcolor": "--chart-band",
        "line": {"color": "--chart-bad", "width": 1},
        "layer": "below",
        "name": incident.title,
    }


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 3)


def _busiest(chart: ChartData) -> int:
    """Return the most dynos that ran, were desired or were the minimum."""
    counts = [count for point in chart.points for count in (point.dynos, point.desired)]
    counts += [limit.minimum for limit in chart.limits]
    return max((count for count in counts if count is not None), default=0)


def _highest(chart: ChartData) -> int:
    return max((limit.maximum for limit in chart.limits), default=0)


def _is_near(chart: ChartData) -> bool:
    """Whether the maximum is close enough to the dynos that ran to share their axis."""
    return _highest(chart) <= FAR_ABOVE * max(_busiest(chart), 2)


def _limits_name(chart: ChartData) -> str:
    return "limits" if _is_near(chart) else f"limits (maximum {_highest(chart)})"


def _top(chart: ChartData) -> float:
    drawn = _highest(chart) if _is_near(chart) else 0
    return max(_busiest(chart), drawn, 1) * 1.15
