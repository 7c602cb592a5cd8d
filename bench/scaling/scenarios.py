"""Scenarios of the benchmark: shapes of load here, harder worlds in `adverse`.

Each shows one thing that makes scaling hard; the note says which.
"""

from bench.scaling import arrivals, service_times
from bench.scaling.adverse import ADVERSE
from bench.scaling.recipes import (
    HOUR,
    SLOW_SINE,
    Recipe,
    batches,
    clusters,
    moods,
    rate,
    role_settings,
    spikes,
)

_SHAPES = (
    Recipe(
        "sine",
        "slow swings, ample deadline",
        6,
        SLOW_SINE,
        service_times.spread(5, 2),
        role_settings(120, 5, 20),
    ),
    Recipe(
        "sine-fast",
        "swings within minutes",
        4,
        rate(arrivals.sine(0.1, 2.0, 1200), 2.0),
        service_times.spread(5, 2),
        role_settings(120, 5, 20),
    ),
    Recipe(
        "square",
        "sudden changes of rate",
        6,
        rate(arrivals.square(0.1, 1.5, HOUR), 1.5),
        service_times.spread(6, 2),
        role_settings(180, 6, 20),
    ),
    Recipe(
        "triangle",
        "even climbs and falls",
        6,
        rate(arrivals.triangle(0.05, 2.0, 3 * HOUR), 2.0),
        service_times.spread(8, 4),
        role_settings(150, 8, 30),
    ),
    Recipe(
        "ramp-up",
        "a load that only grows",
        4,
        rate(arrivals.ramp(0.05, 3.0, 4 * HOUR), 3.0),
        service_times.exponential(6),
        role_settings(120, 6, 30),
    ),
    Recipe(
        "ramp-down",
        "a load that only shrinks",
        4,
        rate(arrivals.ramp(3.0, 0.05, 4 * HOUR), 3.0),
        service_times.exponential(6),
        role_settings(120, 6, 30),
    ),
    Recipe(
        "step-up",
        "one lasting rise, fourfold",
        4,
        rate(arrivals.steps((0, 0.4), (2 * HOUR, 1.6)), 1.6),
        service_times.spread(10, 4),
        role_settings(120, 10, 30),
    ),
    Recipe(
        "steady",
        "nothing ever changes",
        4,
        rate(arrivals.steady(1.0), 1.0),
        service_times.spread(8, 3),
        role_settings(120, 8, 20),
    ),
    Recipe(
        "moods",
        "the rate jumps at random: over-dispersed arrivals",
        6,
        moods(0.05, 0.5, 1.5, stay=600),
        service_times.spread(6, 3),
        role_settings(180, 6, 20),
    ),
)

_BURSTS = (
    Recipe(
        "spike-within",
        "spikes that the maximum can serve in time",
        4,
        spikes(0.1, (HOUR, 300), (2.5 * HOUR, 200)),
        service_times.spread(8, 2),
        role_settings(300, 8, 20),
    ),
    Recipe(
        "spike-beyond",
        "a spike that nobody can serve in time",
        4,
        spikes(0.1, (HOUR, 2500)),
        service_times.spread(8, 2),
        role_settings(300, 8, 20),
    ),
    Recipe(
        "batches",
        "a batch each quarter hour",
        4,
        batches(900, 200),
        service_times.spread(5, 1),
        role_settings(300, 5, 20),
    ),
    Recipe(
        "batches-tight",
        "batches whose deadline leaves little after a boot",
        4,
        batches(600, 60),
        service_times.spread(4, 1),
        role_settings(75, 4, 20),
    ),
    Recipe(
        "batches-shorter-than-boot",
        "regular batches that must be done before a dyno asked for then is up",
        4,
        batches(600, 40),
        service_times.spread(4, 1),
        role_settings(40, 4, 20),
    ),
    Recipe(
        "clusters",
        "batches at random times, of random sizes",
        6,
        clusters(1 / 400, 40),
        service_times.spread(6, 2),
        role_settings(240, 6, 30),
    ),
)

_SPARSE = (
    Recipe(
        "sparse",
        "a message every five minutes, ample deadline",
        12,
        rate(arrivals.steady(1 / 300), 1 / 300),
        service_times.spread(20, 8),
        role_settings(900, 20, 5),
    ),
    Recipe(
        "sparse-minutes",
        "a message every two minutes, deadline of three",
        8,
        rate(arrivals.steady(1 / 120), 1 / 120),
        service_times.spread(12, 4),
        role_settings(180, 12, 5),
    ),
    Recipe(
        "sparse-tight",
        "rare messages, deadline just above the boot time",
        8,
        rate(arrivals.steady(1 / 600), 1 / 600),
        service_times.spread(5, 1),
        role_settings(75, 5, 5),
    ),
    Recipe(
        "low-rate",
        "light and lasting",
        8,
        rate(arrivals.steady(0.05), 0.05),
        service_times.spread(8, 4),
        role_settings(120, 8, 5),
    ),
)

_TIGHT = (
    Recipe(
        "tight",
        "a deadline shorter than a boot",
        4,
        rate(arrivals.steady(1.0), 1.0),
        service_times.spread(3, 1),
        role_settings(20, 3, 20),
    ),
    Recipe(
        "tight-sine",
        "the same with swings",
        6,
        rate(arrivals.sine(0.2, 2.0, 2 * HOUR), 2.0),
        service_times.spread(3, 1),
        role_settings(20, 3, 20),
    ),
    Recipe(
        "fast-jobs",
        "messages of a tenth of a second",
        1.5,
        rate(arrivals.sine(4, 20, HOUR), 20),
        service_times.exponential(0.1),
        role_settings(30, 0.1, 10),
    ),
    Recipe(
        "steady-fast",
        "fast messages that hardly queue: only their arrival rate shows the load",
        1.5,
        rate(arrivals.steady(12), 12),
        service_times.fixed(0.25),
        role_settings(15, 0.25, 10),
    ),
)

SYNTHETIC = (*_SHAPES, *_BURSTS, *_SPARSE, *_TIGHT, *ADVERSE)
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
