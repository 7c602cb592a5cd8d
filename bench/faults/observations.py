"""Observations during a fault and after it: guv's promises, as counts of what broke them."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from bench.faults.environment import INTERVAL, MOVING, Environment, wait_for
from bench.faults.scenarios import FAULTS
from guv.clock import steady_seconds, utc_now
from guv.roles.tick_schedule import LEASE_S

PATIENCE_S = 2 * LEASE_S + 4 * INTERVAL  # in which every role ticks again, or it is stuck


@dataclass(frozen=True, slots=True)
class Observation:
    """What came of one fault.

    Attributes:
        fault: Its name.
        seconds: How long it lasted.
        gap: The longest time without a tick of a role, seconds.
        recovered: Seconds after its end until every role had ticked well and the orders that the
            tenant gave meanwhile were carried out; None: they never were.
        wrong: Changes to a number of dynos that nobody had ordered, and repeated ones.
        lost: Orders that guv took and forgot, and ticks with half of their rows.
        doubled: Pages more than there were incidents.
    """

    fault: str
    seconds: float
    gap: float
    recovered: float | None
    wrong: int
    lost: int
    doubled: int

    @property
    def is_well(self) -> bool:
        """Whether every promise was kept."""
        return self.recovered is not None and not (self.wrong or self.lost or self.doubled)

    @property
    def row(self) -> str:
        """As a row of a Markdown table."""
        back = "never" if self.recovered is None else f"{self.recovered:.0f} s"
        counts = f"{self.wrong} | {self.lost} | {self.doubled}"
        return f"| {self.fault} | {self.seconds:.0f} s | {self.gap:.0f} s | {back} | {counts} |"


HEADER = (
    "| fault | lasted | longest gap of a role's ticks | all well again after |"
    " wrong changes | lost | doubled pages |\n|---|---|---|---|---|---|---|"
)


def observe(environment: Environment, fault: str, seconds: float, dynos: int) -> Observation:
    """Make the fault while the tenant orders another number of dynos, and return what happened.

    Args:
        environment: Where everything works.
        fault: Its name.
        seconds: How long it lasts.
        dynos: The order, another number than before.
    """
    changes = len(environment.sandbox.heroku.changes)
    begin, start = utc_now(), steady_seconds()
    is_taken = environment.order_dynos(dynos) if fault != "PostgreSQL away" else False
    FAULTS[fault](environment, seconds)
    lasted, abandoned = steady_seconds() - start, _abandoned(environment, fault, begin)
    is_taken = environment.order_dynos(dynos) or is_taken
    end = utc_now()
    recovered = wait_for(lambda: _is_well_again(environment, end, dynos), PATIENCE_S)
    made = environment.sandbox.heroku.changes[changes:]
    return Observation(
        fault,
        lasted,
        max(_gaps(environment, begin)),
        recovered,
        wrong=sum(change.after != dynos for change in made)
        + max(0, len(made) - len(MOVING) - abandoned),
        lost=_lost(environment, dynos) + (not is_taken),
        doubled=_doubled(environment),
    )


def _abandoned(environment: Environment, fault: str, begin: datetime) -> int:
    """Count the changes that Heroku may carry out after guv gave them up and ordered them again.

    Whether guv's next tick comes before or after them is chance, and both set the same number.
    """
    if fault != "Heroku hangs":
        return 0
    asked = environment.sandbox.traffic.requests("PATCH", "/apps/.*/formation")
    return sum(one.at >= begin for one in asked)


def _is_well_again(environment: Environment, end: object, dynos: int) -> bool:
    good = environment.rows(
        "select count(distinct role_id) from decision where at > :end"
        " and outcome in ('held', 'scaled') and current is not null",
        end=end,
    )
    return good == [len(MOVING) + 1] and environment.dynos() == {dynos}


def _gaps(environment: Environment, begin: object) -> list[float]:
    """Seconds between the ticks of each role since the tick before the fault."""
    gaps = [0.0]
    for role in environment.rows("select id from role"):
        times = environment.rows(
            "select extract(epoch from at)::float8 from decision where role_id = :role"
            " and at > cast(:begin as timestamptz) - interval '10 s' order by at",
            role=role,
            begin=begin,
        )
        gaps += [late - early for early, late in pairwise(times)]
    return gaps


def _lost(environment: Environment, dynos: int) -> int:
    [orders] = environment.rows(
        "select count(*) from settings_level where level = 'role'"
        " and values->>'minimum_dynos' = :dynos",
        dynos=str(dynos),
    )
    [halves] = environment.rows(
        "select count(*) from decision d full join sample s using (role_id, at)"
        " where d.role_id is null or s.role_id is null"
    )
    return len(MOVING) - int(orders) + int(halves)


def _doubled(environment: Environment) -> int:
    [opened] = environment.rows("select count(*) from incident where opened_at is not null")
    return max(0, len(environment.sandbox.new_relic.incidents) - int(opened))
