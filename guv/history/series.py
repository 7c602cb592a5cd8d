"""Series for charts: a few hundred points of a role over a time range, each the worst of its step.

Aggregated in the database: from ticks, and from rollups where the range is long. A step without a
tick has no point, and a value unknown in a step is None.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from guv.tenants.models import Tenant

FIVE_MINUTES = timedelta(minutes=5)
TICKS_READ = timedelta(days=2)  # of a longer range, rollups of five minutes are read

# Steps begin at the same instants whatever is asked for. Until `tail` sums tell, then ticks.
_POINTS = text("""
    with reading as (
        select at, waiting_max as messages_ready, unacknowledged_max as messages_unacknowledged,
            dynos_max as dynos, desired_max as desired, predicted_wait_max as predicted_wait,
            arrived, served, seconds, timed, in_time
        from rollup
        join role on role.id = rollup.role_id and role.tenant_id = :tenant
        where role_id = :role and width_s = 300 and at >= :since and at < :tail
        union all
        select decision.at, messages_ready, messages_unacknowledged, dynos, desired,
            predicted_wait, arrived, decision.served, seconds,
            case when in_time is not null then decision.served end, in_time
        from decision
        left join sample on sample.role_id = decision.role_id and sample.at = decision.at
            and sample.kept = decision.kept and sample.at >= :tail and sample.at < :until
        where decision.role_id = :role and decision.tenant_id = :tenant
            and decision.at >= :tail and decision.at < :until
    )
    select
        date_bin(:step, at, timestamptz 'epoch') as at,
        max(messages_ready) as messages_ready,
        max(messages_unacknowledged) as messages_unacknowledged,
        max(dynos) as dynos,
        max(desired) as desired,
        max(predicted_wait) filter (where predicted_wait < 'infinity') as predicted_wait,
        coalesce(bool_or(predicted_wait = 'infinity'), false) as never_done,
        cast(sum(arrived) / nullif(sum(seconds) filter (where arrived is not null), 0)
            as double precision) as arrival_rate,
        cast(sum(served) / nullif(sum(seconds) filter (where served is not null), 0)
            as double precision) as departure_rate,
        cast(sum(in_time) / nullif(sum(timed), 0) as double precision) as share_in_time
    from reading group by 1 order by 1
""")
_SUMMED_UNTIL = text("""
    select max(at) from rollup where role_id = :role and width_s = 300 and at >= :since
""")
_CHANGES = text("""
    select distinct on (step) at, id, current, desired, reason, outcome, explanation, count
    from (
        select *, date_bin(:step, at, timestamptz 'epoch') as step,
            count(*) over (partition by date_bin(:step, at, timestamptz 'epoch')) as count
        from decision
        where tenant_id = :tenant and role_id = :role and at >= :since and at < :until
            and direction <> 'hold'
    ) as changed
    order by step, at desc
""")


@dataclass(frozen=True, slots=True)
class SeriesFilter:
    """Filters of a series.

    Attributes:
        role: The role.
        since: From the step that begins at this time or later.
        until: To the step that begins before this time.
        step: Length of a step; for a long range, whole five minutes.
    """

    role: UUID
    since: datetime
    until: datetime
    step: timedelta


@dataclass(frozen=True, slots=True)
class Point:
    """One step of a series: of counts and waits the highest, of rates the mean.

    Attributes:
        at: Start of the step.
        messages_ready: Jobs waiting in the queues.
        messages_unacknowledged: Jobs running.
        dynos: Dynos of the formation.
        desired: Dynos after all limits.
        predicted_wait: Seconds until the last waiting job would be done.
        never_done: Whether that was never, at some decision.
        arrival_rate: Jobs published per second.
        departure_rate: Jobs finished per second.
        share_in_time: Share within the deadline, 0 to 1, of jobs whose wait is known.
    """

    at: datetime
    messages_ready: int | None = None
    messages_unacknowledged: int | None = None
    dynos: int | None = None
    desired: int | None = None
    predicted_wait: float | None = None
    never_done: bool = False
    arrival_rate: float | None = None
    departure_rate: float | None = None
    share_in_time: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The last decision of a step that changed something, and how many did.

    Attributes:
        at: Time of the decision.
        id: Its id.
        current: Dynos before.
        desired: Dynos after.
        reason: Reason.
        outcome: Outcome.
        explanation: The decision in a sentence.
        count: Decisions of the step that changed something, including this one.
    """

    at: datetime
    id: int
    current: int | None
    desired: int | None
    reason: str
    outcome: str
    explanation: str
    count: int


def read_points(session: Session, tenant: Tenant, wanted: SeriesFilter) -> list[Point]:
    """Read the role's points from old to new; none of another tenant's role."""
    values = {**asdict(wanted), "tenant": tenant.id, "tail": _tail(session, wanted)}
    return [Point(*row) for row in session.connection().execute(_POINTS, values)]


def _tail(session: Session, wanted: SeriesFilter) -> datetime:
    """Return the time from which ticks are read: all of a short range, the end of a long one."""
    if wanted.until - wanted.since <= TICKS_READ:
        return wanted.since
    values = {"role": wanted.role, "since": wanted.since}
    last: datetime | None = session.connection().execute(_SUMMED_UNTIL, values).scalar()
    return wanted.since if last is None else last + FIVE_MINUTES


def read_changes(session: Session, tenant: Tenant, wanted: SeriesFilter) -> list[Change]:
    """Read the last decision of each step that changed something, from old to new."""
    rows = session.connection().execute(_CHANGES, {"tenant": tenant.id, **asdict(wanted)})
    return [Change(*row) for row in rows]
