"""Check of what the demo has shown."""

from dataclasses import dataclass

from sandbox.demo.environment import Environment
from sandbox.demo.state import look
from sandbox.heroku.access import PARTNER


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened in all.

    Attributes:
        ups: How often guv added dynos.
        downs: How often guv removed some.
        most: The most dynos.
        decisions: Whether decisions are stored.
        pages: Incidents that were opened at New Relic.
        resolved: Of these, those that were closed.
        on_time: The share of jobs done within the deadline.
    """

    ups: int
    downs: int
    most: int
    decisions: bool
    pages: int
    resolved: int
    on_time: float | None

    @property
    def missing(self) -> list[str]:
        """What the demo should have shown and did not."""
        wanted = {
            "added dynos": self.ups,
            "removed dynos": self.downs,
            "a stored decision": self.decisions,
            f"exactly one page, not {self.pages}": self.pages == 1,
            "the end of the one page": self.resolved == 1,
        }
        return [what for what, happened in wanted.items() if not happened]

    def __str__(self) -> str:
        share = "?" if self.on_time is None else f"{self.on_time:.1%}"
        facts = (
            f"guv scaled up {self.ups} times and down {self.downs} times, to at most {self.most}"
            f" dynos. Pages opened: {self.pages}, resolved: {self.resolved}."
            f" Jobs done in time: {share}; the second burst is more than the maximum can do."
        )
        return "\n".join([facts, *(f"Missing: {what}." for what in self.missing)])


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
        pages=len(moment.incidents),
        resolved=sum(incident.closed_at is not None for incident in moment.incidents),
        on_time=moment.stats.on_time,
    )
