"""Panels over one time axis, as Plotly takes them: the base of all charts.

Colors that begin with two dashes are variables of the style sheet, so that charts follow light and
dark mode.
"""

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

LEGEND_GAP = 0.005  # of the height, between a panel and its legend
MARKED_POINTS = 40  # lines with at most this many points show each of them
Json = dict[str, Any]
Panel = tuple[str, tuple[float, float]]
"""A panel's axis title, and its bottom and top as shares of the height, 0 to 1."""


class AxisClock:
    """Formats times for Plotly, whose axes have no zones: with one offset, so that no hour repeats.

    Args:
        until: Time whose offset is used throughout.
        zone: The visitor's time zone.
    """

    def __init__(self, until: datetime, zone: ZoneInfo) -> None:
        here = until.astimezone(zone)
        self._zone = timezone(here.utcoffset() or here - here)
        offset = f" (UTC{here.isoformat()[-6:]})" if zone.key != "UTC" else ""
        self.title = f"time in {zone.key}{offset}"

    def text(self, at: datetime) -> str:
        """Return a time in the format of the axis."""
        return at.astimezone(self._zone).replace(tzinfo=None).isoformat(timespec="seconds")


def line_of(
    panel: int, name: str, y: Sequence[float | None], color: str, dash: str = "solid"
) -> Json:
    """Build a line in a panel, numbered from the top; None breaks the line."""
    number = _suffix(panel)
    known = sum(value is not None for value in y)
    return {
        "type": "scatter",
        "mode": "lines+markers"
        if known <= MARKED_POINTS
        else "lines",  # a single point would be invisible as a line
        "marker": {"color": color, "size": 5},
        "name": name,
        "y": list(y),
        "yaxis": f"y{number}",
        "legend": f"legend{number}",
        "line": {"color": color, "dash": dash, "width": 2},
        "connectgaps": False,
    }


def steps_of(
    panel: int, name: str, y: Sequence[float | None], color: str, dash: str = "solid"
) -> Json:
    """Build a line that keeps each value until the next one."""
    line = line_of(panel, name, y, color, dash)
    return {**line, "line": {**line["line"], "shape": "hv"}}


def layout(panels: Sequence[Panel], since: datetime, until: datetime, clock: AxisClock) -> Json:
    """Build the layout of panels from top to bottom, each with its legend above."""
    built: Json = {"xaxis": _time(clock.text(since), clock.text(until), clock.title, len(panels))}
    for number, (title, (low, high)) in enumerate(panels):
        built[f"yaxis{_suffix(number)}"] = _height(title, low, high)
        built[f"legend{_suffix(number)}"] = {
            "x": 0,
            "xanchor": "left",
            "y": high + LEGEND_GAP,
            "yanchor": "bottom",
            "orientation": "h",
            "bgcolor": "rgba(0,0,0,0)",
        }
    return built


def _suffix(panel: int) -> str:
    return "" if panel == 0 else str(panel + 1)


def _time(since: str, until: str, title: str, panels: int) -> Json:
    return {
        "type": "date",
        "range": [since, until],
        "anchor": f"y{_suffix(panels - 1)}",
        "title": {"text": title, "standoff": 8},
        "gridcolor": "--line",
        "linecolor": "--line",
        "showspikes": True,
        "spikemode": "across",
        "spikethickness": 1,
        "spikecolor": "--soft",
        "spikedash": "solid",
    }


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
