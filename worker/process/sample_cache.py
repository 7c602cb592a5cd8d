"""What do we know of roles' samples? Their histories in memory, so that a tick reads only new ones.

The table is what counts: every tick asks it for what is newer than what is known, so any number of
processes may tick a role in turn. Now and then a history is read anew as a whole, in case that a
sample was written later than one that came after it.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from guv.clock import from_unix, unix_seconds
from guv.database import read_plainly
from guv.history.samples import HISTORY
from guv.scaling import Sample, clean, followed
from guv.scaling.estimate.sample_cleaning import MOST_SAMPLES, Clean
from guv.web_metrics.queries import web_reading

MOST_ROLES = 1000  # each takes up to 100 kB
TRUSTED_S = 3600.0  # reading one as a whole costs as much as several ticks
FORGOTTEN_S = 600.0  # who was not asked for in that time makes room

# A sample's fields in their order. As plain SQL, and with Unix seconds, a third of the time.
COLUMNS = """extract(epoch from at)::float8, messages_ready, messages_unacknowledged, published,
    served, consumers, dynos, redelivered, web"""

# With the oldest instant as a number of its own, so that old partitions are not even looked at.
_NEWER = f"""
    select wanted.role, {COLUMNS}
    from unnest(%(roles)s::uuid[], %(since)s::timestamptz[]) as wanted (role, since)
    cross join lateral (
        select * from sample
        where role_id = wanted.role and at > wanted.since and at > %(oldest)s and at < %(now)s
        order by at desc limit %(most)s
    ) as newer
"""  # noqa: S608 - names of columns


@dataclass(frozen=True, slots=True)
class _Known:
    """A role's samples from old to new; Unix seconds of when all were read, and of the last use."""

    samples: Clean
    read_at: float
    used_at: float = 0.0


class SampleCache:
    """The samples of the roles that this process ticked last.

    Args:
        most: Roles that are remembered; the others are read anew.
    """

    def __init__(self, most: int = MOST_ROLES) -> None:
        self._most = most
        self._lock = Lock()
        self._known: OrderedDict[UUID, _Known] = OrderedDict()

    def read(
        self, connection: Connection, roles: Sequence[UUID], now: datetime
    ) -> dict[UUID, tuple[Sample, ...]]:
        """The roles' samples of the last hours before `now`, from old to new."""
        with self._lock:
            known = {role: self._trusted(role, now) for role in roles}
        newer = _newer(connection, known, now)
        oldest = unix_seconds(now - HISTORY)
        found = {role: _joined(known[role], newer.get(role, []), oldest, now) for role in roles}
        with self._lock:
            for role, one in found.items():
                self._remember(role, one, now)
        return {role: one.samples for role, one in found.items()}

    def _remember(self, role: UUID, one: _Known, now: datetime) -> None:
        """Nothing; where there is no room, who was there first stays as long as it ticks.

        Roles tick in turn, so that forgetting the one that was used longest ago would forget
        each just before it is needed.
        """
        if role not in self._known and len(self._known) >= self._most:
            oldest = next(iter(self._known.values()), None)
            if oldest is None or unix_seconds(now) - oldest.used_at < FORGOTTEN_S:
                return
            self._known.popitem(last=False)
        self._known[role] = replace(one, used_at=unix_seconds(now))
        self._known.move_to_end(role)

    def _trusted(self, role: UUID, now: datetime) -> _Known | None:
        """What is known, unless it is from after `now` or was not read as a whole for long."""
        known, at = self._known.get(role), unix_seconds(now)
        if known is None or not 0 <= at - known.read_at < TRUSTED_S:
            return None
        return known if known.samples and known.samples[-1].at < at else None


def sample_of(row: Sequence[Any]) -> Sample:
    """The sample of a row of `COLUMNS`."""
    values = [*row[:-1], web_reading(row[-1])]
    return Sample(*values)


def _newer(
    connection: Connection, known: dict[UUID, _Known | None], now: datetime
) -> dict[UUID, list[Sample]]:
    """The samples that are not known, from old to new."""
    oldest = now - HISTORY
    since = [oldest if one is None else from_unix(one.samples[-1].at) for one in known.values()]
    values = {
        "roles": list(known),
        "since": since,
        "oldest": min(since, default=oldest),
        "now": now,
        "most": MOST_SAMPLES,
    }
    found: dict[UUID, list[Sample]] = {}
    for role, *fields in reversed(read_plainly(connection, _NEWER, values)):
        found.setdefault(role, []).append(sample_of(fields))
    return found


def _joined(known: _Known | None, newer: list[Sample], oldest: float, now: datetime) -> _Known:
    at = unix_seconds(now)
    if known is None:
        return _Known(clean(newer, at), at)
    samples, last = known.samples, known.samples[-1].at
    for one in newer:
        if one.at > last:
            samples = followed(samples, one, at)
    return _Known(samples.since(oldest), known.read_at)
