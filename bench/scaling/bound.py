"""Lower bound on the dyno-seconds of any scaler, even a clairvoyant one, as a linear program.

The clairvoyant knows every arrival and every service time, starts dynos ahead of time, pays their
boot, and may use fractions of a dyno. A message runs in one slot at most, so by an instant at
least so much of it must be done that the rest still fits before its deadline, and at most so much
as fits since it was published; added up over the messages these are the two curves between which
the work done has to stay. The share that may be late is chosen as kindly as can be: the longest
messages. Everything is checked on a grid of instants only. Each of these liberties makes the
bound lower, never higher.

Fractions of a dyno are too kind where messages are rare, so a second bound counts whole dynos:
take messages so far apart that no instant suits two of them. Between two such, a dyno either
stays up, idle for the gap, or another has to boot. The higher of the two bounds counts.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from bench.scaling.simulator import Scenario

GRID = 1200
"""Most instants at which the curves are checked."""

ROUNDING = 1e-6
"""Share of the work by which the curves may cross through rounding alone."""

_Curve = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bound:
    """The least that a clairvoyant pays.

    Attributes:
        dyno_seconds: Billed, boots included; None where even a clairvoyant cannot meet the share.
        feasible: Whether a clairvoyant can meet the share.
    """

    dyno_seconds: float | None
    feasible: bool


@dataclass(frozen=True, slots=True)
class _Demand:
    """Slot-seconds on the grid: what must be done by then, what can be, what may be late."""

    grid: _Curve
    required: _Curve
    available: _Curve
    late: float
    hopeless: float


def lower_bound(scenario: Scenario, share: float = 0.99, grid: int = GRID) -> Bound:
    """Return the fewest dyno-seconds with which `share` (0 to 1) of the messages can be on time.

    A coarser grid is faster and gives a bound that is lower.
    """
    if not len(scenario.arrivals):
        floor = scenario.settings.minimum_dynos * scenario.end
        return Bound(floor, feasible=True)
    demand = _demand(scenario, share, grid)
    if demand is None:
        return Bound(None, feasible=False)
    cost = _solve(scenario, demand)
    if cost is None:
        return Bound(None, feasible=False)
    return Bound(max(cost, _whole_dynos(scenario, share)), feasible=True)


def _whole_dynos(scenario: Scenario, share: float) -> float:
    """Return the work, plus idle time or a boot between messages that no single instant suits.

    A message that may be late could spoil two of these gaps, a dyno that is up at the start or
    the minimum could spare one boot.
    """
    if scenario.settings.minimum_dynos:
        return scenario.work
    late = math.floor((1.0 - share) * len(scenario.arrivals) + 1e-9)
    boots = [scenario.boot_time, *_gaps(scenario)]
    spoiled = scenario.boot_time * (2 * late + scenario.initial_dynos)
    return scenario.work + max(0.0, math.fsum(boots) - spoiled)


def _gaps(scenario: Scenario) -> list[float]:
    """Return the cost of each gap: its idle seconds, or a boot where that is less."""
    arrivals = np.asarray(scenario.arrivals, dtype=np.float64)
    services = np.asarray(scenario.services, dtype=np.float64)
    deadline, costs, chosen = scenario.settings.target_deadline, list[float](), 0
    while True:
        end = float(arrivals[chosen]) + deadline
        following = int(np.searchsorted(arrivals, end, side="right"))
        if following >= len(arrivals):
            return costs
        reach = arrivals[chosen:following] + deadline - end  # how far each may run into the gap
        useful = float(np.minimum(services[chosen:following], reach).sum())
        idle = float(arrivals[following]) - end - useful
        costs.append(min(scenario.boot_time, max(0.0, idle)))
        chosen = following


def _demand(scenario: Scenario, share: float, steps: int) -> _Demand | None:
    arrivals = np.asarray(scenario.arrivals, dtype=np.float64)
    services = np.asarray(scenario.services, dtype=np.float64)
    deadline = scenario.settings.target_deadline
    in_time = services <= deadline
    spare = math.floor((1.0 - share) * len(arrivals) + 1e-9) - int((~in_time).sum())
    if spare < 0:
        return None
    grid = np.linspace(0.0, scenario.end, min(steps, math.ceil(scenario.end)) + 1)
    due, long = arrivals[in_time] + deadline, services[in_time]
    return _Demand(
        grid=grid,
        required=_done_by(grid, due - long, due) - ROUNDING * scenario.work,
        available=_done_by(grid, arrivals, arrivals + services),
        late=float(np.sort(long)[len(long) - spare :].sum()),
        hopeless=float(services[~in_time].sum()),
    )


def _done_by(grid: _Curve, begin: _Curve, end: _Curve) -> _Curve:
    """Slot-seconds done by each instant when every message runs from its begin to its end."""
    return _ramps(grid, begin) - _ramps(grid, end)


def _ramps(grid: _Curve, begin: _Curve) -> _Curve:
    begin = np.sort(begin)
    sums = np.concatenate(([0.0], np.cumsum(begin)))
    passed = np.searchsorted(begin, grid, side="right")
    ramps: _Curve = passed * grid - sums[passed]
    return ramps


def _solve(scenario: Scenario, demand: _Demand) -> float | None:
    """Return the optimum over five columns a grid step: dynos, starts, on time, late, given up."""
    steps = len(demand.grid) - 1
    width = float(demand.grid[1] - demand.grid[0])
    cost = np.zeros(5 * steps)
    cost[:steps] = width
    cost[steps : 2 * steps] = scenario.boot_time
    answer = milp(
        cost, constraints=_constraints(scenario, demand, width), bounds=_ranges(scenario, demand)
    )
    return float(answer.fun) if answer.status == 0 else None


def _constraints(scenario: Scenario, demand: _Demand, width: float) -> LinearConstraint:
    steps = len(demand.grid) - 1
    dynos, starts, on_time, late, given_up = range(5)
    slots = scenario.settings.concurrency * width
    first = np.zeros(steps)
    first[0] = scenario.initial_dynos
    rows = _Rows(steps)
    rows.add(first, (starts, -1.0, 0.0), (dynos, 1.0, -1.0))
    rows.add(0.0, (dynos, -slots, 0.0), (on_time, 1.0, -1.0), (late, 1.0, -1.0))
    rows.add(-demand.required[1:], (on_time, -1.0, 0.0), (given_up, -1.0, 0.0))
    rows.add(demand.available[1:], (on_time, 1.0, 0.0), (late, 1.0, 0.0))
    rows.add(demand.available[1:], (on_time, 1.0, 0.0), (given_up, 1.0, 0.0))
    rows.add(demand.hopeless, (late, 1.0, 0.0), (given_up, -1.0, 0.0))
    for grows in (on_time, late, given_up):
        rows.add(0.0, (grows, -1.0, 1.0))
    finished = np.full(steps, np.inf)
    finished[-1] = -demand.available[-1] * (1 - ROUNDING)
    rows.add(finished, (on_time, -1.0, 0.0), (late, -1.0, 0.0))
    return rows.constraint()


class _Rows:
    """Collects one inequality per grid step: sums of columns, at the step and the one before."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._entries: list[tuple[_Curve, _Curve, _Curve]] = []
        self._limits: list[_Curve] = []

    def add(self, limit: _Curve | float, *terms: tuple[int, float, float]) -> None:
        """Require that the sum of terms (column, factor now, factor a step before) is <= limit."""
        steps = np.arange(self._steps, dtype=np.float64)
        top = len(self._limits) * self._steps
        for column, now, before in terms:
            left = column * self._steps
            self._entries.append((np.full(self._steps, now), steps + top, steps + left))
            earlier = np.full(self._steps - 1, before)
            self._entries.append((earlier, steps[1:] + top, steps[:-1] + left))
        self._limits.append(np.broadcast_to(np.asarray(limit, dtype=np.float64), self._steps))

    def constraint(self) -> LinearConstraint:
        """Return all rows as one sparse constraint."""
        values, rows, columns = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        shape = (len(self._limits) * self._steps, 5 * self._steps)
        kept = values != 0
        places = (rows[kept].astype(np.int64), columns[kept].astype(np.int64))
        matrix = csr_array((values[kept], places), shape=shape)
        return LinearConstraint(matrix, -np.inf, np.concatenate(self._limits))


def _ranges(scenario: Scenario, demand: _Demand) -> Bounds:
    steps = len(demand.grid) - 1
    booted = demand.grid[1:] > scenario.boot_time
    least, most = np.zeros(5 * steps), np.full(5 * steps, np.inf)
    least[:steps] = np.where(booted, scenario.settings.minimum_dynos, 0)
    most[:steps] = np.where(booted, scenario.settings.maximum_dynos, scenario.initial_dynos)
    most[4 * steps :] = demand.late
    return Bounds(least, most)
