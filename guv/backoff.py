"""Exponential backoff between attempts at something that fails."""

from datetime import timedelta

FIRST = timedelta(seconds=2)
LONGEST = timedelta(minutes=5)
_MOST_DOUBLINGS = 20  # 2 s doubled that often are 24 days, so `longest` decides long before


def doubled_pause(
    failures: int, first: timedelta = FIRST, longest: timedelta = LONGEST
) -> timedelta:
    """Return the pause after `failures` attempts that failed in a row, doubled after each.

    Args:
        failures: 1 or more; 0 counts as half of `first`.
        first: The pause after the first failure.
        longest: The longest pause.
    """
    return min(first * 2.0 ** min(failures - 1, _MOST_DOUBLINGS), longest)
