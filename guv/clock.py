"""The clock. Only this module reads it; all others take `now` as an argument."""

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present time, aware, in UTC."""
    return datetime.now(UTC)


def steady_seconds() -> float:
    """Return seconds of a clock that is never set, for durations."""
    return time.monotonic()


def unix_seconds(instant: datetime) -> float:
    """Return the Unix seconds of an aware time, as the scaling mathematics counts."""
    return instant.timestamp()


def unix_milliseconds(instant: datetime) -> int:
    """Return the whole Unix milliseconds of an aware time, as New Relic counts."""
    return int(unix_seconds(instant) * 1000)


def from_unix(seconds: float) -> datetime:
    """Return the aware UTC time of Unix seconds."""
    return datetime.fromtimestamp(seconds, UTC)
