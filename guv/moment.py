"""What time is it? The one module that reads the clock; everyone else takes `now`."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def unix_seconds(instant: datetime) -> float:
    """Seconds since 1970 of an aware instant, as the scaling mathematics counts them."""
    return instant.timestamp()


def from_unix(seconds: float) -> datetime:
    """The aware UTC instant of Unix seconds."""
    return datetime.fromtimestamp(seconds, UTC)
