"""Scenarios that are hard on a scaler: long jobs, many slots, wrong settings, failing platforms.

Where a recipe tells the scaler a wrong figure, the world keeps the true one.
"""

from bench.scaling import arrivals, service_times
from bench.scaling.recipes import HOUR, SLOW_SINE, Recipe, batches, rate, role_settings

_LONG = (
    Recipe(
        "long-jobs",
        "jobs of five minutes: going down can cut them",
        12,
        rate(arrivals.sine(0.002, 0.03, 4 * HOUR), 0.03),
        service_times.spread(300, 90),
        role_settings(1800, 300, 30),
    ),
    Recipe(
        "long-near-deadline",
        "jobs of two minutes that must be done in five",
        8,
        rate(arrivals.sine(0.005, 0.06, 2 * HOUR), 0.06),
        service_times.spread(120, 30),
        role_settings(300, 120, 30, processing_time_stddev=30.0),
    ),
    Recipe(
        "long-batches",
        "batches of long jobs",
        8,
        batches(HOUR, 30),
        service_times.spread(180, 60),
        role_settings(900, 180, 30),
    ),
    Recipe(
        "heavy-tail",
        "most jobs short, a few very long",
        6,
        rate(arrivals.sine(0.1, 1.0, 2 * HOUR), 1.0),
        service_times.spread(8, 24),
        role_settings(300, 8, 30),
    ),
    Recipe(
        "two-kinds",
        "one job in thirty is forty times as long",
        6,
        rate(arrivals.steady(0.8), 0.8),
        service_times.mixture(3, 120, 1 / 30),
        role_settings(240, 7, 30),
    ),
)

_SLOTS = (
    Recipe(
        "many-slots",
        "twenty messages at a time on a dyno",
        3,
        rate(arrivals.sine(1, 10, HOUR), 10),
        service_times.spread(10, 3),
        role_settings(90, 10, 20, concurrency=20),
    ),
    Recipe(
        "many-slots-bursts",
        "ten at a time, in batches",
        4,
        batches(600, 300),
        service_times.spread(6, 2),
        role_settings(120, 6, 15, concurrency=10),
    ),
    Recipe(
        "hoarding",
        "consumers that take ten messages and work on one",
        4,
        rate(arrivals.sine(0.1, 1.5, HOUR), 1.5),
        service_times.spread(6, 2),
        role_settings(180, 6, 20),
        {"prefetch": 10},
    ),
)

_WRONG = (
    Recipe(
        "processing-told-short",
        "messages take three times what was told",
        6,
        SLOW_SINE,
        service_times.spread(9, 3),
        role_settings(120, 3, 40),
    ),
    Recipe(
        "processing-told-long",
        "messages take a quarter of what was told",
        6,
        SLOW_SINE,
        service_times.spread(5, 2),
        role_settings(120, 20, 40),
    ),
    Recipe(
        "processing-untold",
        "nothing was told",
        6,
        SLOW_SINE,
        service_times.spread(4, 2),
        role_settings(120, None, 40),
    ),
    Recipe(
        "boot-told-short",
        "dynos boot in 80 s, told 20",
        6,
        rate(arrivals.square(0.1, 1.2, 1200), 1.2),
        service_times.spread(6, 2),
        role_settings(180, 6, 20, boot_time=20.0),
        {"boot_time": 80.0},
    ),
    Recipe(
        "boot-told-long",
        "dynos boot in 15 s, told 90",
        6,
        rate(arrivals.square(0.1, 1.2, 1200), 1.2),
        service_times.spread(6, 2),
        role_settings(180, 6, 20, boot_time=90.0),
        {"boot_time": 15.0},
    ),
    Recipe(
        "boot-untold",
        "dynos boot in a minute, nobody said so",
        6,
        SLOW_SINE,
        service_times.spread(5, 2),
        role_settings(150, 5, 20),
        {"boot_time": 60.0, "boot_jitter": 0.4},
    ),
    Recipe(
        "doubled-untold",
        "no figure is told, and the load doubles midway",
        6,
        rate(arrivals.steps((0, 0.5), (3 * HOUR, 1.0)), 1.0),
        service_times.exponential(12),
        role_settings(180, None, 40),
    ),
)

_OPERATION = (
    Recipe(
        "polled-each-minute",
        "one sample a minute",
        6,
        SLOW_SINE,
        service_times.spread(5, 2),
        role_settings(240, 5, 20, interval=60.0),
    ),
    Recipe(
        "polled-each-5-s",
        "twelve samples a minute",
        3,
        rate(arrivals.sine(0.1, 2.0, HOUR), 2.0),
        service_times.spread(5, 2),
        role_settings(90, 5, 20, interval=5.0),
    ),
    Recipe(
        "missed-polls",
        "one poll in seven fails",
        6,
        SLOW_SINE,
        service_times.spread(5, 2),
        role_settings(150, 5, 20, interval=15.0),
        {"missed": 1 / 7},
    ),
    Recipe(
        "deploys",
        "every dyno is restarted each hour",
        6,
        rate(arrivals.steady(1.0), 1.0),
        service_times.spread(6, 2),
        role_settings(150, 6, 20),
        {"restarts": tuple(HOUR * hour for hour in range(1, 6))},
    ),
    Recipe(
        "working-days",
        "two days with nights, a minute between samples",
        48,
        rate(arrivals.working_day(0.01, 0.35), 0.35),
        service_times.spread(20, 8),
        role_settings(300, 20, 20, interval=60.0),
    ),
    Recipe(
        "warm-minimum",
        "two dynos always on, load that needs one to six",
        6,
        rate(arrivals.triangle(0.1, 1.0, 2 * HOUR), 1.0),
        service_times.spread(5, 2),
        role_settings(60, 5, 20, minimum_dynos=2),
        {"initial_dynos": 2},
    ),
)

ADVERSE = (*_LONG, *_SLOTS, *_WRONG, *_OPERATION)
"""All of them."""
