"""Check of what the demo has shown."""

from dataclasses import dataclass

from sandbox.demo.environment import Environment
from sandbox.demo.state import look
from sandbox.heroku.access import PARTNER


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the whole demo has shown.

    Attributes:
        ups: How often guv added dynos.
        downs: How often guv removed dynos.
        most: The most dynos.
        decisions: Whether decisions are stored.
        alerts: Incidents that were opened in New Relic.
        resolved: Incidents of these that were closed.
        on_time: The share of jobs done within the deadline.
    """

    ups: int
    downs: int
    most: int
    decisions: bool
    alerts: int
    resolved: int
    on_time: float | None

    @property
    def missing(self) -> list[str]:
        """What the demo should have shown and did not."""
        wanted = {
            "dynos added": self.ups,
            "dynos removed": self.downs,
            "decisions stored": self.decisions,
            f"exactly one alert (there were {self.alerts})": self.alerts == 1,
            "the alert resolved": self.resolved == 1,
        }
        return [what for what, happened in wanted.items() if not happened]

    def __str__(self) -> str:
        share = "?" if self.on_time is None else f"{self.on_time:.1%}"
        facts = (
            f"Scaled up: {self.ups}, scaled down: {self.downs}, most dynos: {self.most}."
            f" Alerts opened: {self.alerts}, resolved: {self.resolved}."
            f" Jobs on time: {share}; the second spike is more than the maximum can serve."
        )
        return "\n".join([facts, *(f"Not shown: {what}." for what in self.missing)])


def outcome(environment: Environment) -> Outcome:
    """Return what has happened so far."""
    heroku, moment = environment.sandbox.heroku, look(environment)
    with heroku.lock:
        changes = [change for change in heroku.changes if change.by == PARTNER]
    return Outcome(
        ups=sum(change.after > change.before for change in changes),
        downs=sum(change.after < change.before for change in changes),
        most=max([1, *(change.after for change in changes)]),
        decisions=bool(moment.decisions),
        alerts=len(moment.incidents),
        resolved=sum(incident.closed_at is not None for incident in moment.incidents),
        on_time=moment.stats.on_time,
    )
