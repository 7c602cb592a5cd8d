"""Whom is guv compared with? Scalers by name, each made for a scenario."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from guv.scaling.decide import decide

from bench.simulator import Scaler, Scenario
from guv.scaling.model import Sample, Settings


@dataclass(frozen=True, slots=True)
class Peer:
    """A scaler to compare: `make` gives a fresh one for a scenario."""

    name: str
    make: Callable[[Scenario], Scaler]


def guv(settings: Settings, samples: Sequence[Sample], now: float) -> int:
    """What guv decides; the present number where it decides nothing."""
    decision = decide(settings, samples, now)
    return decision.desired if decision.desired is not None else samples[-1].dynos or 0


PEERS = (Peer("guv", lambda _: guv),)
"""All of them, guv first."""
