"""Does guv itself do its work, over all tenants? What an operator is woken for.

One tenant's trouble has its own incidents. Here is asked what no tenant can see: roles that should
have ticked and did not, ticks that a fault of ours ended, and wishes that are not carried out for
many at once.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

SPAN = timedelta(minutes=5)
PATIENCE = timedelta(minutes=3)  # and three intervals: then a role that did not tick is overdue
LONGEST = timedelta(hours=4)  # an interval is an hour at most
MANY = 3  # roles whose wishes are not carried out; fewer may be their own tenants' trouble
SHARE = 0.2  # of the roles that wish for a change

_LOOK = text("""
    select
        count(*) as roles,
        count(*) filter (where is_overdue) as overdue,
        count(*) filter (where is_faulty) as faulty,
        count(*) filter (where is_wishing) as wishing,
        count(*) filter (where is_wishing and not is_granted) as unfulfilled,
        coalesce(max(silent) filter (where is_overdue), 0) as longest_silence
    from (
        select
            extract(epoch from :now - coalesce(ticks.last_at, older.at, role.created_at))::float8
                as silent,
            :now - greatest(coalesce(ticks.last_at, older.at, role.created_at), role.created_at)
                > greatest(3 * make_interval(secs => schedule.interval_s), :patience) as is_overdue,
            coalesce(ticks.is_faulty, false) as is_faulty,
            coalesce(ticks.is_wishing, false) as is_wishing,
            coalesce(ticks.is_granted, false) as is_granted
        from tick_schedule as schedule
        join role on role.id = schedule.role_id
        join tenant on tenant.id = role.tenant_id and tenant.suspended = ''
        left join lateral (
            select
                max(at) as last_at,
                bool_and(is_fault) as is_faulty,
                bool_and(direction <> 'hold' and outcome <> 'skipped') as is_wishing,
                bool_or(outcome = 'scaled') as is_granted
            from decision where role_id = schedule.role_id and at > :since and at <= :now
        ) as ticks on true
        left join lateral (
            select at from decision
            where ticks.last_at is null and role_id = schedule.role_id
                and at > :oldest and at <= :now
            order by at desc limit 1
        ) as older on true
        where schedule.enabled
    ) as looked
""")


@dataclass(frozen=True, slots=True)
class Watch:
    """What a look at all roles found; the last minutes are `SPAN`.

    Attributes:
        roles: Roles that tick.
        overdue: Those that should have ticked and did not.
        faulty: Those of which every tick in the last minutes ended by a fault of ours.
        wishing: Those that wished for another number of dynos at every tick of them.
        unfulfilled: Those of them whose wish was never carried out.
        longest_silence: Seconds since the last tick of the role that is overdue the longest.
    """

    roles: int
    overdue: int
    faulty: int
    wishing: int
    unfulfilled: int
    longest_silence: float

    @property
    def alarms(self) -> list[str]:
        """What an operator should be woken for, in sentences; [] if nothing."""
        found = []
        if self.overdue:
            found.append(
                f"{self.overdue} of {self.roles} roles did not tick when they should have,"
                f" the longest for {self.longest_silence:.0f} s."
            )
        if self.faulty:
            found.append(f"Every tick of {self.faulty} of {self.roles} roles ends in a fault.")
        if self.unfulfilled >= MANY and self.unfulfilled >= SHARE * self.wishing:
            found.append(
                f"The wishes of {self.unfulfilled} of {self.wishing} roles for another number of"
                f" dynos were not carried out in {SPAN.total_seconds() / 60:.0f} minutes."
            )
        return found

    def counts(self) -> dict[str, int | float]:
        """The figures by their names."""
        return asdict(self)


def look(connection: Connection, now: datetime) -> Watch:
    """How it is with the roles of all tenants."""
    values = {"now": now, "since": now - SPAN, "oldest": now - LONGEST, "patience": PATIENCE}
    return Watch(**connection.execute(_LOOK, values).mappings().one())


FRESH = timedelta(seconds=30)  # anybody may ask for the health, and a look reads all roles


class FleetHealthCache:
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
