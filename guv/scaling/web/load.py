"""Load of web dynos: router readings, Little's law, and response times under load.

Heroku's router spreads requests over dynos without looking at their queues, so each dyno is a queue
of its own with `concurrency` slots. Its mean response at a load is that of M/M/c in Sakasegawa's
closed form, which is close for service times of other shapes too; read backwards it says what a
request would take with nobody else there.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import inf, isfinite, sqrt
from operator import attrgetter
from typing import Any

from guv.scaling.model import WebReading

OVERLOADED = 0.95  # Share of the slots in use above which more requests come than are finished.
NEARLY_ONE = 0.999  # Highest share of slots in use that the closed form is inverted for.
ROUNDS = 40  # Rounds of bisection, which give 12 digits.
LEAST_SECONDS = 1e-3  # Shortest reading, in seconds.
LARGEST = 1e15  # A number beyond this is not a measurement.
BEYOND = 1.5  # All requests are taken to be faster than this multiple of the 99th percentile.


_NUMBERS = ("seconds", "requests", "lost", "serving", "p50", "p95", "p99", "mean")


def is_sound(reading: object) -> bool:
    """Return whether it can be computed with."""
    return are_sound([reading])


def are_sound(readings: Sequence[object]) -> bool:
    """Return whether all of them can be computed with, checked by whole columns."""
    if not set(map(type, readings)) <= {WebReading}:
        return False
    columns = {name: list(map(attrgetter(name), readings)) for name in _NUMBERS}
    is_told = None not in columns["seconds"] and None not in columns["requests"]
    if not is_told or not all(map(_are_numbers, columns.values())):
        return False
    return min(columns["seconds"], default=LEAST_SECONDS) >= LEAST_SECONDS


def _are_numbers(column: Sequence[Any]) -> bool:
    """Return whether what is known of the column are numbers from 0 to `LARGEST`."""
    known = [value for value in column if value is not None]
    if not known:
        return True
    is_within = set(map(type, known)) <= {int, float} and min(known) >= 0
    # NaN may hide from both comparisons.
    return is_within and max(known) <= LARGEST and all(map(isfinite, known))


def response_at(service: float, load: float, slots: int) -> float:
    """Return the mean seconds of a request; infinity where more come than are finished.

    Args:
        service: Seconds that it takes with nobody else there.
        load: Requests a second that come to the dyno.
        slots: Requests that it answers at the same time.
    """
    used = service * load / slots
    if used >= 1.0:
        return inf
    waiting: float = used ** (sqrt(2.0 * (slots + 1)) - 1.0) / (slots * (1.0 - used))
    return service * (1.0 + waiting)


def service_from(response: float, load: float, slots: int) -> float:
    """Return the service time at which a load has that mean response: `response_at` inverted."""
    if load <= 0.0:
        return response
    low, high = 0.0, min(response, NEARLY_ONE * slots / load)
    if response_at(high, load, slots) <= response:
        return high
    for _ in range(ROUNDS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if response_at(middle, load, slots) > response else (middle, high)
    return low


def highest(values: Sequence[int | None]) -> int | None:
    """Return the highest of them; None: one is unknown, or there are none."""
    known = [value for value in values if value is not None]
    return max(known) if known and len(known) == len(values) else None


def share_within(reading: WebReading, target: float) -> float | None:
    """Return the share of requests that took at most that long, between the percentiles."""
    if None in {reading.p50, reading.p95, reading.p99}:
        return None
    p50, p95, p99 = (seconds or 0.0 for seconds in (reading.p50, reading.p95, reading.p99))
    points = [(0.0, 0.0), (p50, 0.5), (p95, 0.95), (p99, 0.99), (BEYOND * p99, 1.0)]
    for (low, first), (high, last) in pairwise(points):
        if target < high:
            return first + (last - first) * (target - low) / (high - low)
    return 1.0
