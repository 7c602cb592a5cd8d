"""The demo's scenario: an app whose jobs come in waves, and two spikes.

The maximum can serve the first spike in time, and cannot serve the second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.workload import Shape, Spike, Work

APP = "shop"
ROLE = "worker"
QUEUE = "orders"
ADDON_PLAN = "premium"  # the shortest interval
BOOT = 3.0
WORK = Work(mean=1.0, stddev=0.2)
DEADLINE = 15.0
ACCOUNT_ID = 4711
LICENSE_KEY = "demo-license-key-0123456789"
RESOLVE_AFTER = 10.0
SHORTEST_CYCLE = 60.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """One round of the demo, which repeats itself.

    Attributes:
        cycle: Seconds of one round: the first spike comes after an eighth of it, the second,
            beyond what the maximum can serve in time, after a third.
        interval: Seconds between ticks.
        maximum: Most dynos.
    """

    cycle: float = 120.0
    interval: int = 5
    maximum: int = 5

    @property
    def shape(self) -> Shape:
        """How many jobs arrive."""
        capacity = self.maximum / WORK.mean
        mean = capacity * 0.3
        within = Spike(self.cycle / 8, 6.0, capacity - mean)
        beyond = Spike(self.cycle / 3, 9.0, 3.5 * capacity)
        return Shape(mean, mean / 2, self.cycle / 2, (within, beyond), self.cycle)

    @property
    def role_settings(self) -> Mapping[str, Any]:
        """What the tenant sets for the role."""
        return {
            "queues": [QUEUE],
            "target_deadline": DEADLINE,
            "minimum_dynos": 1,
            "maximum_dynos": self.maximum,
            "interval": self.interval,
        }

    @property
    def tenant_settings(self) -> Mapping[str, Any]:
        """What the tenant sets for all of its roles."""
        new_relic = {"account_id": ACCOUNT_ID, "license_key": LICENSE_KEY}
        # Longer than what guv needs to learn how long a job takes.
        return {"alert_after": 1.6 * self.interval, "notify": {"new_relic": new_relic}}
