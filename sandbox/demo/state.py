"""What the demo has to show at one moment, read as a tenant and an onlooker would."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.demo import scenario
from sandbox.demo.environment import Environment
from sandbox.heroku.model import DynoState
from sandbox.newrelic import Incident
from sandbox.workload import Stats

Decision = Mapping[str, Any]
SHOWN = 14


@dataclass(frozen=True, slots=True)
class Moment:
    """One look at the demo.

    Attributes:
        seconds: Since the jobs began.
        rate: Jobs a second that arrive now.
        up: Dynos that work.
        starting: Dynos that boot.
        stats: What became of the jobs.
        decisions: guv's latest, newest first.
        incidents: New Relic's.
    """

    seconds: float
    rate: float
    up: int
    starting: int
    stats: Stats
    decisions: Sequence[Decision]
    incidents: Sequence[Incident]


def look(environment: Environment) -> Moment:
    """Read the present state of the demo."""
    workload, heroku = environment.workload, environment.sandbox.heroku
    dynos = heroku.dynos(environment.app, scenario.ROLE)
    up = heroku.dynos(environment.app, scenario.ROLE, DynoState.UP)
    return Moment(
        workload.seconds,
        workload.rate,
        len(up),
        len(dynos) - len(up),
        workload.stats(),
        _decisions(environment),
        list(environment.sandbox.new_relic.incidents),
    )


def waiting(decision: Decision) -> tuple[int | None, int | None]:
    """Return the jobs waiting and running, as guv saw them; None is unknown."""
    sample = decision.get("sample") or {}
    return sample.get("messages_ready"), sample.get("messages_unacknowledged")


def finish(decision: Decision) -> str:
    """Describe when the last waiting message will be done."""
    if decision.get("never_done"):
        return "never"
    wait = decision.get("predicted_wait")
    return "?" if wait is None else f"in {wait:.0f} s"


def clock_time(decision: Decision) -> str:
    """Return the local time of day of the decision."""
    return datetime.fromisoformat(decision["at"]).astimezone().strftime("%H:%M:%S")


def change(decision: Decision) -> str:
    """Dynos before and after."""
    current, desired = decision.get("current"), decision.get("desired")
    if current == desired:
        return f"{_count(current)}"
    return f"{_count(current)} -> {_count(desired)}"


def _count(value: int | None) -> str:
    return "?" if value is None else str(value)


def _decisions(environment: Environment) -> Sequence[Decision]:
    answer = environment.api.get("decisions", params={"app": scenario.APP, "limit": SHOWN})
    answer.raise_for_status()
    decisions: list[Decision] = answer.json()["decisions"]
    return decisions
