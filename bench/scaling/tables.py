"""Tables of figures in Markdown that can also be read in a terminal."""

from collections.abc import Iterable, Sequence
from statistics import fmean

from bench.scaling.runs import Row


def by_scenario(rows: Iterable[Row]) -> str:
    """Return a line for each run: share on time, cost over the bound, changes an hour, cut jobs."""
    head = ("scenario", "scaler", "on time", "p99/D", "cost/bound", "changes/h", "cut")
    lines = [
        (
            row.scenario,
            row.scaler,
            percent(row.on_time) + ("" if row.is_met else " !"),
            f"{row.p99:.2f}",
            f"{row.cost:.2f}" + ("" if row.feasible else " *"),
            f"{row.changes_per_hour:.1f}",
            str(row.cut),
        )
        for row in rows
    ]
    return table(head, lines)


def summary(rows: Sequence[Row]) -> str:
    """Return a line for each scaler over the scenarios that a clairvoyant could meet.

    The last column compares with the first scaler, over the scenarios that both have met.
    """
    scalers = list(dict.fromkeys(row.scaler for row in rows))
    head = (
        "scaler", "met", "worst on time", "cost/bound where met", "changes/h where met",
        "changes/h", "cut", f"cost against {scalers[0]} where both met",
    )  # fmt: skip
    feasible = [row for row in rows if row.feasible]
    return table(head, [_line(scaler, scalers[0], feasible) for scaler in scalers])


def _line(scaler: str, first: str, rows: Sequence[Row]) -> tuple[str, ...]:
    own = [row for row in rows if row.scaler == scaler]
    met = [row for row in own if row.is_met]
    other = {row.scenario: row.cost for row in rows if row.scaler == first and row.is_met}
    return (
        scaler,
        f"{len(met)} of {len(own)}",
        percent(min((row.on_time for row in own), default=1.0)),
        mean(row.cost for row in met),
        mean(row.changes_per_hour for row in met),
        mean(row.changes_per_hour for row in own),
        str(sum(row.cut for row in own)),
        mean(row.cost / other[row.scenario] for row in met if row.scenario in other),
    )


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose columns are as wide as their widest cell."""
    widths = [max(len(line[k]) for line in (head, *lines)) for k in range(len(head))]
    rule = ["-" * width for width in widths]
    return "\n".join(_padded(line, widths) for line in (head, rule, *lines))


def percent(share: float) -> str:
    """Format a share in percent, rounded down so that 98.99 never reads as 99."""
    return f"{int(share * 10_000 + 1e-6) / 100:.2f} %"


def mean(values: Iterable[float]) -> str:
    """Format the mean with two decimals, or a dash where there are no values."""
    present = list(values)
    return f"{fmean(present):.2f}" if present else "-"


def _padded(line: Sequence[str], widths: Sequence[int]) -> str:
    cells = " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
    return f"| {cells} |"
