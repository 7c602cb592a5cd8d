"""Arrival processes: rates as functions of time, and instants drawn from them."""

import math
from collections.abc import Callable, Sequence
from random import Random

Rate = Callable[[float], float]
"""Messages per second at a time, in seconds from the start."""


def steady(rate: float) -> Rate:
    """Return a constant rate."""
    return lambda _: rate


def sine(low: float, high: float, period: float) -> Rate:
    """Return a rate that swings from `low` to `high` and back once per `period` seconds."""
    middle, swing = (low + high) / 2, (high - low) / 2
    return lambda time: middle - swing * math.cos(2 * math.pi * time / period)


def square(low: float, high: float, period: float) -> Rate:
    """`low` in the first half of each `period` seconds, `high` in the second."""
    return lambda time: low if time % period < period / 2 else high


def triangle(low: float, high: float, period: float) -> Rate:
    """Return a rate that climbs evenly from `low` to `high` in half a `period` and falls again."""
    return lambda time: high - (high - low) * abs(2 * (time % period) / period - 1)


def ramp(first: float, last: float, duration: float) -> Rate:
    """Return a rate that goes evenly from `first` to `last` within `duration` seconds."""
    return lambda time: first + (last - first) * min(1.0, time / duration)


def steps(*changes: tuple[float, float]) -> Rate:
    """Return a rate that jumps: pairs of (from this second on, messages per second), ascending."""
    return lambda time: next((rate for start, rate in reversed(changes) if start <= time), 0.0)


def working_day(night: float, day: float) -> Rate:
    """`night`, and `day` from 08:00 to 18:00 with a dip at noon, over days of 86,400 seconds."""
    hours = steps((0, night), (8, day), (12, 0.6 * day), (13, day), (18, night))
    return lambda time: hours(time % 86_400 / 3600)


def poisson(rate: Rate, peak: float, duration: float, chance: Random) -> list[float]:
    """Instants of a Poisson process whose rate is never above `peak`, by thinning."""
    instants, time = [], chance.expovariate(peak)
    while time < duration:
        if chance.random() * peak < rate(time):
            instants.append(time)
        time += chance.expovariate(peak)
    return instants


def burst(at: float, size: int, within: float, chance: Random) -> list[float]:
    """`size` messages from second `at` on, spread over `within` seconds."""
    return sorted(at + chance.random() * within for _ in range(size))


def batches(every: float, size: int, duration: float, chance: Random) -> list[float]:
    """Bursts of `size` messages within two seconds, one per `every` seconds."""
    starts = range(1, math.ceil(duration / every))
    return [time for k in starts for time in burst(k * every, size, 2.0, chance)]


def clusters(rate: float, size: float, duration: float, chance: Random) -> list[float]:
    """Bursts at random instants (`rate` a second), of random sizes around `size` messages."""
    starts = poisson(steady(rate), rate, duration, chance)
    sizes = [1 + int(chance.expovariate(1 / size)) for _ in starts]
    bursts = [
        time
        for start, many in zip(starts, sizes, strict=True)
        for time in burst(start, many, 2.0, chance)
    ]
    return sorted(time for time in bursts if time < duration)


def moods(rates: Sequence[float], stay: float, duration: float, chance: Random) -> list[float]:
    """Poisson arrivals whose rate jumps at random among `rates` about every `stay` seconds."""
    instants: list[float] = []
    start = 0.0
    while start < duration:
        length = min(chance.expovariate(1 / stay), duration - start)
        rate = chance.choice(rates)
        instants += [start + time for time in poisson(steady(rate), rate, length, chance)]
        start += length
    return instants


def binned(counts: Sequence[int], width: float, share: float, chance: Random) -> list[float]:
    """Instants that reproduce counts per `width` seconds, each message kept with `share`.

    A share above 1 repeats messages: the whole part always, the rest by chance.
    """
    whole, rest = divmod(share, 1.0)
    instants: list[float] = []
    for k, number in enumerate(counts):
        extra = sum(chance.random() < rest for _ in range(number)) if rest else 0
        many = number * int(whole) + extra
        instants += sorted(k * width + chance.random() * width for _ in range(many))
    return instants
