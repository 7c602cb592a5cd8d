"""Cache of roles' histories: samples and changes in memory, so that a tick reads only new ones.

The tables are what counts: every tick asks them for what is newer than what is known, so any number
of processes may tick a role in turn. Now and then a history is read anew as a whole, in case that a
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
from guv.scaling.estimate.cleaning import MOST_SAMPLES, Clean
from guv.scaling.model import Change
from guv.web_metrics.queries import web_reading

MOST_ROLES = 1000  # Each takes up to 100 kB.
TRUSTED_S = 3600.0  # Reading one as a whole costs as much as several ticks.
FORGOTTEN_S = 600.0  # A role that was not asked for in this time makes room.

# A sample's fields in their order. As plain SQL, and with Unix seconds, a third of the time.
COLUMNS = """extract(epoch from at)::float8, messages_ready, messages_unacknowledged, published,
    served, consumers, dynos, redelivered, web"""

# With the oldest instant as a number of its own, so that old partitions are not even looked at. A
# sample with a change is always among those that are kept, so that only for them the decision is
# looked up.
_NEWER = f"""
    select wanted.role, case when newer.kept then (
        select array[decision.current, decision.desired] from decision
        where decision.role_id = wanted.role and decision.at = newer.at and decision.kept
            and decision.outcome = 'scaled'
    ) end, {COLUMNS}
    from unnest(%(roles)s::uuid[], %(since)s::timestamptz[]) as wanted (role, since)
    cross join lateral (
        select * from sample
        where role_id = wanted.role and at > wanted.since and at > %(oldest)s and at < %(now)s
        order by at desc limit %(most)s
    ) as newer
"""  # noqa: S608 - names of columns


@dataclass(frozen=True, slots=True)
class RoleHistory:
    """Samples of a role, and the changes of its dynos that guv made meanwhile, from old to new."""

    samples: Clean
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """A role's history; Unix seconds of when all of it was read, and of the last use."""

    history: RoleHistory
    read_at: float
    used_at: float = 0.0


class SampleCache:
    """The histories of the roles that this process ticked last.

    Args:
        most: Roles that are remembered; the others are read anew.
    """

    def __init__(self, most: int = MOST_ROLES) -> None:
        self._most = most
        self._lock = Lock()
        self._known: OrderedDict[UUID, _Known] = OrderedDict()

    def read(
        self, connection: Connection, roles: Sequence[UUID], now: datetime
    ) -> dict[UUID, RoleHistory]:
        """Return the roles' histories of the last hours before `now`."""
        with self._lock:
            known = {role: self._trusted(role, now) for role in roles}
        newer = _newer(connection, known, now)
        oldest = unix_seconds(now - HISTORY)
        joined = {role: _joined(known[role], newer.get(role), oldest, now) for role in roles}
        with self._lock:
            for role, entry in joined.items():
                self._remember(role, entry, now)
        return {role: entry.history for role, entry in joined.items()}

    def _remember(self, role: UUID, entry: _Known, now: datetime) -> None:
        """Remember the history; where there is no room, earlier roles stay as long as they tick.

        Roles tick in turn, so that forgetting the one that was used longest ago would forget
        each just before it is needed.
        """
        if role not in self._known and len(self._known) >= self._most:
            oldest = next(iter(self._known.values()), None)
            if oldest is None or unix_seconds(now) - oldest.used_at < FORGOTTEN_S:
                return
            self._known.popitem(last=False)
        self._known[role] = replace(entry, used_at=unix_seconds(now))
        self._known.move_to_end(role)

    def _trusted(self, role: UUID, now: datetime) -> _Known | None:
        """Return what is known, unless it is from after `now` or too old to be trusted."""
        known, at = self._known.get(role), unix_seconds(now)
        if known is None or not 0 <= at - known.read_at < TRUSTED_S:
            return None
        samples = known.history.samples
        return known if samples and samples[-1].at < at else None


def sample_of(row: Sequence[Any]) -> Sample:
    """Return the sample of a row of `COLUMNS`."""
    values = [*row[:-1], None if row[-1] is None else web_reading(row[-1])]
    return Sample(*values)


@dataclass(slots=True)
class _Newer:
    samples: list[Sample]
    changes: list[Change]


def _newer(
    connection: Connection, known: dict[UUID, _Known | None], now: datetime
) -> dict[UUID, _Newer]:
    """Read the samples and changes that are not known yet, from old to new."""
    oldest = now - HISTORY
    since = [
        oldest if entry is None else from_unix(entry.history.samples[-1].at)
        for entry in known.values()
    ]
    values = {
        "roles": list(known),
        "since": since,
        "oldest": min(since, default=oldest),
        "now": now,
        "most": MOST_SAMPLES,
    }
    newer: dict[UUID, _Newer] = {}
    for role, change, *fields in reversed(read_plainly(connection, _NEWER, values)):
        rows, sample = newer.setdefault(role, _Newer([], [])), sample_of(fields)
        rows.samples.append(sample)
        if change is not None:
            rows.changes.append(Change(sample.at, *change))
    return newer


def _joined(known: _Known | None, newer: _Newer | None, oldest: float, now: datetime) -> _Known:
    at, newer = unix_seconds(now), newer or _Newer([], [])
    if known is None:
        return _Known(RoleHistory(clean(newer.samples, at), tuple(newer.changes)), at)
    samples, last = known.history.samples, known.history.samples[-1].at
    for sample in newer.samples:
        if sample.at > last:
            samples = followed(samples, sample, at)
    changes = known.history.changes
    if newer.changes or (changes and changes[0].at < oldest):
        added = [change for change in newer.changes if change.at > last]
        changes = tuple(change for change in (*changes, *added) if change.at >= oldest)
    return _Known(RoleHistory(samples.since(oldest), changes), known.read_at)
