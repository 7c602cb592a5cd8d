"""How did a tenant's role fare over a time? A few hundred points, each the worst of its step.

Added up inside the database: of ticks, and of their sums where the time is long. A step without
a tick has no point, and what was not known in a step is None.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from guv.tenants.models import Tenant

FIVE_MINUTES = timedelta(minutes=5)
TICKS_READ = timedelta(days=2)  # a longer time is read from the sums of five minutes

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
    """What is asked for.

    Attributes:
        role: Whose points.
        since: From the step that begins then or later.
        until: To the step that begins before then.
        step: How much time one point stands for; of a long time, whole five minutes.
    """

    role: UUID
    since: datetime
    until: datetime
    step: timedelta


@dataclass(frozen=True, slots=True)
class Point:
    """What one step shows; of counts and waits the highest, of rates the mean.

    Attributes:
        at: When the step begins.
        messages_ready: Messages waiting in the queues.
        messages_unacknowledged: Messages delivered and not yet finished.
        dynos: Dynos that Heroku was asked to run.
        desired: Dynos after all steps of the decision.
        predicted_wait: Seconds until the last waiting message would be done.
        never_done: Whether that was never, at some decision.
        arrival_rate: Messages published per second.
        departure_rate: Messages finished per second.
        share_in_time: Share of those finished whose wait is known that were in time, 0 to 1.
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
        at: When it was made.
        id: Its number.
        current: Dynos that ran.
        desired: Dynos that were asked for instead.
        reason: Why.
        outcome: What became of it.
        explanation: The same as a sentence.
        count: Decisions of the step that changed something, this one too.
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
    """The role's points from old to new; none where it is another tenant's."""
    values = {**asdict(wanted), "tenant": tenant.id, "tail": _tail(session, wanted)}
    return [Point(*row) for row in session.connection().execute(_POINTS, values)]


def _tail(session: Session, wanted: SeriesFilter) -> datetime:
    """From when on the ticks themselves are read: all of a short time, the end of a long one."""
    if wanted.until - wanted.since <= TICKS_READ:
        return wanted.since
    values = {"role": wanted.role, "since": wanted.since}
    last: datetime | None = session.connection().execute(_SUMMED_UNTIL, values).scalar()
    return wanted.since if last is None else last + FIVE_MINUTES


def read_changes(session: Session, tenant: Tenant, wanted: SeriesFilter) -> list[Change]:
    """The role's decisions that changed something, the last one of each step, from old to new."""
    rows = session.connection().execute(_CHANGES, {"tenant": tenant.id, **asdict(wanted)})
    return [Change(*row) for row in rows]
