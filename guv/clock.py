"""What time is it? The one module that reads the clock; everyone else takes `now`."""

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def steady_seconds() -> float:
    """Seconds from an arbitrary start that no setting of the clock can move; for durations."""
    return time.monotonic()


def unix_seconds(instant: datetime) -> float:
    """Seconds since 1970 of an aware instant, as the scaling mathematics counts them."""
    return instant.timestamp()


def unix_milliseconds(instant: datetime) -> int:
    """Whole milliseconds since 1970 of an aware instant, as New Relic counts them."""
    return int(unix_seconds(instant) * 1000)


def from_unix(seconds: float) -> datetime:
    """The aware UTC instant of Unix seconds."""
    return datetime.fromtimestamp(seconds, UTC)
