"""Values that the steps of a tick pass on, and what the result means for incidents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from guv.history.models import Outcome
from guv.incidents.causes import Cause, Trouble
from guv.rabbitmq.client import QueueCounts
from guv.scaling import Decision, Reason, Sample, Settings, WebReading
from guv.scaling.shape.rules import bounds_at
from worker.tick.context import TickContext
from worker.tick.external_changes import ExternalChange, find_fight, remembered_changes


@dataclass(frozen=True, slots=True)
class WorkReading:
    """Counts of one role's queues, or of its requests.

    Attributes:
        counts: The role's queues added up.
        queues: Each queue's counts by its name.
        trouble: Why the counts are incomplete.
        answered: Whether the broker gave any usable answer; None: it was not asked.
        failure: Why it gave none, in words.
        web: Of a web role: its requests just before.
    """

    counts: QueueCounts = field(default_factory=QueueCounts)
    queues: Mapping[str, QueueCounts] = field(default_factory=dict)
    trouble: Trouble | None = None
    answered: bool | None = None
    failure: str = ""
    web: WebReading | None = None


@dataclass(frozen=True, slots=True)
class FormationReading:
    """Formation as one role needs it.

    Attributes:
        quantities: The quantity of each process type.
        dynos: The quantity of the role's own; None: unknown.
        trouble: Why it is unknown.
        answered: Whether Heroku showed the formation.
        lost: Heroku's words when it refused for want of authorization in this very tick.
        size: The size of the role's dynos, such as "Basic".
        app_name: The app's present name.
        note: Why this is not the formation of now; None: it is.
    """

    quantities: Mapping[str, int] = field(default_factory=dict)
    dynos: int | None = None
    trouble: Trouble | None = None
    answered: bool = False
    lost: str | None = None
    size: str | None = None
    app_name: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """One sample and its sources."""

    sample: Sample
    work: WorkReading
    formation: FormationReading

    @property
    def is_complete(self) -> bool:
        """Whether both the messages, or the requests, and the dynos are known."""
        counts = (self.sample.messages_ready, self.sample.messages_unacknowledged)
        is_counted = self.sample.web is not None or None not in counts
        return is_counted and self.sample.dynos is not None


@dataclass(frozen=True, slots=True)
class Actuated:
    """What became of a decision.

    Attributes:
        outcome: In one word.
        error: Why it was skipped, refused or failed; Heroku's own words where it refused.
        quantity: Dynos that Heroku runs after a change; None: nothing was changed.
        lost: Heroku's words when it refused for want of authorization.
        platform_limit: Most dynos that Heroku said it allows; None: it did not say.
        blocked_since: Since when only a release that is under way prevents the change.
    """

    outcome: Outcome
    error: str | None = None
    quantity: int | None = None
    lost: str | None = None
    platform_limit: int | None = None
    blocked_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class DecidedTick:
    """A role's tick until its decision."""

    now: datetime
    context: TickContext
    collected: Collected
    external_change: ExternalChange | None
    decision: Decision

    @property
    def is_change(self) -> bool:
        """Whether Heroku is to run another number of dynos than now."""
        current, desired = self.collected.formation.dynos, self.decision.desired
        return current is not None and desired is not None and current != desired


@dataclass(frozen=True, slots=True)
class TickResult:
    """Everything that one tick of a role leaves behind."""

    now: datetime
    context: TickContext
    collected: Collected
    external_change: ExternalChange | None
    decision: Decision
    actuated: Actuated

    @property
    def lost_authorization(self) -> str | None:
        """Heroku's words when authorization was found lost in this tick."""
        return self.actuated.lost or self.collected.formation.lost

    @property
    def external_changes(self) -> tuple[ExternalChange, ...]:
        """What others changed in the last day, the newest at the end."""
        kept = self.context.role.foreign_changes
        if not kept and self.external_change is None:
            return ()
        return remembered_changes(kept, self.external_change, self.now)

    @property
    def troubles(self) -> list[Trouble]:
        """What is wrong now, at most one trouble a cause."""
        changes = self.external_changes
        troubles = [
            self.collected.work.trouble,
            self.collected.formation.trouble,
            self._missed(),
            self._helpless(),
            self._refused(),
            find_fight(self.context.process_type, changes) if changes else None,
        ]
        by_cause = {trouble.cause: trouble for trouble in reversed(troubles) if trouble is not None}
        return list(by_cause.values())

    @property
    def cleared(self) -> set[Cause]:
        """Causes that are known to be absent now; what could not be seen is in neither list."""
        collected, is_complete = self.collected, self.collected.is_complete
        is_judged = is_complete and self.decision.predicted_wait is not None
        is_granted = self.actuated.outcome in {Outcome.SCALED, Outcome.HELD}
        clear = {
            Cause.NO_DATA: is_complete,
            Cause.DEADLINE_MISSED: is_judged,
            Cause.NO_GAIN: is_judged,
            Cause.BROKER_REFUSES: bool(collected.work.answered),
            Cause.AUTHORIZATION_LOST: collected.formation.answered,
            Cause.PLATFORM_REFUSES: is_complete and is_granted,
            Cause.FOREIGN_CHANGES: collected.formation.answered,
        }
        seen = {trouble.cause for trouble in self.troubles}
        return {cause for cause, is_clear in clear.items() if is_clear and cause not in seen}

    def _refused(self) -> Trouble | None:
        """Return what Heroku refuses and no waiting will change."""
        actuated = self.actuated
        if actuated.lost:
            return Trouble(Cause.AUTHORIZATION_LOST, actuated.lost)
        has_answer = (actuated.blocked_since, actuated.platform_limit) != (None, None)
        if actuated.outcome is not Outcome.REFUSED or has_answer:
            return None
        return Trouble(Cause.PLATFORM_REFUSES, f"Heroku refuses to scale: {actuated.error}")

    def _helpless(self) -> Trouble | None:
        """Return the trouble of dynos that do not work, where more of them would not either."""
        decision = self.decision
        if not decision.no_gain or decision.misses_at_maximum:  # One alert for one trouble.
            return None
        text = f"Messages in the queues: {decision.estimates.backlog}; {decision.no_gain}."
        if self.collected.sample.web is not None:
            text = decision.explanation
        return Trouble(Cause.NO_GAIN, text)

    def _missed(self) -> Trouble | None:
        """Return the trouble that even the most dynos allowed now cannot meet the deadline."""
        decision, settings = self.decision, self.context.settings
        if not decision.misses_at_maximum:
            return None
        wait = decision.predicted_wait
        done = "never" if wait is None or wait == float("inf") else f"in {wait:.0f} s"
        enough = decision.dynos_to_meet
        would_do = f"{enough} dynos would do" if enough is not None else "no number would do now"
        if decision.no_gain:
            would_do = decision.no_gain
        if self.collected.sample.web is not None:
            allowed = f"{_bound(decision, settings)}, {decision.required} are required; {would_do}"
            return Trouble(Cause.DEADLINE_MISSED, f"{decision.explanation} ({allowed}.)")
        return Trouble(
            Cause.DEADLINE_MISSED,
            f"The last waiting message will be done {done}; the deadline is"
            f" {settings.target_deadline:g} s. {decision.desired} dynos are all that is allowed"
            f" ({_bound(decision, settings)}), {decision.required} are required;"
            f" {would_do}.",
        )


def _bound(decision: Decision, settings: Settings) -> str:
    """Return where the maximum comes from: the settings, or Heroku where it allows less."""
    if decision.reason is Reason.SPEND_CAP:
        return f"the spend cap of {settings.monthly_dyno_hours:g} dyno-hours a month is reached"
    bounds = bounds_at(settings, decision.at)
    limit, maximum = settings.platform_limit, bounds.maximum
    if bounds.maximum_reason is not Reason.MAXIMUM and (limit is None or limit >= maximum):
        return f"the {bounds.maximum_reason} says so, maximum_dynos is {settings.maximum_dynos}"
    if limit is not None and limit < maximum:
        return f"Heroku allows {limit}, maximum_dynos is {maximum}"
    return f"maximum_dynos {maximum}"


@dataclass(frozen=True, slots=True)
class FinishedTick:
    """A role's tick that has ended.

    Attributes:
        role: The role.
        now: The tick's instant.
        seconds: How long the tick of its app took.
        result: The result, or the failure of guv's own that ended the tick.
    """

    role: UUID
    now: datetime
    seconds: float
    result: TickResult | Exception


class Ledger(Protocol):
    """Memory between ticks: what earlier ones left behind, and where new ones are recorded."""

    def obstacles(self, contexts: Sequence[TickContext]) -> Mapping[UUID, str]:
        """Return why roles must not be changed any more, for those that must not."""

    def blocked_since(self, context: TickContext) -> datetime | None:
        """Return since when a release has prevented the role's change; None: since now."""

    def record(self, ticks: Sequence[FinishedTick]) -> None:
        """Record the ticks, and notify of what has become or ceased to be an incident."""
