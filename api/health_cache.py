"""How is it with all roles? Looked at now and then, however often somebody asks."""

from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from guv.roles.fleet_health import Watch, look

FRESH = timedelta(seconds=30)  # anybody may ask for the health, and a look reads all roles


class Lookout:
    """The last look at all roles.

    Args:
        engine: The database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._last: tuple[datetime, Watch | None] | None = None

    def look(self, now: datetime) -> Watch | None:
        """What was seen in the last half minute; None: the database does not answer."""
        with self._lock:
            if self._last is None or abs(now - self._last[0]) >= FRESH:
                self._last = now, self._look(now)
            return self._last[1]

    def _look(self, now: datetime) -> Watch | None:
        try:
            with self._engine.connect() as connection:
                return look(connection, now)
        except SQLAlchemyError:
            return None
