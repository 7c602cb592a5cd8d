"""Scenarios that are hard on a scaler: long jobs, many slots, wrong settings, failing platforms.

Where a recipe tells the scaler a wrong figure, the world keeps the true one.
"""

from bench.scaling import arrivals as at
from bench.scaling import service_times as takes
from bench.scaling.recipes import HOUR, SLOW_SINE, Recipe, batches, rate, told

_LONG = (
    Recipe(
        "long-jobs",
        "jobs of five minutes: going down can cut them",
        12,
        rate(at.sine(0.002, 0.03, 4 * HOUR), 0.03),
        takes.spread(300, 90),
        told(1800, 300, 30),
    ),
    Recipe(
        "long-near-deadline",
        "jobs of two minutes that must be done in five",
        8,
        rate(at.sine(0.005, 0.06, 2 * HOUR), 0.06),
        takes.spread(120, 30),
        told(300, 120, 30, processing_time_stddev=30.0),
    ),
    Recipe(
        "long-batches",
        "batches of long jobs",
        8,
        batches(HOUR, 30),
        takes.spread(180, 60),
        told(900, 180, 30),
    ),
    Recipe(
        "heavy-tail",
        "most jobs short, a few very long",
        6,
        rate(at.sine(0.1, 1.0, 2 * HOUR), 1.0),
        takes.spread(8, 24),
        told(300, 8, 30),
    ),
    Recipe(
        "two-kinds",
        "one job in thirty is forty times as long",
        6,
        rate(at.steady(0.8), 0.8),
        takes.mixture(3, 120, 1 / 30),
        told(240, 7, 30),
    ),
)

_SLOTS = (
    Recipe(
        "many-slots",
        "twenty messages at a time on a dyno",
        3,
        rate(at.sine(1, 10, HOUR), 10),
        takes.spread(10, 3),
        told(90, 10, 20, concurrency=20),
    ),
    Recipe(
        "many-slots-bursts",
        "ten at a time, in batches",
        4,
        batches(600, 300),
        takes.spread(6, 2),
        told(120, 6, 15, concurrency=10),
    ),
    Recipe(
        "hoarding",
        "consumers that take ten messages and work on one",
        4,
        rate(at.sine(0.1, 1.5, HOUR), 1.5),
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
        SLOW_SINE,
        takes.spread(9, 3),
        told(120, 3, 40),
    ),
    Recipe(
        "processing-told-long",
        "messages take a quarter of what was told",
        6,
        SLOW_SINE,
        takes.spread(5, 2),
        told(120, 20, 40),
    ),
    Recipe(
        "processing-untold",
        "nothing was told",
        6,
        SLOW_SINE,
        takes.spread(4, 2),
        told(120, None, 40),
    ),
    Recipe(
        "boot-told-short",
        "dynos boot in 80 s, told 20",
        6,
        rate(at.square(0.1, 1.2, 1200), 1.2),
        takes.spread(6, 2),
        told(180, 6, 20, boot_time=20.0),
        {"boot_time": 80.0},
    ),
    Recipe(
        "boot-told-long",
        "dynos boot in 15 s, told 90",
        6,
        rate(at.square(0.1, 1.2, 1200), 1.2),
        takes.spread(6, 2),
        told(180, 6, 20, boot_time=90.0),
        {"boot_time": 15.0},
    ),
    Recipe(
        "boot-untold",
        "dynos boot in a minute, nobody said so",
        6,
        SLOW_SINE,
        takes.spread(5, 2),
        told(150, 5, 20),
        {"boot_time": 60.0, "boot_jitter": 0.4},
    ),
    Recipe(
        "doubled-untold",
        "no figure is told, and the load doubles midway",
        6,
        rate(at.steps((0, 0.5), (3 * HOUR, 1.0)), 1.0),
        takes.exponential(12),
        told(180, None, 40),
    ),
)

_OPERATION = (
    Recipe(
        "polled-each-minute",
        "one sample a minute",
        6,
        SLOW_SINE,
        takes.spread(5, 2),
        told(240, 5, 20, interval=60.0),
    ),
    Recipe(
        "polled-each-5-s",
        "twelve samples a minute",
        3,
        rate(at.sine(0.1, 2.0, HOUR), 2.0),
        takes.spread(5, 2),
        told(90, 5, 20, interval=5.0),
    ),
    Recipe(
        "missed-polls",
        "one poll in seven fails",
        6,
        SLOW_SINE,
        takes.spread(5, 2),
        told(150, 5, 20, interval=15.0),
        {"missed": 1 / 7},
    ),
    Recipe(
        "deploys",
        "every dyno is restarted each hour",
        6,
        rate(at.steady(1.0), 1.0),
        takes.spread(6, 2),
        told(150, 6, 20),
        {"restarts": tuple(HOUR * hour for hour in range(1, 6))},
    ),
    Recipe(
        "working-days",
        "two days with nights, a minute between samples",
        48,
        rate(at.working_day(0.01, 0.35), 0.35),
        takes.spread(20, 8),
        told(300, 20, 20, interval=60.0),
    ),
    Recipe(
        "warm-minimum",
        "two dynos always on, load that needs one to six",
        6,
        rate(at.triangle(0.1, 1.0, 2 * HOUR), 1.0),
        takes.spread(5, 2),
        told(60, 5, 20, minimum_dynos=2),
        {"initial_dynos": 2},
    ),
)

ADVERSE = (*_LONG, *_SLOTS, *_WRONG, *_OPERATION)
"""All of them."""
