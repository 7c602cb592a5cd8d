"""The published report: docs/benchmark.md with its plots and all figures, made by one command."""

import csv
from collections.abc import Sequence
from pathlib import Path

from bench.scaling import tables
from bench.scaling.peers import PEERS
from bench.scaling.plots import plot_all
from bench.scaling.runs import Row, recipes

HEAD = """\
# Benchmark

guv's decisions and those of other autoscalers on the same simulated workloads: how many jobs
were on time, at which cost, with how many changes.

`make bench ARGS="--write docs/benchmark.md"` (`python -m bench --write ...`) writes this page in
some minutes on two cores; do not edit it by hand. `--salt 1` runs the same scenarios with other
random draws.

A simulator plays a role's queue and dynos: first in first out, a boot time for each dyno, counts
that are up to five seconds old, the highest-numbered dynos stopped first, 30 s of grace,
interrupted jobs run again, billing from the request to the exit. It is scaled by guv's own
`decide` and by the rules of other systems, each *as shipped* and *fairly tuned*: told the true
processing and boot time and the deadline, and configured as a careful user would
(`bench/scaling/peers.py`).

- **on time**: share of the messages done within the deadline. Each scaler is asked for 99 %.
- **cost/bound**: billed dyno-seconds, divided by the least that perfect knowledge of every arrival
  would allow (`bench/scaling/bound.py`). The bound is below what can really be reached.
- **changes/h**: changes of the number of dynos per hour. **cut**: jobs interrupted and run again.
"""

SOURCES = """
The traces are arrival counts and run times, cut and thinned, of: NASA's web server in July 1995
and the World Cup 98 site (Internet Traffic Archive), Google's clusterdata-2011-2 (CC BY 4.0),
Azure Functions 2019 and Azure's language-model trace of 2023 (CC BY 4.0), Facebook's Hadoop in
2009 (SWIM), and tweets about a company (Numenta Anomaly Benchmark).
"""


def write(rows: Sequence[Row], path: Path) -> None:
    """Write the report to `path`, and plots and figures into the folder of the same name."""
    folder = path.with_suffix("")
    plots = plot_all(rows, folder)
    _write_figures(rows, folder / "figures.csv")
    parts = (HEAD, _summary(rows), _losses(rows), _matrix(rows), _plots(plots, folder), _peers())
    path.write_text("\n".join(part.rstrip() + "\n" for part in parts))


def _summary(rows: Sequence[Row]) -> str:
    scenarios = list(dict.fromkeys(row.scenario for row in rows))
    feasible = {row.scenario for row in rows if row.feasible}
    real = sum(recipes()[name].family == "trace" for name in scenarios)
    beyond = ", ".join(name for name in scenarios if name not in feasible) or "none"
    return f"""\
## Over all scenarios

{len(scenarios)} scenarios, {real} of them real arrival traces. With perfect knowledge the
deadline could be met in {len(feasible)} of them (not in: {beyond}). Only those count here.

{tables.summary(rows)}

A scaler's mean cost covers the scenarios that it met, so one that meets only the easy ones looks
cheap. The last column compares with guv where both met.
{SOURCES if real else ""}"""


def _losses(rows: Sequence[Row]) -> str:
    """List where guv is not the best."""
    guv = {row.scenario: row for row in rows if row.scaler == "guv" and row.feasible}
    missed = [f"{name} ({tables.percent(row.on_time)})" for name, row in guv.items()
              if not row.is_met]  # fmt: skip
    others = [row for row in rows if row.feasible and row.scaler != "guv" and row.is_met]
    cheaper = _better(guv, others, "cost")
    return f"""\
## Where guv loses

- Scenarios that perfect knowledge could meet and guv did not: {", ".join(missed) or "none"}.
- Scenarios in which a peer also met the deadline and was over 5 % cheaper: {cheaper or "none"}.
- Scalers with fewer changes per hour that met as many scenarios as guv or more:
  {_steadier(rows) or "none"}.
"""


def _better(guv: dict[str, Row], others: Sequence[Row], field: str) -> str:
    peers = []
    for name, own in guv.items():
        rivals = [row for row in others if row.scenario == name and own.is_met]
        best = min(rivals, key=lambda row: row.cost, default=None)
        if best is not None and getattr(best, field) < getattr(own, field) / 1.05:
            peers.append(f"{name} ({best.scaler} {best.cost:.2f}, guv {own.cost:.2f})")
    return ", ".join(peers)


def _steadier(rows: Sequence[Row]) -> str:
    met: dict[str, int] = {}
    changes: dict[str, float] = {}
    for row in rows:
        if row.feasible:
            met[row.scaler] = met.get(row.scaler, 0) + row.is_met
            changes[row.scaler] = changes.get(row.scaler, 0.0) + row.changes_per_hour
    return ", ".join(
        name
        for name in met
        if met[name] >= met.get("guv", 0) and changes[name] < changes.get("guv", 0.0)
    )


def _matrix(rows: Sequence[Row]) -> str:
    """Scenarios by scalers: the cost where met, else the share on time."""
    scalers = [
        name
        for name in dict.fromkeys(row.scaler for row in rows)
        if name == "guv" or name.endswith("-tuned")
    ]
    cells = {(row.scenario, row.scaler): _cell(row) for row in rows}
    scenarios = list(dict.fromkeys(row.scenario for row in rows))
    lines = [(name, *(cells[name, scaler] for scaler in scalers)) for name in scenarios]
    notes = "\n".join(f"- **{name}**: {recipes()[name].note}" for name in scenarios)
    return f"""\
## Scenario by scenario

Cost over the bound where 99 % were on time; otherwise the share on time, in parentheses. A star:
not even perfect knowledge could meet it, and the cost is relative to the bare work. Peers are
tuned. Every figure of every scaler, also as shipped, is in [figures.csv](benchmark/figures.csv).

{tables.table(("scenario", *scalers), lines)}

{notes}
"""


def _cell(row: Row) -> str:
    star = "" if row.feasible else "*"
    late = f"({int(row.on_time * 1000 + 1e-6) / 10:.1f} %){star}"
    return f"{row.cost:.2f}{star}" if row.is_met else late


def _plots(names: Sequence[str], folder: Path) -> str:
    images = "\n\n".join(f"![{name[:-4]}]({folder.name}/{name})" for name in names)
    return f"## Plots\n\n{images}\n"


def _peers() -> str:
    lines = [(peer.name, peer.note) for peer in PEERS]
    return f"## Who is compared\n\n{tables.table(('scaler', 'rule'), lines)}\n"


def _write_figures(rows: Sequence[Row], path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("scenario", "scaler", "on_time", "cost_over_bound", "changes_per_hour",
                         "cut", "lost_share", "p99_over_deadline", "worst_over_deadline",
                         "feasible"))  # fmt: skip
        for row in rows:
            writer.writerow((row.scenario, row.scaler, f"{row.on_time:.4f}", f"{row.cost:.3f}",
                             f"{row.changes_per_hour:.2f}", row.cut, f"{row.lost:.4f}",
                             f"{row.p99:.3f}", f"{row.worst:.3f}", row.feasible))  # fmt: skip
