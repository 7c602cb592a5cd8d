"""How is a role's time drawn? Four panels over one axis of time, as Plotly takes them.

What begins with two dashes is a colour of the page's style sheet, so that the picture follows light
and dark. What is unknown is None and breaks the line.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from html import escape
from math import ceil
from textwrap import wrap
from typing import Any
from zoneinfo import ZoneInfo

from api.dashboard.role.picture import Picture
from guv.models import Incident
from guv.tenancy.series import Change

# From top to bottom: what a panel's axis says, and where it stands on the height.
PANELS = (
    ("messages", (0.79, 0.97)),
    ("dynos", (0.53, 0.71)),
    ("seconds", (0.27, 0.45)),
    ("messages/s", (0.01, 0.19)),
)
LEGEND_ABOVE = 0.005
FAR_ABOVE = 3  # a maximum that is so many times above what ran is named, not drawn
HOVER_WIDTH = 60  # characters of a line beside the pointer
WRONG = frozenset({"refused", "failed"})
Json = dict[str, Any]


def figure(picture: Picture, zone: ZoneInfo) -> Json:
    """The picture's `data` and `layout`, its times those of the zone at its end."""
    clock = _Clock(picture.wanted.until, zone)
    return {
        "data": [*_lines(picture, clock), *_marks(picture.changes, clock)],
        "layout": _layout(picture, clock),
    }


class _Clock:
    """Writes instants for an axis that knows no zones: with one offset, so that none comes twice.

    Args:
        until: The instant whose offset counts.
        zone: Where the visitor is.
    """

    def __init__(self, until: datetime, zone: ZoneInfo) -> None:
        here = until.astimezone(zone)
        self._zone = timezone(here.utcoffset() or here - here)
        offset = f" (UTC{here.isoformat()[-6:]})" if zone.key != "UTC" else ""
        self.title = f"time in {zone.key}{offset}"

    def text(self, at: datetime) -> str:
        return at.astimezone(self._zone).replace(tzinfo=None).isoformat(timespec="seconds")


def _lines(picture: Picture, clock: _Clock) -> list[Json]:
    points, limits = picture.points, picture.limits
    x = [clock.text(point.at) for point in points]
    waits = [point.predicted_wait for point in points]
    deadlines = [one.deadline for one in limits]
    maximum = [one.maximum for one in limits] if _is_near(picture) else [None for _ in limits]
    lines = [
        _line(0, "waiting", [p.messages_ready for p in points], "--chart-1"),
        _line(
            0, "being worked on", [p.messages_unacknowledged for p in points], "--chart-2", "dot"
        ),
        _steps("dynos", [p.dynos for p in points], "--chart-1"),
        _steps("desired", [p.desired for p in points], "--chart-2", "dot"),
        _limit("minimum", [one.minimum for one in limits], _limits_name(picture)),
        _limit("maximum", maximum),
        _line(2, "predicted wait", waits, "--chart-1"),
        _line(2, "deadline", deadlines, "--chart-bad", "dash"),
        _never(picture),
        _line(3, "arrival rate", [_rounded(p.arrival_rate) for p in points], "--chart-1"),
        _line(
            3, "departure rate", [_rounded(p.departure_rate) for p in points], "--chart-2", "dot"
        ),
    ]
    return [{**line, "x": x} for line in lines]


def _line(
    panel: int, name: str, y: Sequence[float | None], color: str, dash: str = "solid"
) -> Json:
    number = "" if panel == 0 else str(panel + 1)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "y": list(y),
        "yaxis": f"y{number}",
        "legend": f"legend{number}",
        "line": {"color": color, "dash": dash, "width": 2},
        "connectgaps": False,
    }


def _steps(name: str, y: Sequence[float | None], color: str, dash: str = "solid") -> Json:
    line = _line(1, name, y, color, dash)
    return {**line, "line": {**line["line"], "shape": "hv"}}


def _limit(name: str, y: Sequence[int | None], legend: str = "") -> Json:
    """A limit; both have one entry in the legend."""
    told = {"hovertemplate": f"%{{y}}<extra>{name}</extra>", "legendgroup": "limits"}
    line = _steps(legend or name, y, "--chart-limit", "dash")
    return {**line, **told, "meta": name, "showlegend": bool(legend)}


def _never(picture: Picture) -> Json:
    """Where the last message would never be done, at the height of the deadline."""
    y = [
        limit.deadline if point.never_done else None
        for point, limit in zip(picture.points, picture.limits, strict=True)
    ]
    marker = {"color": "--chart-bad", "symbol": "x", "size": 8}
    line = _line(2, "never done", y, "--chart-bad")
    is_shown = any(one is not None for one in y)
    return {**line, "mode": "markers", "marker": marker, "showlegend": is_shown}


def _marks(changes: Iterable[Change], clock: _Clock) -> list[Json]:
    """The decisions that changed something, each with its reason."""
    found = list(changes)
    return [
        {
            **_line(1, "decision", [one.desired for one in found], "--chart-mark"),
            "x": [clock.text(one.at) for one in found],
            "mode": "markers",
            "marker": {
                "color": [
                    "--chart-bad" if one.outcome in WRONG else "--chart-mark" for one in found
                ],
                "symbol": [_symbol(one) for one in found],
                "size": 11,
                "line": {"color": "--sheet", "width": 1},
            },
            "customdata": [one.id for one in found],
            "text": [_told(one) for one in found],
            "hovertemplate": "%{text}<extra></extra>",
        }
    ]


def _symbol(change: Change) -> str:
    if change.outcome in WRONG:
        return "x"
    return "triangle-up" if (change.desired or 0) > (change.current or 0) else "triangle-down"


def _told(change: Change) -> str:
    """A change in words, in lines that fit beside the pointer."""
    more = f"<br>and {change.count - 1} more in this step" if change.count > 1 else ""
    why = "<br>".join(escape(line, quote=False) for line in wrap(change.explanation, HOVER_WIDTH))
    reason, outcome = change.reason.replace("_", " "), change.outcome
    return f"<b>{change.current} to {change.desired} dynos</b>, {reason}, {outcome}<br>{why}{more}"


def _layout(picture: Picture, clock: _Clock) -> Json:
    since, until = picture.wanted.since, picture.wanted.until
    layout: Json = {
        "xaxis": {
            "type": "date",
            "range": [clock.text(since), clock.text(until)],
            "anchor": "y4",
            "title": {"text": clock.title, "standoff": 8},
            "gridcolor": "--line",
            "linecolor": "--line",
            "showspikes": True,
            "spikemode": "across",
            "spikethickness": 1,
            "spikecolor": "--soft",
            "spikedash": "solid",
        },
        "shapes": [_band(one, picture, clock) for one in picture.incidents],
    }
    for number, (title, (low, high)) in enumerate(PANELS):
        name = "" if number == 0 else str(number + 1)
        layout[f"yaxis{name}"] = _height(title, low, high)
        layout[f"legend{name}"] = _legend(high)
    layout["yaxis2"] |= {"range": [0, _top(picture)], "dtick": ceil(_top(picture) / 4)}
    return layout


def _height(title: str, low: float, high: float) -> Json:
    return {
        "title": {"text": title, "standoff": 6},
        "domain": [low, high],
        "rangemode": "tozero",
        "gridcolor": "--line",
        "zerolinecolor": "--line",
        "fixedrange": True,
        "nticks": 5,
        "automargin": True,
    }


def _legend(high: float) -> Json:
    place = {"x": 0, "xanchor": "left", "y": high + LEGEND_ABOVE, "yanchor": "bottom"}
    return {**place, "orientation": "h", "bgcolor": "rgba(0,0,0,0)"}


def _band(incident: Incident, picture: Picture, clock: _Clock) -> Json:
    begin = max(incident.opened_at or incident.first_seen_at, picture.wanted.since)
    end = min(incident.resolved_at or picture.wanted.until, picture.wanted.until)
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


def _busiest(picture: Picture) -> int:
    """The most dynos that ran, were wanted or had to be."""
    counts = [one for point in picture.points for one in (point.dynos, point.desired)]
    counts += [one.minimum for one in picture.limits]
    return max((one for one in counts if one is not None), default=0)


def _highest(picture: Picture) -> int:
    return max((one.maximum for one in picture.limits), default=0)


def _is_near(picture: Picture) -> bool:
    """Whether the maximum is near enough to what ran to be drawn with it."""
    return _highest(picture) <= FAR_ABOVE * max(_busiest(picture), 2)


def _limits_name(picture: Picture) -> str:
    return "limits" if _is_near(picture) else f"limits (at most {_highest(picture)})"


def _top(picture: Picture) -> float:
    drawn = _highest(picture) if _is_near(picture) else 0
    return max(_busiest(picture), drawn, 1) * 1.15
