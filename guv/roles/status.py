"""How is a role, in words? One sentence for a person and one word for a program.

What hurts most is said first. A state is concluded from what the last tick left behind, so nothing
is asked of the outside; unknown is said to be unknown and never looks like well.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import isfinite
from typing import Any

from guv.scaling.policies.response_time import TARGET
from guv.settings.schema import EffectiveSettings

Write = Callable[[datetime], str]
OVERDUE_TICKS = 3
OVERDUE_AT_LEAST = timedelta(seconds=60)


class State(StrEnum):
    """How a role is."""

    NO_BROKER = "no_broker"  # its app has no broker yet
    NEEDS_AUTHORIZATION = "needs_authorization"  # Heroku does not let guv scale the app
    NEW = "new"  # no tick yet
    OVERDUE = "overdue"  # guv has not looked for several intervals
    MISSES_AT_MAXIMUM = "misses_at_maximum"  # even the maximum cannot meet the deadline
    IN_TROUBLE = "in_trouble"  # an incident of another cause is open
    NO_DATA = "no_data"  # messages or dynos could not be counted
    PAUSED = "paused"
    NO_GAIN = "no_gain"  # more dynos bring no more throughput
    LATE = "late"  # the deadline will be missed, and more dynos can help
    UNKNOWN = "unknown"  # nothing says when the waiting messages will be done
    DRY_RUN = "dry_run"  # decides and scales nothing
    IN_TIME = "in_time"  # the deadline is kept


class Tone(StrEnum):
    """How much a person should mind."""

    GOOD = "good"
    REST = "rest"
    WATCH = "watch"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Tick:
    """What a role's last tick concluded.

    Attributes:
        at: When it was.
        reason: Why it ended so.
        outcome: What became of it.
        current: Dynos before; None: unknown.
        desired: Dynos after all steps; None: unknown.
        predicted_wait: Seconds until the last waiting message will be done; infinity: never.
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
    """An incident that is not over: its cause, its title, since when, and whether it pages."""

    cause: str
    title: str
    since: datetime
    is_open: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What a state is concluded from.

    Attributes:
        settings: What holds for the role.
        interval: Seconds between its ticks.
        has_broker: Whether its app has one.
        authorization: "unknown", "authorized" or "needs_authorization".
        tick: The last one; None: there was none.
        troubles: The incidents that are not over.
    """

    settings: EffectiveSettings
    interval: float
    has_broker: bool
    authorization: str
    tick: Tick | None
    troubles: Sequence[Trouble]

    @property
    def is_web(self) -> bool:
        """Whether it is scaled on requests."""
        return self.settings.signal == "web"

    def since(self, cause: str, write: Write) -> str:
        """Since when there is trouble of that cause, as the end of a sentence; else nothing."""
        return next(
            (f" since {write(one.since)}" for one in self.troubles if one.cause == cause), ""
        )


@dataclass(frozen=True, slots=True)
class RoleState:
    """How a role is.

    Attributes:
        state: In one word.
        tone: How much a person should mind.
        text: The same in a few words, beginning with a small letter.
        also: What else holds, each in a few words.
    """

    state: State
    tone: Tone
    text: str
    also: tuple[str, ...] = ()


Found = RoleState | None


def role_state(facts: Facts, now: datetime, write: Write) -> RoleState:
    """How a role is.

    Args:
        facts: What is known of it.
        now: Tells what is over and what is overdue.
        write: Writes an instant for whoever reads the words.
    """
    found = _not_watched(facts, now, write) or _trouble(facts, write)
    pause = pause_in_words(facts.settings.pause, now, write)
    if found is None and pause is not None:
        found, pause = RoleState(State.PAUSED, Tone.WATCH, pause), None
    found = found or _as_decided(facts, write)
    override = override_in_words(facts.settings.override, now, write)
    dry_run = _dry_run(facts) if found.state is not State.DRY_RUN else ""
    return replace(found, also=tuple(filter(None, (pause, override, dry_run))))


def _not_watched(facts: Facts, now: datetime, write: Write) -> Found:
    if not facts.has_broker and not facts.is_web:
        return RoleState(State.NO_BROKER, Tone.WATCH, "needs a broker")
    if facts.authorization == "needs_authorization":
        since = facts.since("authorization_lost", write)
        return RoleState(State.NEEDS_AUTHORIZATION, Tone.BAD, f"needs authorization{since}")
    if facts.tick is None:
        return RoleState(State.NEW, Tone.REST, "not looked at yet")
    patience = max(OVERDUE_AT_LEAST, timedelta(seconds=OVERDUE_TICKS * facts.interval))
    if now - facts.tick.at > patience:
        return RoleState(State.OVERDUE, Tone.BAD, f"not looked at since {write(facts.tick.at)}")
    return None


def _trouble(facts: Facts, write: Write) -> Found:
    tick = facts.tick
    if tick is not None and tick.misses_at_maximum:
        since = facts.since("deadline_missed", write)
        return RoleState(
            State.MISSES_AT_MAXIMUM, Tone.BAD, f"at maximum and missing the deadline{since}"
        )
    for one in facts.troubles:
        if one.is_open and one.cause not in {"deadline_missed", "no_data"}:
            title = f"{one.title[:1].lower()}{one.title[1:]} since {write(one.since)}"
            return RoleState(State.IN_TROUBLE, Tone.BAD, title)
    return None


def _as_decided(facts: Facts, write: Write) -> RoleState:
    """How a role is of which nothing is wrong outside."""
    tick = facts.tick
    if tick is None or tick.reason == "no_data":
        return RoleState(
            State.NO_DATA, Tone.WATCH, f"holding: no data{facts.since('no_data', write)}"
        )
    if tick.reason == "no_gain":
        return RoleState(State.NO_GAIN, Tone.WATCH, "more dynos do not help")
    return _of_web(facts, tick) if facts.is_web else _of_queues(facts, tick)


def _of_queues(facts: Facts, tick: Tick) -> RoleState:
    """How workers are: by the deadline of their messages."""
    wait, deadline = tick.predicted_wait, facts.settings.target_deadline
    if wait is None:
        return RoleState(State.UNKNOWN, Tone.REST, "no finish can be predicted")
    if wait > deadline:
        late = f"late by {wait - deadline:.0f} s" if isfinite(wait) else "nothing serves its queue"
        return RoleState(State.LATE, Tone.WATCH, f"{late}{_on_the_way(tick)}")
    if facts.settings.dry_run:
        return RoleState(State.DRY_RUN, Tone.REST, _dry_run(facts))
    return RoleState(State.IN_TIME, Tone.GOOD, "within deadline")


def _of_web(facts: Facts, tick: Tick) -> RoleState:
    """How web dynos are: by the target of their response time, where their policy has one."""
    if facts.settings.dry_run:
        return RoleState(State.DRY_RUN, Tone.REST, _dry_run(facts))
    target = response_target(facts.settings)
    if target is None:
        return RoleState(State.IN_TIME, Tone.GOOD, "as many dynos as its requests need")
    wait = tick.predicted_wait or 0.0
    if wait <= target:
        return RoleState(State.IN_TIME, Tone.GOOD, f"responses within {target:g} s")
    late = f"responses take {wait:.2g} s" if isfinite(wait) else "more requests than dynos answer"
    return RoleState(State.LATE, Tone.WATCH, f"{late}{_on_the_way(tick)}")


def response_target(settings: EffectiveSettings) -> float | None:
    """Seconds that a web role's responses should take at most; None: its policy has no target."""
    if settings.signal != "web" or settings.policy != "response_time":
        return None
    given: Any = settings.policy_parameters.get(TARGET.name)
    return float(given if TARGET.takes(given) else TARGET.default)


def _on_the_way(tick: Tick) -> str:
    if tick.outcome != "scaled" or tick.desired is None or tick.current is None:
        return ""
    more = tick.desired - tick.current
    return f", {more} more {'dyno' if more == 1 else 'dynos'} on the way" if more > 0 else ""


def pause_in_words(pause: Mapping[str, Any] | None, now: datetime, write: Write) -> str | None:
    """A pause as it is stored, such as paused until 14:00; None: there is none any more."""
    until = _instant(pause)
    if pause is None or (until is not None and until <= now):
        return None
    what = {"up": "scaling up paused", "down": "scaling down paused"}
    said = what.get(pause.get("direction", "both"), "paused")
    return f"{said} until {write(until)}" if until is not None else said


def override_in_words(
    override: Mapping[str, Any] | None, now: datetime, write: Write
) -> str | None:
    """An override as it is stored, such as override until 14:00: at most 9; None as before."""
    until = _instant(override)
    if override is None or until is None or until <= now:
        return None
    least, most = override.get("minimum_dynos"), override.get("maximum_dynos")
    named = (("at least", least), ("at most", most))
    bounds = [f"{word} {count}" for word, count in named if count is not None]
    return f"override until {write(until)}: {' and '.join(bounds)}"


def _dry_run(facts: Facts) -> str:
    """What a dry run would do; empty: it is none."""
    if not facts.settings.dry_run:
        return ""
    tick = facts.tick
    if tick is None or tick.desired is None or tick.desired == tick.current:
        return "dry run"
    return f"dry run: would run {tick.desired}"


def _instant(value: Mapping[str, Any] | None) -> datetime | None:
    until = (value or {}).get("until")
    return datetime.fromisoformat(until) if until is not None else None
