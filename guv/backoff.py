"""How long is left alone what failed? Twice as long after each failure in a row."""

from datetime import timedelta

LONGEST = timedelta(minutes=5)


def doubled_pause(failures: int) -> timedelta:
    """The pause after so many failures in a row: 2 seconds after the first, at most `LONGEST`."""
    return min(timedelta(seconds=2.0 ** min(failures, 10)), LONGEST)
