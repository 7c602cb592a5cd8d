"""Which settings can be computed with? Anything that cannot be meant falls back to its default."""

from dataclasses import replace

from guv.scaling.estimate.sample_cleaning import is_number
from guv.scaling.model import Settings

PRIOR_SERVICE_TIME = 10.0  # seconds, where nobody told and nothing was measured
PRIOR_BOOT_TIME = 30.0  # seconds, likewise
PRIOR_SPREAD = 0.5  # standard deviation of a service time, as a part of its mean
LONGEST = 1e9  # seconds; a larger duration is a slip of the keyboard

_DEFAULTS = Settings()


def sound(settings: Settings) -> Settings:
    """The same settings where they make sense, with defaults and order where they do not.

    A saved setting was checked before; this guards those that call `decide` directly. A minimum
    above the maximum gives way: the maximum is the budget and wins.
    """
    maximum = _count(settings.maximum_dynos, _DEFAULTS.maximum_dynos)
    return replace(
        settings,
        minimum_dynos=min(_count(settings.minimum_dynos, _DEFAULTS.minimum_dynos), maximum),
        maximum_dynos=maximum,
        target_deadline=_seconds(settings.target_deadline, _DEFAULTS.target_deadline),
        percentile=_percentile(settings.percentile),
        processing_time=_told(settings.processing_time),
        processing_time_stddev=_spread(settings.processing_time_stddev),
        concurrency=max(1, _count(settings.concurrency, 1)),
        boot_time=_told(settings.boot_time),
        interval=_seconds(settings.interval, _DEFAULTS.interval),
        history=_seconds(settings.history, _DEFAULTS.history),
    )


def _count(value: float, otherwise: int) -> int:
    return int(value) if is_number(value) and 0 <= value < LONGEST else otherwise


def _seconds(value: float, otherwise: float) -> float:
    return float(value) if is_number(value) and 0 < value < LONGEST else otherwise


def _told(value: float | None) -> float | None:
    return float(value) if value is not None and is_number(value) and 0 < value < LONGEST else None


def _spread(value: float | None) -> float | None:
    return float(value) if value is not None and is_number(value) and 0 <= value < LONGEST else None


def _percentile(value: float) -> float:
    return min(max(float(value), 50.0), 99.99) if is_number(value) else _DEFAULTS.percentile
