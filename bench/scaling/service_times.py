"""Distributions of the time that a message takes, in seconds."""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from random import Random

Service = Callable[[Random], float]
"""Draws one service time, in seconds."""


def fixed(seconds: float) -> Service:
    """Return a constant service time."""
    return lambda _: seconds


def spread(mean: float, stddev: float) -> Service:
    """Log-normal with this mean and standard deviation."""
    variance = math.log(1 + (stddev / mean) ** 2)
    middle = math.log(mean) - variance / 2
    return lambda chance: chance.lognormvariate(middle, math.sqrt(variance))


def exponential(mean: float) -> Service:
    """Exponential with this mean."""
    return lambda chance: chance.expovariate(1 / mean)


def mixture(short: float, long: float, share: float) -> Service:
    """Mostly `short`, with a `share` (0 to 1) of `long` ones, both within a tenth."""

    def draw(chance: Random) -> float:
        seconds = long if chance.random() < share else short
        return seconds * chance.uniform(0.9, 1.1)

    return draw


def measured(durations: Sequence[float], scale: float, longest: float) -> Service:
    """Return a draw from the measured `durations`, scaled and cut at `longest`."""
    return lambda chance: min(longest, scale * chance.choice(durations))


def percentiles(points: Sequence[tuple[float, float]], scale: float) -> Service:
    """Between the given (percent, seconds) points, straight lines, scaled."""
    ranks = [rank for rank, _ in points]

    def draw(chance: Random) -> float:
        rank = chance.uniform(ranks[0], ranks[-1])
        k = min(bisect_right(ranks, rank), len(ranks) - 1)
        (low, first), (high, last) = points[k - 1], points[k]
        return scale * (first + (last - first) * (rank - low) / (high - low))

    return draw
