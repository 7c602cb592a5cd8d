"""Cleaning: any history and settings in, usable ones out."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from numbers import Real
from operator import attrgetter, lt
from types import NoneType
from typing import Any, TypeGuard

from guv.scaling.model import Sample, Settings
from guv.scaling.web.load import are_sound, is_sound

# Newest samples that are looked at; more cost time and say nothing about the present.
MOST_SAMPLES = 400
CLOCK_SKEW = 5.0  # Seconds by which a reader's clock may be ahead.
OLDEST = 86_400.0  # Seconds after which a sample says nothing about the present.
LARGEST_NUMBER = 1e300
LARGEST_COUNT = 2**53  # Largest count: beyond it floats lose whole numbers.

_COUNTS = (
    "messages_ready",
    "messages_unacknowledged",
    "published",
    "served",
    "consumers",
    "dynos",
    "redelivered",
)
_counts_of = attrgetter(*_COUNTS)
_COLUMNS = tuple(map(attrgetter, _COUNTS))
_at_of = attrgetter("at")
_web_of = attrgetter("web")
PRIOR_SERVICE_TIME = 10.0  # Seconds per message while nobody told and nothing was measured.
PRIOR_BOOT_TIME = 30.0  # Seconds per boot while nobody told and nothing was measured.
PRIOR_SPREAD = 0.5  # Standard deviation of the service time, as a part of its mean.
LONGEST = 1e9  # Longest duration in seconds; a larger one is a typing error.

_DEFAULTS = Settings()


class Clean(tuple[Sample, ...]):
    """At most `MOST_SAMPLES` that were checked; only `clean` and `followed` make them."""

    __slots__ = ()

    def since(self, oldest: float) -> "Clean":
        """Return those after that instant, Unix seconds."""
        start = bisect_right(self, oldest, key=_at_of)
        return Clean(self[start:]) if start else self


def clean(history: object, now: float) -> Clean:
    """Return samples that can be computed with, old to new, at most `MOST_SAMPLES`.

    What it made itself is not looked at again but for its age.

    Args:
        history: Samples in any order; anything in it that is no sample is left out, as is a
            sample from the future (`CLOCK_SKEW` is forgiven) or from the far past. A count that
            is no whole number from 0 to `LARGEST_COUNT` becomes unknown.
        now: Unix seconds.
    """
    if isinstance(history, Clean) and _is_recent(history, now):
        return history
    newest = _newest(history)
    if _is_clean(newest, now):
        return Clean(newest)
    checked = (_checked(reading, now) for reading in newest)
    kept = [sample for sample in checked if sample is not None]
    if any(later.at <= earlier.at for earlier, later in pairwise(kept)):
        kept = [by_instant for _, by_instant in sorted({s.at: s for s in kept}.items())]
    return Clean(kept)


def followed(history: Sequence[Sample], sample: Sample, now: float) -> Clean:
    """Return `clean` of the samples and one more; of a clean history only that one is checked."""
    is_next = isinstance(history, Clean) and _checked(sample, now) is sample
    if is_next and _is_recent(history, now) and (not history or history[-1].at < sample.at):
        return Clean((*history[1 - MOST_SAMPLES :], sample))
    return clean((*history, sample), now)


def is_number(value: object) -> bool:
    """Return whether it is a finite real number; True and False are not."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    # False for NaN, and no overflow as `isfinite` has for huge integers.
    return bool(-LARGEST_NUMBER < value < LARGEST_NUMBER)  # type: ignore[operator]  # Real is ordered


def is_counted(sample: Sample) -> bool:
    """Return whether both parts of the backlog are known."""
    return sample.messages_ready is not None and sample.messages_unacknowledged is not None


def backlog_of(sample: Sample) -> int:
    """Return the messages ready and unacknowledged; 0 where unknown (see `is_counted`)."""
    return (sample.messages_ready or 0) + (sample.messages_unacknowledged or 0)


def usual_gap(samples: Sequence[Sample], otherwise: float) -> float:
    """Return the median of the seconds between the last samples, else `otherwise`."""
    recent = samples[-8:]
    gaps = sorted(b.at - a.at for a, b in pairwise(recent))
    return gaps[len(gaps) // 2] if gaps else otherwise


def _newest(history: object) -> Sequence[object]:
    if isinstance(history, Sequence) and not isinstance(history, str | bytes):
        return history[-MOST_SAMPLES:]
    if isinstance(history, Iterable) and not isinstance(history, str | bytes):
        return tuple(history)[-MOST_SAMPLES:]
    return ()


def _is_recent(samples: Sequence[Any], now: float) -> bool:
    """Return whether the first and the last are of the last day."""
    if not samples:
        return True
    oldest, newest = samples[0].at, samples[-1].at
    return bool(now - OLDEST <= oldest and newest <= now + CLOCK_SKEW)


def _is_clean(readings: Sequence[object], now: float) -> TypeGuard[Sequence[Sample]]:
    """Check the usual case by whole columns: `decide` has a millisecond for everything."""
    if set(map(type, readings)) != {Sample}:
        return False
    instants = list(map(_at_of, readings))
    if not set(map(type, instants)) <= {float, int}:
        return False
    if not _is_recent(readings, now):
        return False
    if not all(map(lt, instants, instants[1:])):
        return False
    if not are_sound([web for web in map(_web_of, readings) if web is not None]):
        return False
    return all(_is_counts(list(map(column, readings))) for column in _COLUMNS)


def _is_counts(column: list[object]) -> bool:
    kinds = set(map(type, column))
    if not kinds <= {int, NoneType}:
        return False
    known = [v for v in column if v is not None] if NoneType in kinds else column
    return not known or (min(known) >= 0 and max(known) <= LARGEST_COUNT)  # type: ignore[type-var,operator]  # all are int


def _checked(reading: object, now: float) -> Sample | None:
    if not isinstance(reading, Sample) or not is_number(reading.at):
        return None
    if not now - OLDEST <= reading.at <= now + CLOCK_SKEW:
        return None
    for value in _counts_of(reading):
        if value is not None and not (type(value) is int and 0 <= value <= LARGEST_COUNT):
            return _repaired(reading)
    return reading if reading.web is None or is_sound(reading.web) else _repaired(reading)


def _repaired(reading: Sample) -> Sample:
    counts = {name: _count(getattr(reading, name)) for name in _COUNTS}
    return Sample(float(reading.at), **counts, web=reading.web if is_sound(reading.web) else None)


def _count(value: object) -> int | None:
    if not isinstance(value, Real) or not is_number(value):
        return None
    return int(float(value)) if 0 <= float(value) <= LARGEST_COUNT else None


def sound(settings: Settings) -> Settings:
    """Return the settings with defaults and order where they make no sense.

    A saved setting was checked before; this guards those that call `decide` directly. A minimum
    above the maximum gives way: the maximum is the budget and wins.
    """
    maximum = _whole(settings.maximum_dynos, _DEFAULTS.maximum_dynos)
    return replace(
        settings,
        minimum_dynos=min(_whole(settings.minimum_dynos, _DEFAULTS.minimum_dynos), maximum),
        maximum_dynos=maximum,
        target_deadline=_seconds(settings.target_deadline, _DEFAULTS.target_deadline),
        percentile=_percentile(settings.percentile),
        processing_time=_told(settings.processing_time),
        processing_time_stddev=_spread(settings.processing_time_stddev),
        concurrency=max(1, _whole(settings.concurrency, 1)),
        boot_time=_told(settings.boot_time),
        interval=_seconds(settings.interval, _DEFAULTS.interval),
        history=_seconds(settings.history, _DEFAULTS.history),
    )


def _whole(value: float, otherwise: int) -> int:
    return int(value) if is_number(value) and 0 <= value < LONGEST else otherwise


def _seconds(value: float, otherwise: float) -> float:
    return float(value) if is_number(value) and 0 < value < LONGEST else otherwise


def _told(value: float | None) -> float | None:
    return float(value) if value is not None and is_number(value) and 0 < value < LONGEST else None


def _spread(value: float | None) -> float | None:
    return float(value) if value is not None and is_number(value) and 0 <= value < LONGEST else None


def _percentile(value: float) -> float:
    return min(max(float(value), 50.0), 99.99) if is_number(value) else _DEFAULTS.percentile
