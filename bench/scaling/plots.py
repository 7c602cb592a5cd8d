"""Plots of the benchmark as SVG, byte for byte the same for the same figures."""

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # before pyplot: there is no screen

from matplotlib import pyplot as plt  # the backend comes first
from matplotlib.axes import Axes  # same

from bench.scaling.runs import Row, replay  # same
from bench.scaling.simulator import Result, Scenario  # same

COURSES = ("sine", "spike-within", "spike-beyond", "sparse", "tight-sine", "nasa-launch")
"""Scenarios whose course is drawn, where they were run."""

SHOWN = ("guv", "keda-tuned", "guv-0.3")
"""Scalers whose dynos are drawn."""

COSTS = (1, 1.25, 1.5, 2, 3, 5, 10, 20)
"""Marks of the cost axis."""

COLORS = ("#1f5fa8", "#c2572b", "#8a8a8a")

mpl.rcParams.update({
    "svg.hashsalt": "guv", "svg.fonttype": "none", "font.size": 9,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3,
})  # fmt: skip


def plot_all(rows: Sequence[Row], folder: Path) -> list[str]:
    """Write all plots into `folder` and return their file names in order."""
    folder.mkdir(parents=True, exist_ok=True)
    names = ["overview.svg"]
    plot_overview(rows, folder / names[0])
    present, scalers = {row.scenario for row in rows}, {row.scaler for row in rows}
    for scenario in COURSES:
        if scenario in present:
            runs = [(name, *replay(scenario, name)) for name in SHOWN if name in scalers]
            plot_course(runs, folder / f"{scenario}.svg")
            names.append(f"{scenario}.svg")
    return names


def plot_overview(rows: Sequence[Row], path: Path) -> None:
    """Plot each scaler as a point: scenarios met against the typical cost over the bound."""
    figure, axes = plt.subplots(figsize=(7.5, 4.5))
    feasible = [row for row in rows if row.feasible]
    for scaler in dict.fromkeys(row.scaler for row in feasible):
        own = [row for row in feasible if row.scaler == scaler]
        met = 100.0 * sum(row.is_met for row in own) / len(own)
        cost = statistics.median(row.cost for row in own)
        axes.plot(cost, met, "o", color=COLORS[0] if scaler == "guv" else COLORS[2])
        axes.annotate(scaler, (cost, met), textcoords="offset points", xytext=(5, 3), fontsize=7)
    axes.set_xscale("log")
    axes.set_xticks(COSTS, [f"{cost:g}" for cost in COSTS])
    axes.minorticks_off()
    axes.set_xlabel("median cost over the clairvoyant bound (log scale)")
    axes.set_ylabel("scenarios with 99 % on time, %")
    axes.set_title("Up and to the left is better")
    _save(path)
    plt.close(figure)


def plot_course(runs: Sequence[tuple[str, Scenario, Result]], path: Path) -> None:
    """Plot a scenario's arrivals, the dynos of some scalers, and the time that messages took."""
    figure, (arrivals, dynos, times) = plt.subplots(
        3, 1, figsize=(7.5, 6), sharex=True, height_ratios=(1, 2, 2)
    )
    scenario = runs[0][1]
    _draw_arrivals(arrivals, scenario)
    for (name, _, result), color in zip(runs, COLORS, strict=False):
        _draw_dynos(dynos, result, scenario.end, name, color)
        _draw_times(times, scenario, result, name, color)
    times.axhline(1.0, color="black", linewidth=0.8, linestyle="--")
    arrivals.set_ylabel("arrivals/s")
    dynos.set_ylabel("dynos")
    times.set_ylabel("time to done / deadline")
    times.set_ylim(0, 3)
    times.set_xlabel("hours")
    dynos.legend(loc="upper right", fontsize=7)
    arrivals.set_title(f"{scenario.name}: {scenario.note}")
    _save(path)
    plt.close(figure)


def _draw_arrivals(axes: Axes, scenario: Scenario) -> None:
    width = scenario.end / 120
    counts = [0] * 121
    for arrival in scenario.arrivals:
        counts[int(arrival / width)] += 1
    hours = [k * width / 3600 for k in range(121)]
    axes.step(hours, [count / width for count in counts], color="black", where="post")


def _draw_dynos(axes: Axes, result: Result, end: float, name: str, color: str) -> None:
    instants = [time / 3600 for time, _ in result.formation] + [end / 3600]
    counts = [dynos for _, dynos in result.formation]
    axes.step(instants, [*counts, counts[-1]], color=color, label=name, where="post")


def _draw_times(axes: Axes, scenario: Scenario, result: Result, name: str, color: str) -> None:
    """Draw the 99th percentile in each of 120 parts of the time, by time of publication."""
    width = scenario.end / 120
    parts: list[list[float]] = [[] for _ in range(121)]
    for arrival, done in zip(scenario.arrivals, result.done, strict=True):
        end = scenario.end if done != done else done  # noqa: PLR0124  # NaN: not done
        parts[int(arrival / width)].append((end - arrival) / scenario.settings.target_deadline)
    points = [
        (k * width / 3600, sorted(part)[int(0.99 * (len(part) - 1))])
        for k, part in enumerate(parts)
        if part
    ]
    axes.plot(*_columns(points), ".-", markersize=3, linewidth=0.8, color=color, label=name)


def _columns(points: Iterable[tuple[float, float]]) -> tuple[list[float], list[float]]:
    pairs = list(points)
    return [x for x, _ in pairs], [y for _, y in pairs]


def _save(path: Path) -> None:
    plt.tight_layout()
    plt.savefig(path, metadata={"Date": None, "Creator": None} if path.suffix == ".svg" else None)
