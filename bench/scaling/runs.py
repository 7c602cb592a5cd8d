"""Runs of every scaler in every scenario, on all cores, and their figures."""

import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bench.scaling.bound import Bound, lower_bound
from bench.scaling.peers import PEERS, Peer
from bench.scaling.recipes import Recipe
from bench.scaling.scenarios import SYNTHETIC
from bench.scaling.simulator import Result, Scenario, simulate
from bench.scaling.traces import traces

ON_TIME = 0.99
"""Share of the messages that must be on time for a scaler to have met the deadline."""


@dataclass(frozen=True, slots=True)
class Row:
    """A scaler's figures in one scenario.

    Attributes:
        scenario: The scenario's name.
        scaler: The scaler's name.
        on_time: Share of messages on time (0 to 1).
        cost: Billed dyno-seconds over the bound's; over the bare work where there is no bound.
        changes_per_hour: Changes of the number of dynos per hour.
        cut: Jobs killed.
        lost: Share of the work that was lost with them.
        p99: 99th percentile of the time from publishing to done, in deadlines.
        worst: The longest such time, in deadlines.
        feasible: Whether a clairvoyant could have met the share.
    """

    scenario: str
    scaler: str
    on_time: float
    cost: float
    changes_per_hour: float
    cut: int
    lost: float
    p99: float
    worst: float
    feasible: bool

    @property
    def is_met(self) -> bool:
        """Whether the share on time was reached."""
        return self.on_time >= ON_TIME


def recipes() -> dict[str, Recipe]:
    """Return all recipes by name, traces included."""
    return {recipe.name: recipe for recipe in (*SYNTHETIC, *traces())}


def peers() -> dict[str, Peer]:
    """Return all scalers by name."""
    return {peer.name: peer for peer in PEERS}


def run_all(
    scenarios: Sequence[str], scalers: Sequence[str], processes: int, salt: int = 0
) -> Iterator[tuple[Row, ...]]:
    """Yield the rows of each scenario, in the order in which they are finished."""
    tasks = [(scenario, tuple(scalers), salt) for scenario in scenarios]
    if processes == 1:
        yield from map(_rows_of, tasks)
        return
    with multiprocessing.Pool(processes) as pool:
        yield from pool.imap_unordered(_rows_of, tasks)


def replay(scenario: str, scaler: str, salt: int = 0) -> tuple[Scenario, Result]:
    """Simulate one run and return everything that happened in it."""
    built = _scenario(scenario, salt)
    return built, simulate(built, peers()[scaler].make(built))


def _rows_of(task: tuple[str, tuple[str, ...], int]) -> tuple[Row, ...]:
    scenario, scalers, salt = task
    bound = lower_bound(_scenario(scenario, salt), ON_TIME)
    return tuple(_row(replay(scenario, scaler, salt), scaler, bound) for scaler in scalers)


def _row(run: tuple[Scenario, Result], scaler: str, bound: Bound) -> Row:
    scenario, result = run
    deadline = scenario.settings.target_deadline
    return Row(
        scenario=scenario.name,
        scaler=scaler,
        on_time=result.on_time,
        cost=result.billed / (bound.dyno_seconds or result.work),
        changes_per_hour=result.changes_per_hour,
        cut=result.cut,
        lost=result.lost / scenario.settings.concurrency / result.work,
        p99=result.p99 / deadline,
        worst=result.worst / deadline,
        feasible=bound.feasible,
    )


@lru_cache(maxsize=2)
def _scenario(name: str, salt: int) -> Scenario:
    return recipes()[name].build(salt)
