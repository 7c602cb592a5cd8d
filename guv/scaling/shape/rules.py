"""Rules between a wish and what is asked for, and the bounds that schedules and overrides set."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import inf
from zoneinfo import ZoneInfo

from guv.scaling.demand.queueing import GRACE, RARE, outlasting
from guv.scaling.estimate.estimate import changes_since, last_change
from guv.scaling.model import (
    Estimates,
    Policy,
    Reason,
    Sample,
    Settings,
    Step,
    Window,
    Wish,
    counted,
)

MINUTES_PER_DAY = 1440
DAYS_AHEAD = 8  # Days to look ahead: a whole week from any minute of today.
CUT_COST = 100.0  # Where a bound comes from, in words.
BOUND_OF = {
    Reason.MINIMUM: "your minimum",
    Reason.MAXIMUM: "your maximum",
    Reason.SCHEDULE: "your schedule",
    Reason.OVERRIDE: "your override",
}
# Dyno-seconds that it is worth to spare one running message from being cut.
CUT_WORK = 6.0  # Service times that a cut message costs on top, since it runs again.
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and most dynos now, and where they come from.

    Attributes:
        minimum: Least dynos.
        maximum: Most dynos; it wins over the minimum.
        minimum_reason: MINIMUM, SCHEDULE or OVERRIDE.
        maximum_reason: MAXIMUM, SCHEDULE or OVERRIDE.
        notices: Windows that could not be read.
    """

    minimum: int
    maximum: int
    minimum_reason: Reason = Reason.MINIMUM
    maximum_reason: Reason = Reason.MAXIMUM
    notices: tuple[str, ...] = ()


def bounds_at(settings: Settings, now: float) -> Bounds:
    """Return the bounds at an instant (Unix seconds); the maximum wins over the minimum."""
    bounds = Bounds(settings.minimum_dynos, settings.maximum_dynos)
    if settings.schedules:
        bounds = _scheduled(settings.schedules, bounds, now)
    override = settings.override
    if override is not None and now < override.until:
        bounds = _narrowed(bounds, override.minimum_dynos, override.maximum_dynos, Reason.OVERRIDE)
    if bounds.minimum > bounds.maximum:
        is_usual = bounds.maximum_reason is Reason.MAXIMUM  # then what raised the minimum is why
        why = bounds.minimum_reason if is_usual else bounds.maximum_reason
        bounds = replace(bounds, minimum=bounds.maximum, minimum_reason=why)
    return bounds


def is_open(window: Window, now: float) -> bool:
    """Return whether a window contains an instant, by its own time zone's wall clock.

    Raises:
        ValueError: The window's start, end or zone is not one.
        LookupError: The time zone is unknown (`ZoneInfoNotFoundError`).
    """
    zone = ZoneInfo(window.timezone)
    today = datetime.fromtimestamp(now, zone).date()
    for day in (today, today - timedelta(days=1)):
        if begins_on(window, day):
            start, end = span(window, day, zone)
            if start <= now < end:
                return True
    return False


def begins_on(window: Window, day: date) -> bool:
    """Return whether the window begins on that day of its zone."""
    if window.date is not None:
        return day.isoformat() == window.date
    return day.weekday() in window.days


def span(window: Window, day: date, zone: ZoneInfo) -> tuple[float, float]:
    """Return from when to when (Unix seconds) the window of that day is open.

    A start or end that the wall clock skips on that day is when it skips it. Of an hour that comes
    twice the first start and the last end count, so that no window is closed in between.

    Raises:
        ValueError: The window's start or end is no time of day.
    """
    start, end = _minute(window.start), _minute(window.end)
    closes = day if start < end else day + timedelta(days=1)
    return _instant(day, start, zone, fold=0), _instant(closes, end, zone, fold=1)


def _instant(day: date, minute: int, zone: ZoneInfo, *, fold: int) -> float:
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001 - its zone follows
    early, late = (wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (1, 0))
    if early >= late:
        return early if fold else late
    while late - early > 1.0:  # the wall clock skips it: find when
        middle = (early + late) / 2.0
        shown = datetime.fromtimestamp(middle, zone).replace(tzinfo=None)
        early, late = (early, middle) if shown >= wall else (middle, late)
    return round(late)


def _scheduled(windows: tuple[Window, ...], bounds: Bounds, now: float) -> Bounds:
    notices: list[str] = []
    for window in windows:
        try:
            is_now = is_open(window, now)
        except (ValueError, LookupError, OSError) as error:
            notices.append(f"a schedule window cannot be read: {error}")
            continue
        if is_now:
            low = window.minimum_dynos if window.dynos is None else window.dynos
            high = window.maximum_dynos if window.dynos is None else window.dynos
            bounds = _narrowed(bounds, low, high, Reason.SCHEDULE)
            break
    return replace(bounds, notices=tuple(notices))


def _narrowed(bounds: Bounds, low: int | None, high: int | None, reason: Reason) -> Bounds:
    if high is not None:
        bounds = replace(bounds, maximum=max(0, high), maximum_reason=reason)
    if low is not None:
        bounds = replace(bounds, minimum=max(0, low), minimum_reason=reason)
    return bounds


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    minute = int(hours) * 60 + int(minutes)
    if not 0 <= minute <= MINUTES_PER_DAY:
        raise ValueError(f"{text!r} is no time of day")
    return minute


def next_switches(settings: Settings, now: float, most: int) -> list[tuple[float, Bounds]]:
    """Return up to `most` coming instants (Unix seconds) with the bounds from then on.

    Weekly windows are looked at for eight days, one-off ones however far they are.

    Args:
        settings: The role's settings.
        now: Unix seconds.
        most: How many instants.
    """
    edges = {edge for window in settings.schedules for edge in _edges(window, now)}
    if settings.override is not None:
        edges.add(settings.override.until)
    switches: list[tuple[float, Bounds]] = []
    present = bounds_at(settings, now)
    for edge in sorted(edge for edge in edges if edge > now):
        bounds = bounds_at(settings, edge)
        if bounds != present and len(switches) < most:
            switches.append((edge, bounds))
        present = bounds
    return switches


def _edges(window: Window, now: float) -> Iterator[float]:
    """Return the instants near now at which a window opens or closes."""
    zone = ZoneInfo(window.timezone)
    today = datetime.fromtimestamp(now, zone).date()
    ahead = [today + timedelta(days=number) for number in range(-1, DAYS_AHEAD + 1)]
    days = (
        [date.fromisoformat(window.date)]
        if window.date is not None
        else [day for day in ahead if begins_on(window, day)]
    )
    for day in days:
        yield from span(window, day, zone)


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules look at.

    Attributes:
        settings: Sound settings.
        samples: Clean samples from old to new.
        estimates: What they say.
        now: Unix seconds.
        current: Dynos that the platform is asked to run.
        bounds: The bounds that hold now.
        policy: The policy that wishes, to ask it again.
    """

    settings: Settings
    samples: Sequence[Sample]
    estimates: Estimates
    now: float
    current: int
    bounds: Bounds
    policy: Policy | None = None


Ruling = tuple[int, Reason, str]
Rule = Callable[[Case, int, Reason], Ruling | None]


def shape(case: Case, wish: Wish) -> tuple[Step, ...]:
    """Return the steps from the wish to what is asked for; a rule that acts leaves one."""
    steps: list[Step] = []
    dynos, reason = wish.dynos, wish.reason
    for name, rule in RULES:
        ruling = rule(case, dynos, reason)
        if ruling is None or ruling[0] == dynos:
            continue
        steps.append(Step(name, dynos, ruling[0], ruling[1], ruling[2]))
        dynos, reason = ruling[0], ruling[1]
    return tuple(steps)


def is_cut_likely(settings: Settings, estimates: Estimates) -> bool:
    """Return whether going down may cut running messages that outlast the grace."""
    if settings.busy_protection in {"never", "always"}:
        return settings.busy_protection == "always"
    mean, spread = estimates.service_time or 1.0, estimates.service_time_stddev or 0.0
    return outlasting(mean, spread, GRACE) > RARE


def _schedule(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    bounds = case.bounds
    if dynos < bounds.minimum and bounds.minimum_reason is not Reason.MINIMUM:
        return bounds.minimum, bounds.minimum_reason, BOUND_OF[bounds.minimum_reason]
    if dynos > bounds.maximum and bounds.maximum_reason is not Reason.MAXIMUM:
        return bounds.maximum, bounds.maximum_reason, BOUND_OF.get(bounds.maximum_reason, "")
    return None


def _busy(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    running = case.estimates.running or 0
    if dynos >= case.current or running == 0 or case.settings.busy_protection == "never":
        return None
    patience = case.settings.busy_protection_limit
    if case.settings.busy_protection != "always":
        patience = min(patience, _worth_waiting(case, running))
    spare = _spare_for(case)
    if spare >= patience:
        return None
    return case.current, Reason.BUSY, _cost_of_waiting(running, case.current - dynos, spare)


def _cost_of_waiting(running: int, kept: int, seconds: float) -> str:
    """Return what going down waits for, and what that has cost so far."""
    could = counted(running, "running message", "running messages")
    dynos = counted(kept, "dyno is", "dynos are")
    them = "it" if running == 1 else "them"
    hours = kept * seconds / HOUR
    return f"{could} could be cut; {dynos} kept for {them}, {hours:.2g} dyno-hours so far"


def _worth_waiting(case: Case, running: int) -> float:
    """Return the seconds of idling that cost as much as the messages cut by going down now.

    Who waits so long before giving up never pays more than twice the best (ski rental).
    """
    estimates = case.estimates
    mean, spread = estimates.service_time or 1.0, estimates.service_time_stddev or 0.0
    lasting = outlasting(mean, spread, GRACE)
    if lasting < RARE:
        return 0.0
    busy = running / max(case.current * case.settings.concurrency, 1)
    idle = 1.0 - busy
    return inf if idle <= 0.0 else busy * lasting * (CUT_COST + CUT_WORK * mean) / idle


def _spare_for(case: Case) -> float:
    """Return for how long the present dynos have been more than the running messages need."""
    since = case.now
    for sample in reversed(case.samples):
        if sample.dynos != case.current or sample.messages_unacknowledged is None:
            break
        if sample.messages_unacknowledged >= case.current * case.settings.concurrency:
            break
        since = sample.at
    else:
        since = min(since, case.settings.memory.spare_since or since)
    return case.now - since


def _bounce(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    if dynos >= case.current or case.policy is None:
        return None
    imagined = replace(case.samples[-1], dynos=dynos)
    samples = (*case.samples[:-1], imagined)
    again = case.policy(case.settings, samples, case.estimates, case.now).dynos
    if again <= dynos:
        return None
    held = min(again, case.current)
    return held, Reason.BOUNCE, f"{dynos} would be raised to {again} at once"


def _cooldown(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    is_up = dynos > case.current
    quiet = case.settings.cooldown_up if is_up else case.settings.cooldown_down
    if quiet is None or dynos == case.current:
        return None
    changed = last_change(case.samples, case.settings.memory)
    if changed is None or case.now - changed >= quiet:
        return None
    left = quiet - (case.now - changed)
    return case.current, Reason.COOLDOWN, f"cooldown for another {left:.0f} s"


def _step_limit(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    up, down = case.settings.step_up, case.settings.step_down
    if up is not None and dynos > case.current + up:
        return case.current + max(0, up), Reason.STEP_LIMIT, f"at most {up} more at once"
    if down is not None and dynos < case.current - down:
        return case.current - max(0, down), Reason.STEP_LIMIT, f"at most {down} fewer at once"
    return None


def _change_budget(case: Case, dynos: int, reason: Reason) -> Ruling | None:
    budget = case.settings.change_budget
    if budget is None or dynos == case.current:
        return None
    if dynos > case.current and reason is Reason.DEADLINE:
        return None
    spent = changes_since(case.samples, case.now - HOUR, case.settings.memory)
    if spent < budget:
        return None
    changes = counted(spent, "change", "changes")
    return case.current, Reason.CHANGE_BUDGET, f"{changes} in the last hour, {budget} allowed"


def _spend_cap(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    cap, used = case.settings.monthly_dyno_hours, case.settings.dyno_hours_used
    if cap is None or used is None or used < cap or dynos <= case.bounds.minimum:
        return None
    kept = case.bounds.minimum
    if case.estimates.running and is_cut_likely(case.settings, case.estimates):
        kept = max(kept, min(dynos, case.current))
    return kept, Reason.SPEND_CAP, f"{used:.0f} of {cap:.0f} dyno-hours of this month are used"


def _bounds(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    bounds = case.bounds
    if dynos > bounds.maximum:
        return bounds.maximum, bounds.maximum_reason, BOUND_OF.get(bounds.maximum_reason, "")
    if dynos < bounds.minimum:
        return bounds.minimum, bounds.minimum_reason, BOUND_OF.get(bounds.minimum_reason, "")
    return None


def _platform_limit(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    limit = case.settings.platform_limit
    if limit is None or dynos <= limit:
        return None
    return max(0, limit), Reason.PLATFORM_LIMIT, f"Heroku allows {limit}"


def _pause(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    pause = case.settings.pause
    if pause is None or (pause.until is not None and case.now >= pause.until):
        return None
    is_up = dynos > case.current
    if pause.direction in {"both", "up" if is_up else "down"}:
        return case.current, Reason.PAUSED, "scaling is paused"
    return None


RULES: tuple[tuple[str, Rule], ...] = (
    ("schedule", _schedule),
    ("busy_protection", _busy),
    ("bounce", _bounce),
    ("cooldown", _cooldown),
    ("step_limit", _step_limit),
    ("change_budget", _change_budget),
    ("spend_cap", _spend_cap),
    ("bounds", _bounds),
    ("platform_limit", _platform_limit),
    ("pause", _pause),
)
