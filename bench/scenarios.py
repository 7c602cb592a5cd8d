"""Which roles and loads is a scaler judged on? Recipes with fixed seeds, built when asked for.

Each shows one thing that makes scaling hard; the note says which. Where a recipe tells the scaler
a wrong figure, the world keeps the true one.
"""

import random
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench import arrivals as at
from bench import services as takes
from bench.simulator import Scenario
from guv.scaling.model import Settings

Draw = Callable[[float, random.Random], list[float]]
"""Duration in seconds and a source of chance in; when messages are published out."""

HOUR = 3600.0


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
    service: takes.Service
    settings: Settings
    world: Mapping[str, float | int | tuple[float, ...]] = field(default_factory=dict)
    family: str = "synthetic"

    def build(self, salt: int = 0) -> Scenario:
        """The scenario, with its arrivals and service times drawn; another `salt`, other draws."""
        seed = zlib.crc32(f"{self.name}{salt or ''}".encode())
        duration = self.hours * HOUR
        arrivals = self.draw(duration, random.Random(seed))
        chance = random.Random(seed + 1)
        services = [self.service(chance) for _ in arrivals]
        return Scenario(
            name=self.name,
            settings=self.settings,
            arrivals=arrivals,
            services=services,
            duration=duration,
            seed=seed,
            note=self.note,
            **self.world,  # type: ignore[arg-type]  # each key is a field of its own type
        )


def told(
    deadline: float, processing: float | None, maximum: int, **more: float | str | bool | None
) -> Settings:
    """A role's settings: its deadline and processing time in seconds, its maximum, and more."""
    return Settings(
        **{"minimum_dynos": 0, "maximum_dynos": maximum, "target_deadline": deadline} | more,  # type: ignore[arg-type]  # each key is a field of its own type
        processing_time=processing,
    )


def _rate(rate: at.Rate, peak: float) -> Draw:
    return lambda duration, chance: at.poisson(rate, peak, duration, chance)


def _spikes(base: float, *spikes: tuple[float, int]) -> Draw:
    def draw(duration: float, chance: random.Random) -> list[float]:
        instants = at.poisson(at.steady(base), base, duration, chance)
        for start, size in spikes:
            if start < duration:
                instants += at.burst(start, size, 20.0, chance)
        return sorted(instants)

    return draw


def _batches(every: float, size: int) -> Draw:
    return lambda duration, chance: at.batches(every, size, duration, chance)


def _clusters(rate: float, size: float) -> Draw:
    return lambda duration, chance: at.clusters(rate, size, duration, chance)


def _moods(*rates: float, stay: float) -> Draw:
    return lambda duration, chance: at.moods(rates, stay, duration, chance)


_SINE = _rate(at.sine(0.1, 2.0, 2 * HOUR), 2.0)

_SHAPES = (
    Recipe("sine", "slow swings, ample deadline", 6, _SINE, takes.spread(5, 2), told(120, 5, 20)),
    Recipe(
        "sine-fast",
        "swings within minutes",
        4,
        _rate(at.sine(0.1, 2.0, 1200), 2.0),
        takes.spread(5, 2),
        told(120, 5, 20),
    ),
    Recipe(
        "square",
        "sudden changes of rate",
        6,
        _rate(at.square(0.1, 1.5, HOUR), 1.5),
        takes.spread(6, 2),
        told(180, 6, 20),
    ),
    Recipe(
        "triangle",
        "even climbs and falls",
        6,
        _rate(at.triangle(0.05, 2.0, 3 * HOUR), 2.0),
        takes.spread(8, 4),
        told(150, 8, 30),
    ),
    Recipe(
        "ramp-up",
        "a load that only grows",
        4,
        _rate(at.ramp(0.05, 3.0, 4 * HOUR), 3.0),
        takes.exponential(6),
        told(120, 6, 30),
    ),
    Recipe(
        "ramp-down",
        "a load that only shrinks",
        4,
        _rate(at.ramp(3.0, 0.05, 4 * HOUR), 3.0),
        takes.exponential(6),
        told(120, 6, 30),
    ),
    Recipe(
        "step-up",
        "one lasting rise, fourfold",
        4,
        _rate(at.steps((0, 0.4), (2 * HOUR, 1.6)), 1.6),
        takes.spread(10, 4),
        told(120, 10, 30),
    ),
    Recipe(
        "steady",
        "nothing ever changes",
        4,
        _rate(at.steady(1.0), 1.0),
        takes.spread(8, 3),
        told(120, 8, 20),
    ),
    Recipe(
        "moods",
        "the rate jumps at random: over-dispersed arrivals",
        6,
        _moods(0.05, 0.5, 1.5, stay=600),
        takes.spread(6, 3),
        told(180, 6, 20),
    ),
)

_BURSTS = (
    Recipe(
        "spike-within",
        "spikes that the maximum can serve in time",
        4,
        _spikes(0.1, (HOUR, 300), (2.5 * HOUR, 200)),
        takes.spread(8, 2),
        told(300, 8, 20),
    ),
    Recipe(
        "spike-beyond",
        "a spike that nobody can serve in time",
        4,
        _spikes(0.1, (HOUR, 2500)),
        takes.spread(8, 2),
        told(300, 8, 20),
    ),
    Recipe(
        "batches",
        "a batch each quarter hour",
        4,
        _batches(900, 200),
        takes.spread(5, 1),
        told(300, 5, 20),
    ),
    Recipe(
        "batches-tight",
        "batches whose deadline leaves little after a boot",
        4,
        _batches(600, 60),
        takes.spread(4, 1),
        told(75, 4, 20),
    ),
    Recipe(
        "batches-shorter-than-boot",
        "regular batches that must be done before a dyno asked for then is up",
        4,
        _batches(600, 40),
        takes.spread(4, 1),
        told(40, 4, 20),
    ),
    Recipe(
        "clusters",
        "batches at random times, of random sizes",
        6,
        _clusters(1 / 400, 40),
        takes.spread(6, 2),
        told(240, 6, 30),
    ),
)

_SPARSE = (
    Recipe(
        "sparse",
        "a message every five minutes, ample deadline",
        12,
        _rate(at.steady(1 / 300), 1 / 300),
        takes.spread(20, 8),
        told(900, 20, 5),
    ),
    Recipe(
        "sparse-minutes",
        "a message every two minutes, deadline of three",
        8,
        _rate(at.steady(1 / 120), 1 / 120),
        takes.spread(12, 4),
        told(180, 12, 5),
    ),
    Recipe(
        "sparse-tight",
        "rare messages, deadline just above the boot time",
        8,
        _rate(at.steady(1 / 600), 1 / 600),
        takes.spread(5, 1),
        told(75, 5, 5),
    ),
    Recipe(
        "low-rate",
        "light and lasting",
        8,
        _rate(at.steady(0.05), 0.05),
        takes.spread(8, 4),
        told(120, 8, 5),
    ),
)

_TIGHT = (
    Recipe(
        "tight",
        "a deadline shorter than a boot",
        4,
        _rate(at.steady(1.0), 1.0),
        takes.spread(3, 1),
        told(20, 3, 20),
    ),
    Recipe(
        "tight-sine",
        "the same with swings",
        6,
        _rate(at.sine(0.2, 2.0, 2 * HOUR), 2.0),
        takes.spread(3, 1),
        told(20, 3, 20),
    ),
    Recipe(
        "fast-jobs",
        "messages of a tenth of a second",
        1.5,
        _rate(at.sine(4, 20, HOUR), 20),
        takes.exponential(0.1),
        told(30, 0.1, 10),
    ),
    Recipe(
        "steady-fast",
        "fast messages that hardly queue: only their arrival rate shows the load",
        1.5,
        _rate(at.steady(12), 12),
        takes.fixed(0.25),
        told(15, 0.25, 10),
    ),
)

_LONG = (
    Recipe(
        "long-jobs",
        "jobs of five minutes: going down can cut them",
        12,
        _rate(at.sine(0.002, 0.03, 4 * HOUR), 0.03),
        takes.spread(300, 90),
        told(1800, 300, 30),
    ),
    Recipe(
        "long-near-deadline",
        "jobs of two minutes that must be done in five",
        8,
        _rate(at.sine(0.005, 0.06, 2 * HOUR), 0.06),
        takes.spread(120, 30),
        told(300, 120, 30, processing_time_stddev=30.0),
    ),
    Recipe(
        "long-batches",
        "batches of long jobs",
        8,
        _batches(HOUR, 30),
        takes.spread(180, 60),
        told(900, 180, 30),
    ),
    Recipe(
        "heavy-tail",
        "most jobs short, a few very long",
        6,
        _rate(at.sine(0.1, 1.0, 2 * HOUR), 1.0),
        takes.spread(8, 24),
        told(300, 8, 30),
    ),
    Recipe(
        "two-kinds",
        "one job in thirty is forty times as long",
        6,
        _rate(at.steady(0.8), 0.8),
        takes.mixture(3, 120, 1 / 30),
        told(240, 7, 30),
    ),
)

_SLOTS = (
    Recipe(
        "many-slots",
        "twenty messages at a time on a dyno",
        3,
        _rate(at.sine(1, 10, HOUR), 10),
        takes.spread(10, 3),
        told(90, 10, 20, concurrency=20),
    ),
    Recipe(
        "many-slots-bursts",
        "ten at a time, in batches",
        4,
        _batches(600, 300),
        takes.spread(6, 2),
        told(120, 6, 15, concurrency=10),
    ),
    Recipe(
        "hoarding",
        "consumers that take ten messages and work on one",
        4,
        _rate(at.sine(0.1, 1.5, HOUR), 1.5),
        takes.spread(6, 2),
        told(180, 6, 20),
        {"prefetch": 10},
    ),
)

_WRONG = (
    Recipe(
        "processing-told-short",
        "messages take three times what was told",
        6,
        _SINE,
        takes.spread(9, 3),
        told(120, 3, 40),
    ),
    Recipe(
        "processing-told-long",
        "messages take a quarter of what was told",
        6,
        _SINE,
        takes.spread(5, 2),
        told(120, 20, 40),
    ),
    Recipe(
        "processing-untold",
        "nothing was told",
        6,
        _SINE,
        takes.spread(4, 2),
        told(120, None, 40),
    ),
    Recipe(
        "boot-told-short",
        "dynos boot in 80 s, told 20",
        6,
        _rate(at.square(0.1, 1.2, 1200), 1.2),
        takes.spread(6, 2),
        told(180, 6, 20, boot_time=20.0),
        {"boot_time": 80.0},
    ),
    Recipe(
        "boot-told-long",
        "dynos boot in 15 s, told 90",
        6,
        _rate(at.square(0.1, 1.2, 1200), 1.2),
        takes.spread(6, 2),
        told(180, 6, 20, boot_time=90.0),
        {"boot_time": 15.0},
    ),
    Recipe(
        "boot-untold",
        "dynos boot in a minute, nobody said so",
        6,
        _SINE,
        takes.spread(5, 2),
        told(150, 5, 20),
        {"boot_time": 60.0, "boot_jitter": 0.4},
    ),
    Recipe(
        "doubled-untold",
        "no figure is told, and the load doubles midway",
        6,
        _rate(at.steps((0, 0.5), (3 * HOUR, 1.0)), 1.0),
        takes.exponential(12),
        told(180, None, 40),
    ),
)

_OPERATION = (
    Recipe(
        "polled-each-minute",
        "one sample a minute",
        6,
        _SINE,
        takes.spread(5, 2),
        told(240, 5, 20, interval=60.0),
    ),
    Recipe(
        "polled-each-5-s",
        "twelve samples a minute",
        3,
        _rate(at.sine(0.1, 2.0, HOUR), 2.0),
        takes.spread(5, 2),
        told(90, 5, 20, interval=5.0),
    ),
    Recipe(
        "missed-polls",
        "one poll in seven fails",
        6,
        _SINE,
        takes.spread(5, 2),
        told(150, 5, 20, interval=15.0),
        {"missed": 1 / 7},
    ),
    Recipe(
        "deploys",
        "every dyno is restarted each hour",
        6,
        _rate(at.steady(1.0), 1.0),
        takes.spread(6, 2),
        told(150, 6, 20),
        {"restarts": tuple(HOUR * hour for hour in range(1, 6))},
    ),
    Recipe(
        "working-days",
        "two days with nights, a minute between samples",
        48,
        _rate(at.working_day(0.01, 0.35), 0.35),
        takes.spread(20, 8),
        told(300, 20, 20, interval=60.0),
    ),
    Recipe(
        "warm-minimum",
        "two dynos always on, load that needs one to six",
        6,
        _rate(at.triangle(0.1, 1.0, 2 * HOUR), 1.0),
        takes.spread(5, 2),
        told(60, 5, 20, minimum_dynos=2),
        {"initial_dynos": 2},
    ),
)

SYNTHETIC = (*_SHAPES, *_BURSTS, *_SPARSE, *_TIGHT, *_LONG, *_SLOTS, *_WRONG, *_OPERATION)
"""All recipes that need no file."""

QUICK = (
    "sine",
    "square",
    "spike-within",
    "batches",
    "sparse",
    "tight",
    "long-jobs",
    "many-slots",
    "processing-told-short",
    "boot-told-short",
)
"""Names of a subset for daily use."""
