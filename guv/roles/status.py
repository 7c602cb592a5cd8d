"""Status of a role, in words for people and a code for programs.

The most serious state comes first. It follows from the last tick, so nothing outside is called;
what is unknown is called unknown and never looks healthy.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import isfinite
from typing import Any

from guv.history.models import Outcome
from guv.incidents.causes import Cause
from guv.scaling.model import Reason
from guv.scaling.policies.web import TARGET
from guv.settings.schema import EffectiveSettings

Write = Callable[[datetime], str]
OVERDUE_TICKS = 3  # intervals without a tick, after which a role is overdue
OVERDUE_AT_LEAST = timedelta(seconds=60)


class State(StrEnum):
    """State of a role."""

    NO_BROKER = "no_broker"  # its app has no broker
    NEEDS_AUTHORIZATION = "needs_authorization"  # Heroku does not let guv scale the app
    NEW = "new"  # no tick yet
    OVERDUE = "overdue"  # no tick for several intervals
    MISSES_AT_MAXIMUM = "misses_at_maximum"  # even the maximum cannot meet the deadline
    IN_TROUBLE = "in_trouble"  # another incident is open
    NO_DATA = "no_data"  # jobs or dynos cannot be counted
    PAUSED = "paused"
    NO_GAIN = "no_gain"  # more dynos bring no more throughput
    LATE = "late"  # the deadline will be missed, and more dynos can help
    UNKNOWN = "unknown"  # the end of the backlog cannot be predicted
    DRY_RUN = "dry_run"  # decides without scaling
    IN_TIME = "in_time"  # the deadline is kept


class Tone(StrEnum):
    """Severity of a state."""

    GOOD = "good"
    REST = "rest"
    WATCH = "watch"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Tick:
    """The last tick of a role.

    Attributes:
        at: Time of the tick.
        reason: Reason of the decision.
        outcome: Outcome of the decision.
        current: Dynos before; None: unknown.
        desired: Dynos after all limits; None: unknown.
        predicted_wait: Seconds until the last waiting job will be done; infinity: never.
        misses_at_maximum: Whether the maximum cannot meet the deadline.
    """

    at: datetime
    reason: str
    outcome: str
    current: int | None
    desired: int | None
    predicted_wait: float | None
    misses_at_maximum: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """An incident that is not over: cause, title, start, and whether it is open."""

    cause: str
    title: str
    since: datetime
    is_open: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What a state follows from.

    Attributes:
        values: The role's effective settings.
        interval: Seconds between its ticks.
        has_broker: Whether its app has a broker.
        authorization: "unknown", "authorized" or "needs_authorization".
        tick: The last tick; None: none yet.
        troubles: Incidents that are not over.
    """

    settings: EffectiveSettings
    interval: float
    has_broker: bool
    authorization: str
    tick: Tick | None
    troubles: Sequence[Trouble]

    @property
    def is_web(self) -> bool:
        """Whether the role is scaled on requests."""
        return self.settings.signal == "web"

    def since(self, cause: str, write: Write) -> str:
        """Return " since <time>" for an incident of a cause; empty if there is none."""
        return next(
            (
                f" since {write(trouble.since)}"
                for trouble in self.troubles
                if trouble.cause == cause
            ),
            "",
        )


@dataclass(frozen=True, slots=True)
class RoleState:
    """Status of a role.

    Attributes:
        state: The state.
        tone: Its severity.
        text: The state in a few words, beginning with a small letter.
        also: What else applies, each in a few words.
    """

    state: State
    tone: Tone
    text: str
    also: tuple[str, ...] = ()


Found = RoleState | None


def role_state(facts: Facts, now: datetime, write: Write) -> RoleState:
    """Determine the status of a role.

    Args:
        facts: What it follows from.
        now: The present.
        write: Writes a time for the reader.
    """
    state = _not_watched(facts, now, write) or _trouble(facts, write)
    pause = pause_in_words(facts.settings.pause, now, write)
    if state is None and pause is not None:
        state, pause = RoleState(State.PAUSED, Tone.WATCH, pause), None
    state = state or _as_decided(facts, write)
    override = override_in_words(facts.settings.override, now, write)
    dry_run = _dry_run(facts) if state.state is not State.DRY_RUN else ""
    return replace(state, also=tuple(filter(None, (pause, override, dry_run))))


def _not_watched(facts: Facts, now: datetime, write: Write) -> Found:
    if not facts.has_broker and not facts.is_web:
        return RoleState(State.NO_BROKER, Tone.WATCH, "needs a broker")
    if facts.authorization == "needs_authorization":
        since = facts.since(Cause.AUTHORIZATION_LOST, write)
        return RoleState(State.NEEDS_AUTHORIZATION, Tone.BAD, f"needs authorization{since}")
    if facts.tick is None:
        return RoleState(State.NEW, Tone.REST, "no decision yet")
    patience = max(OVERDUE_AT_LEAST, timedelta(seconds=OVERDUE_TICKS * facts.interval))
    if now - facts.tick.at > patience:
        return RoleState(State.OVERDUE, Tone.BAD, f"no decision since {write(facts.tick.at)}")
    return None


def _trouble(facts: Facts, write: Write) -> Found:
    tick = facts.tick
    if tick is not None and tick.misses_at_maximum:
        since = facts.since(Cause.DEADLINE_MISSED, write)
        return RoleState(
            State.MISSES_AT_MAXIMUM, Tone.BAD, f"at maximum and missing the deadline{since}"
        )
    for trouble in facts.troubles:
        if trouble.is_open and trouble.cause not in {Cause.DEADLINE_MISSED, Cause.NO_DATA}:
            title = f"{trouble.title[:1].lower()}{trouble.title[1:]} since {write(trouble.since)}"
            return RoleState(State.IN_TROUBLE, Tone.BAD, title)
    return None


def _as_decided(facts: Facts, write: Write) -> RoleState:
    """Determine the status of a role without outside problems."""
    tick = facts.tick
    if tick is None or tick.reason == Reason.NO_DATA:
        return RoleState(
            State.NO_DATA, Tone.WATCH, f"holding: no data{facts.since(Cause.NO_DATA, write)}"
        )
    if tick.reason == Reason.NO_GAIN:
        return RoleState(State.NO_GAIN, Tone.WATCH, "more dynos do not help")
    return _of_web(facts, tick) if facts.is_web else _of_queues(facts, tick)


def _of_queues(facts: Facts, tick: Tick) -> RoleState:
    """Determine the status of workers by the deadline of their jobs."""
    wait, deadline = tick.predicted_wait, facts.settings.target_deadline
    if wait is None:
        return RoleState(State.UNKNOWN, Tone.REST, "unknown when jobs will be done")
    if wait > deadline:
        late = (
            f"late by {wait - deadline:.0f} s" if isfinite(wait) else "no worker consumes its queue"
        )
        return RoleState(State.LATE, Tone.WATCH, f"{late}{_on_the_way(tick)}")
    if facts.settings.dry_run:
        return RoleState(State.DRY_RUN, Tone.REST, _dry_run(facts))
    return RoleState(State.IN_TIME, Tone.GOOD, "within deadline")


def _of_web(facts: Facts, tick: Tick) -> RoleState:
    """Determine the status of web dynos by the target of their response time, if there is one."""
    if facts.settings.dry_run:
        return RoleState(State.DRY_RUN, Tone.REST, _dry_run(facts))
    target = response_target(facts.settings)
    if target is None:
        return RoleState(State.IN_TIME, Tone.GOOD, "enough dynos for its requests")
    wait = tick.predicted_wait or 0.0
    if wait <= target:
        return RoleState(State.IN_TIME, Tone.GOOD, f"responses within {target:g} s")
    late = f"responses take {wait:.2g} s" if isfinite(wait) else "more requests than dynos answer"
    return RoleState(State.LATE, Tone.WATCH, f"{late}{_on_the_way(tick)}")


def response_target(settings: EffectiveSettings) -> float | None:
    """Return a web role's target response time in seconds; None: its policy has none."""
    if settings.signal != "web" or settings.policy != "response_time":
        return None
    given: Any = settings.policy_parameters.get(TARGET.name)
    return float(given if TARGET.takes(given) else TARGET.default)


def _on_the_way(tick: Tick) -> str:
    if tick.outcome != Outcome.SCALED or tick.desired is None or tick.current is None:
        return ""
    more = tick.desired - tick.current
    return f", {more} more {'dyno' if more == 1 else 'dynos'} on the way" if more > 0 else ""


def pause_in_words(pause: Mapping[str, Any] | None, now: datetime, write: Write) -> str | None:
    """Describe a stored pause, such as "paused until 14:00"; None: it is over."""
    until = _instant(pause)
    if pause is None or (until is not None and until <= now):
        return None
    what = {"up": "scaling up paused", "down": "scaling down paused"}
    words = what.get(pause.get("direction", "both"), "paused")
    return f"{words} until {write(until)}" if until is not None else words


def override_in_words(
    override: Mapping[str, Any] | None, now: datetime, write: Write
) -> str | None:
    """Describe a stored override, such as "override until 14:00: at most 9"; None: it is over."""
    until = _instant(override)
    if override is None or until is None or until <= now:
        return None
    least, most = override.get("minimum_dynos"), override.get("maximum_dynos")
    limits = (("at least", least), ("at most", most))
    bounds = [f"{word} {count}" for word, count in limits if count is not None]
    return f"override until {write(until)}: {' and '.join(bounds)}"


def _dry_run(facts: Facts) -> str:
    """Describe what a dry run would do; empty for other roles."""
    if not facts.settings.dry_run:
        return ""
    tick = facts.tick
    if tick is None or tick.desired is None or tick.desired == tick.current:
        return "dry run"
    return f"dry run: would run {tick.desired}"


def _instant(value: Mapping[str, Any] | None) -> datetime | None:
    until = (value or {}).get("until")
    return datetime.fromisoformat(until) if until is not None else None
