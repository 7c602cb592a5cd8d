"""The demo on a terminal as a live table, and elsewhere as a line for each decision."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sandbox.demo.scenario import DEADLINE
from sandbox.demo.state import Decision, Moment, change, clock_time, finish, waiting

_OTHER_LINES, _LINES_PER_ROW = 12, 2
_COLORS = {"up": "green", "down": "cyan", "hold": "white"}
_BAD = {"refused": "yellow", "failed": "red", "skipped": "yellow"}


def table(moment: Moment, links: str, lines: int) -> RenderableType:
    """Return the whole picture for a terminal.

    Args:
        moment: The demo.
        links: How to look closer.
        lines: The height of the terminal; the oldest decisions that do not fit are left out.
    """
    rows = max((lines - _OTHER_LINES) // _LINES_PER_ROW, 1)
    return Group(
        Text(summary_line(moment), style="bold"),
        _decisions(moment.decisions[:rows]),
        *_incidents(moment),
        Text(links, style="dim"),
    )


def summary_line(moment: Moment) -> str:
    """Describe the app's present state in one line."""
    stats = moment.stats
    on_time = "?" if stats.on_time is None else f"{stats.on_time:.0%}"
    return (
        f"{moment.seconds:4.0f} s   jobs {moment.rate:.1f}/s   dynos {moment.up} up"
        f" + {moment.starting} starting   done {stats.done} of {stats.published},"
        f" {on_time} within {DEADLINE:g} s"
    )


def decision_lines(moment: Moment, after: int) -> list[str]:
    """Return a line for every decision newer than the one with the id `after`, oldest first."""
    return [
        f"{clock_time(decision)}  waiting {_pair(waiting(decision)):>9}"
        f"  dynos {change(decision):<7} {decision['outcome']:<8}"
        f" finish {finish(decision):<9} {decision['explanation']}"
        for decision in reversed(moment.decisions)
        if decision["id"] > after
    ]


def incident_lines(moment: Moment) -> list[str]:
    """Return a line for every incident."""
    return [
        f"{'open    ' if incident.closed_at is None else 'resolved'}"
        f"  {incident.title}: {incident.description}"
        for incident in moment.incidents
    ]


def _decisions(decisions: Sequence[Decision]) -> Table:
    shown = Table(expand=True, title="Decisions", title_justify="left")
    for name in ("time", "waiting + running", "dynos", "outcome", "predicted finish", "reason"):
        shown.add_column(name, no_wrap=name != "reason", ratio=1 if name == "reason" else None)
    for decision in decisions:
        style = _BAD.get(decision["outcome"], _COLORS.get(decision["direction"], "white"))
        cells = (
            clock_time(decision),
            _pair(waiting(decision)),
            change(decision),
            decision["outcome"],
            finish(decision),
        )
        shown.add_row(*cells, decision["explanation"], style=style)
    return shown


def _incidents(moment: Moment) -> list[Text]:
    lines = incident_lines(moment)[-3:] or ["none yet"]
    styles = {"open": "bold red", "reso": "green"}
    return [
        Text("Alerts in New Relic", style="italic"),
        *(Text(line, style=styles.get(line[:4], "dim")) for line in lines),
    ]


def _pair(counts: tuple[int | None, int | None]) -> str:
    return " + ".join("?" if count is None else str(count) for count in counts)
