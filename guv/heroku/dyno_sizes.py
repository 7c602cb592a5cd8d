"""Dyno sizes and Heroku's list prices, prorated to the second as Heroku bills them."""

from collections.abc import Mapping

USD_PER_HOUR: Mapping[str, float] = {
    "eco": 0.005,
    "basic": 0.01,
    "standard-1x": 0.035,
    "standard-2x": 0.069,
    "performance-m": 0.347,
    "performance-l": 0.694,
    "performance-l-ram": 0.694,
    "performance-xl": 1.042,
    "performance-2xl": 2.083,
}


def price_per_hour(dyno_size: str) -> float | None:
    """Return the US dollars for an hour of a dyno; None: unknown size."""
    return USD_PER_HOUR.get(dyno_size.lower())
