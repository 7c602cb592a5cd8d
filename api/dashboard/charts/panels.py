"""What do all pictures of a role share? Panels over one axis of time, as Plotly takes them.

What begins with two dashes is a colour of the page's style sheet, so that a chart follows light
and dark.
"""

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

LEGEND_ABOVE = 0.005
FEW = 40  # points that are field_error each
Json = dict[str, Any]
Panel = tuple[str, tuple[float, float]]
"""What a panel's axis says, and where it stands on the height, 0 to 1."""


class AxisClock:
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
        """The instant as that axis takes it."""
        return at.astimezone(self._zone).replace(tzinfo=None).isoformat(timespec="seconds")


def line_of(
    panel: int, name: str, y: Sequence[float | None], color: str, dash: str = "solid"
) -> Json:
    """A line in the panel of that number from the top; None breaks it."""
    number = _suffix(panel)
    known = sum(one is not None for one in y)
    return {
        "type": "scatter",
        "mode": "lines+markers" if known <= FEW else "lines",  # one point alone makes no line
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
    """The same, which holds each value until the next one."""
    line = line_of(panel, name, y, color, dash)
    return {**line, "line": {**line["line"], "shape": "hv"}}


def layout(panels: Sequence[Panel], since: datetime, until: datetime, clock: AxisClock) -> Json:
    """The panels from top to bottom over their axis of time, each with its legend above."""
    found: Json = {"xaxis": _time(clock.text(since), clock.text(until), clock.title, len(panels))}
    for number, (title, (low, high)) in enumerate(panels):
        found[f"yaxis{_suffix(number)}"] = _height(title, low, high)
        found[f"legend{_suffix(number)}"] = {
            "x": 0,
            "xanchor": "left",
            "y": high + LEGEND_ABOVE,
            "yanchor": "bottom",
            "orientation": "h",
            "bgcolor": "rgba(0,0,0,0)",
        }
    return found


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
