"""Recipes of scenarios, with fixed seeds and built on demand."""

import random
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.scaling import arrivals, service_times
from bench.scaling.simulator import Scenario
from guv.scaling.model import Settings

Draw = Callable[[float, random.Random], list[float]]
"""Duration in seconds and a source of chance in; when messages are published out."""

HOUR = 3600.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to build a scenario, the same each time.

    Attributes:
        name: Short and unique; its seed comes from it.
        note: What it is meant to show.
        hours: How long messages arrive.
        draw: When they are published.
        service: How long they take.
        settings: What the scaler is told.
        world: Further fields of the scenario, such as `boot_time`.
        family: What kind it is, for the table.
    """

    name: str
    note: str
    hours: float
    draw: Draw
    service: service_times.Service
    settings: Settings
    world: Mapping[str, float | int | tuple[float, ...]] = field(default_factory=dict)
    family: str = "synthetic"

    def build(self, salt: int = 0) -> Scenario:
        """Draw arrivals and service times; another `salt` gives other draws."""
        seed = zlib.crc32(f"{self.name}{salt or ''}".encode())
        duration = self.hours * HOUR
        instants = self.draw(duration, random.Random(seed))
        chance = random.Random(seed + 1)
        services = [self.service(chance) for _ in instants]
        return Scenario(
            name=self.name,
            settings=self.settings,
            arrivals=instants,
            services=services,
            duration=duration,
            seed=seed,
            note=self.note,
            **self.world,  # type: ignore[arg-type]  # each key is a field of its own type
        )


def role_settings(
    deadline: float, processing: float | None, maximum: int, **more: float | str | bool | None
) -> Settings:
    """Return a role's settings; times are in seconds."""
    return Settings(
        **{"minimum_dynos": 0, "maximum_dynos": maximum, "target_deadline": deadline} | more,  # type: ignore[arg-type]  # each key is a field of its own type
        processing_time=processing,
    )


def rate(of: arrivals.Rate, peak: float) -> Draw:
    """Poisson arrivals of that rate, which is never above `peak`."""
    return lambda duration, chance: arrivals.poisson(of, peak, duration, chance)


def spikes(base: float, *spikes: tuple[float, int]) -> Draw:
    """Return a Poisson `base` rate with spikes: pairs of (second, messages)."""

    def draw(duration: float, chance: random.Random) -> list[float]:
        instants = arrivals.poisson(arrivals.steady(base), base, duration, chance)
        for start, size in spikes:
            if start < duration:
                instants += arrivals.burst(start, size, 20.0, chance)
        return sorted(instants)

    return draw


def batches(every: float, size: int) -> Draw:
    """Return batches of `size` messages, one every `every` seconds."""
    return lambda duration, chance: arrivals.batches(every, size, duration, chance)


def clusters(rate: float, size: float) -> Draw:
    """Batches at random instants (`rate` a second), of random sizes around `size`."""
    return lambda duration, chance: arrivals.clusters(rate, size, duration, chance)


def moods(*rates: float, stay: float) -> Draw:
    """Poisson arrivals whose rate jumps among `rates` about every `stay` seconds."""
    return lambda duration, chance: arrivals.moods(rates, stay, duration, chance)


SLOW_SINE = rate(arrivals.sine(0.1, 2.0, 2 * HOUR), 2.0)
"""Swings of two hours, as several scenarios have them."""
