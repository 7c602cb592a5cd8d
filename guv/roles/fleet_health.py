"""Health of guv over all tenants: what an operator is alerted for.

One tenant's problems have incidents of their own. Here is what no tenant can see: roles that should
have ticked and did not, ticks that failed inside guv, and changes that many roles need and none
gets.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

SPAN = timedelta(minutes=5)  # of recent ticks
PATIENCE = timedelta(
    minutes=3
)  # after which a silent role is overdue, or three intervals if longer
LONGEST = timedelta(hours=4)  # back to look for a last tick; an interval is at most an hour
MANY = 3  # unfulfilled roles that alert; fewer may be due to their tenants
SHARE = 0.2  # unfulfilled share of the roles that need a change that alerts

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
    """Health of all roles over the last `SPAN`.

    Attributes:
        roles: Roles that tick.
        overdue: Roles that should have ticked and did not.
        faulty: Roles whose ticks all failed inside guv.
        wishing: Roles that needed a change at each of their ticks.
        unfulfilled: Of those, roles whose change was never made.
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
        """What an operator should be alerted for, in sentences; [] if nothing."""
        alarms = []
        if self.overdue:
            alarms.append(
                f"{self.overdue} of {self.roles} roles did not tick when they should have,"
                f" the longest for {self.longest_silence:.0f} s."
            )
        if self.faulty:
            alarms.append(f"Every tick of {self.faulty} of {self.roles} roles fails inside guv.")
        if self.unfulfilled >= MANY and self.unfulfilled >= SHARE * self.wishing:
            alarms.append(
                f"{self.unfulfilled} of {self.wishing} roles that need another number of dynos"
                f" have not got it in {SPAN.total_seconds() / 60:.0f} minutes."
            )
        return alarms

    def counts(self) -> dict[str, int | float]:
        """Return the counts by name."""
        return asdict(self)


def look(connection: Connection, now: datetime) -> Watch:
    """Check the roles of all tenants."""
    values = {"now": now, "since": now - SPAN, "oldest": now - LONGEST, "patience": PATIENCE}
    return Watch(**connection.execute(_LOOK, values).mappings().one())


FRESH = timedelta(seconds=30)  # a check reads all roles, and everybody may request the health


class FleetHealthCache:
    """The last check of all roles, repeated at most every `FRESH`.

    Args:
        engine: The database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._last: tuple[datetime, Watch | None] | None = None

    def look(self, now: datetime) -> Watch | None:
        """Return the health of all roles; None: the database does not answer."""
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
