"""Values that decisions see and make: frozen, plain numbers, no behavior.

All times are seconds: instants are Unix seconds (UTC), durations are plain seconds. Counts are
whole messages or whole dynos. Whatever could not be measured is `None`, which means *unknown* and
is never read as zero.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Direction(StrEnum):
    """Which way the number of dynos goes."""

    UP = "up"
    DOWN = "down"
    HOLD = "hold"


class Reason(StrEnum):
    """Why a decision ended where it did; the last step that changed or fixed the count."""

    DEADLINE = "deadline"  # the deadline asks for this many
    BACKLOG = "backlog"  # the number of messages asks for this many (policies without a deadline)
    ARRIVALS = "arrivals"  # the arrival rate asks for this many
    RESPONSE_TIME = "response_time"  # the response time asks for this many
    IDLE = "idle"  # fewer are enough
    STEADY = "steady"  # the present number is right
    STABILIZED = "stabilized"  # going down waits for its window
    COOLDOWN = "cooldown"
    STEP_LIMIT = "step_limit"
    BUSY = "busy"  # going down would cut running jobs
    BOUNCE = "bounce"  # going down would be undone at once
    NO_GAIN = "no_gain"  # more dynos brought no more throughput
    CHANGE_BUDGET = "change_budget"
    SCHEDULE = "schedule"
    OVERRIDE = "override"
    PAUSED = "paused"
    SPEND_CAP = "spend_cap"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    PLATFORM_LIMIT = "platform_limit"
    NO_DATA = "no_data"


# Codes of Heroku's router for requests that dynos were too busy for: backlog too deep, request
# timeout, app boot timeout.
TOO_BUSY = ("H11", "H12", "H20")


@dataclass(frozen=True, slots=True)
class WebReading:
    """What the web dynos did in the seconds before a sample.

    Attributes:
        seconds: How long that was.
        requests: Requests that were finished in it.
        p50: Seconds that half of them took at most; None: unknown, or there were none.
        p95: The same for 95 percent.
        p99: The same for 99 percent.
        mean: Mean of those seconds.
        errors: Requests that the router gave up on, by its code.
        serving: Dynos that finished at least one; None: unknown.
        lost: Log lines that never came, so that there were more requests than said.
    """

    seconds: float
    requests: int
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    mean: float | None = None
    errors: Mapping[str, int] | None = None
    serving: int | None = None
    lost: int = 0

    @property
    def rate(self) -> float:
        """Return the requests per second."""
        return self.requests / self.seconds

    @property
    def busy(self) -> float | None:
        """Return the requests answered at the same time, by Little's law; None: unknown."""
        if not self.requests:
            return 0.0
        return None if self.mean is None else self.rate * self.mean

    @property
    def given_up(self) -> int:
        """Return the requests that dynos were too busy for."""
        return sum((self.errors or {}).get(code, 0) for code in TOO_BUSY)

    def percentile(self, name: str) -> float | None:
        """Return p50, p95 or p99 by that name."""
        value: float | None = {"p50": self.p50, "p95": self.p95, "p99": self.p99}.get(name)
        return value


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of a role: its queues' counts added up, and its dynos, at one instant.

    Attributes:
        at: When it was read, Unix seconds.
        messages_ready: Messages waiting in the queues.
        messages_unacknowledged: Messages delivered and not yet acknowledged (running or hoarded).
        published: Messages ever published to the queues, a counter that may restart at any value.
        served: Messages ever finished: acknowledged, or delivered without acknowledgement; a
            counter that may restart too.
        consumers: Consumers subscribed to the queues.
        dynos: Dynos the platform is asked to run (the formation's quantity).
        redelivered: Messages ever delivered again, a counter.
        web: Of a web role: what its dynos did just before.
    """

    at: float
    messages_ready: int | None = None
    messages_unacknowledged: int | None = None
    published: int | None = None
    served: int | None = None
    consumers: int | None = None
    dynos: int | None = None
    redelivered: int | None = None
    web: WebReading | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which other bounds hold: weekly (`days`) or once (`date`), in a named time zone.

    Attributes:
        start: Local time it begins, "HH:MM".
        end: Local time it ends, "HH:MM"; at or before `start` means on the following day.
        timezone: IANA name, such as "Europe/Berlin".
        days: Weekdays on which it begins, 0 is Monday.
        date: The one day on which it begins, "YYYY-MM-DD"; then `days` is empty.
        minimum_dynos: The minimum inside the window.
        maximum_dynos: The maximum inside the window.
        dynos: An exact count inside the window; wins over both.
    """

    start: str
    end: str
    timezone: str
    days: tuple[int, ...] = ()
    date: str | None = None
    minimum_dynos: int | None = None
    maximum_dynos: int | None = None
    dynos: int | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """Other bounds until an instant (Unix seconds)."""

    until: float
    minimum_dynos: int | None = None
    maximum_dynos: int | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause: `direction` is "both", "up" or "down"; `until` None means until resumed."""

    direction: str = "both"
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the number of dynos.

    Attributes:
        at: When it was asked for, Unix seconds.
        before: Dynos before it.
        after: Dynos that were asked for.
        seen_at: When a sample first showed it; None: it was recorded when it was made.
    """

    at: float
    before: int
    after: int
    seen_at: float | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known beside the samples, which reach back an hour or so.

    Attributes:
        changes: The changes that guv made itself, from old to new, as far back as they matter.
        counted_at: When messages were counted last; None: unknown.
        spare_since: Since when the present dynos are more than what runs needs; None: unknown.
    """

    changes: tuple[Change, ...] = ()
    counted_at: float | None = None
    spare_since: float | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """A role's settings as the scaling mathematics uses them; names and defaults are the tenant's.

    Attributes:
        minimum_dynos: Never fewer; 0 allowed.
        maximum_dynos: Never more.
        target_deadline: Seconds from publishing a message until it should be done.
        percentile: Share of messages, in percent, that must meet it (50 to 99.99).
        processing_time: Seconds that one message takes, as told; None: measured, prior 10.
        processing_time_stddev: Its standard deviation in seconds; None: measured, prior a half.
        concurrency: Messages that one dyno works on at a time.
        boot_time: Seconds from asking for a dyno to its first message; None: measured, prior 30.
        signal: What it is scaled on: "queue" or "web".
        policy: Name of the way of scaling.
        policy_parameters: That policy's own parameters by name.
        interval: Seconds between ticks.
        history: Stabilization window in seconds, for policies that use one.
        step_up: Most dynos added by one decision; None: no limit.
        step_down: Most dynos removed by one decision; None: no limit.
        cooldown_up: Seconds after any change in which none are added; None: none.
        cooldown_down: Seconds after any change in which none are removed; None: none.
        change_budget: Most changes in an hour; None: no limit. Going up for a deadline is exempt.
        busy_protection: "auto" (jobs longer than the platform's grace), "always" or "never".
        busy_protection_limit: Seconds for which going down may be held back by it.
        schedules: Windows with other bounds; the first that contains `now` counts.
        override: Other bounds until an instant.
        pause: A pause of scaling.
        no_data: Seconds without data after which `no_data_dynos` are asked for; None: hold.
        no_data_dynos: That count; never below the current one.
        monthly_dyno_hours: Spend cap; None: none.
        dyno_hours_used: Dyno-hours used this month so far; None: unknown.
        platform_limit: Most dynos that the platform said it allows; None: unknown.
        memory: What is known beside the samples.
    """

    minimum_dynos: int = 1
    maximum_dynos: int = 5
    target_deadline: float = 60.0
    percentile: float = 99.0
    processing_time: float | None = None
    processing_time_stddev: float | None = None
    concurrency: int = 1
    boot_time: float | None = None
    signal: str = "queue"
    policy: str = "deadline"
    policy_parameters: Mapping[str, float | str | bool] = field(default_factory=dict)
    interval: float = 10.0
    history: float = 120.0
    step_up: int | None = None
    step_down: int | None = None
    cooldown_up: float | None = None
    cooldown_down: float | None = None
    change_budget: int | None = None
    busy_protection: str = "auto"
    busy_protection_limit: float = 1800.0
    schedules: tuple[Window, ...] = ()
    override: Override | None = None
    pause: Pause | None = None
    no_data: float | None = None
    no_data_dynos: int | None = None
    monthly_dyno_hours: float | None = None
    dyno_hours_used: float | None = None
    platform_limit: int | None = None
    memory: Memory = Memory()

    @property
    def is_web(self) -> bool:
        """Return whether the role is scaled on requests and not on messages."""
        return self.signal == "web"


@dataclass(frozen=True, slots=True)
class Step:
    """One transformation in a decision's trail: the count before and after it, and why."""

    name: str
    before: int | None
    after: int | None
    reason: Reason
    note: str = ""


@dataclass(frozen=True, slots=True)
class Estimates:
    """What the history says about the work; None where it says nothing.

    Attributes:
        arrival_rate: Messages published per second.
        arrival_rate_stddev: Uncertainty of that rate, messages per second.
        arrival_rate_confirmed: The rate as far as the last sample and earlier ones bear it out.
        arrival_rate_ahead: The rate a boot from now where a rise is certain, else the same.
        arrival_source: What the arrivals were told from: "published", "finished and waiting" or
            "backlog".
        arrival_dispersion: Variance of the number of arrivals by their mean; 1 is Poisson.
        departure_rate: Messages finished per second.
        service_time: Seconds that one slot needs for a message.
        service_time_stddev: Its spread over messages, seconds.
        service_time_source: "told", "prior", "measured" or "upper_bound".
        boot_time: Seconds from asking for a dyno to its first message.
        boot_time_stddev: Its spread over starts, seconds.
        boot_time_source: "told", "prior" or "measured".
        response_time: Of a web role: seconds of the percentile that its policy looks at.
        backlog: Messages ready and unacknowledged.
        running: Unacknowledged messages that are being worked on.
        hoarded: Unacknowledged messages that wait inside a consumer.
        dynos_up: Dynos that consume, as far as known.
        sample_gap: Seconds between samples as the history shows it.
        notices: Told values that the history contradicts, in words.
    """

    arrival_rate: float | None = None
    arrival_rate_stddev: float | None = None
    arrival_rate_confirmed: float | None = None
    arrival_rate_ahead: float | None = None
    arrival_source: str = "published"
    arrival_dispersion: float = 1.0
    departure_rate: float | None = None
    service_time: float | None = None
    service_time_stddev: float | None = None
    service_time_source: str = "prior"
    boot_time: float | None = None
    boot_time_stddev: float | None = None
    boot_time_source: str = "prior"
    response_time: float | None = None
    backlog: int | None = None
    running: int | None = None
    hoarded: int | None = None
    dynos_up: int | None = None
    sample_gap: float | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """How many dynos a role should have, and everything that led there.

    Attributes:
        at: When it was decided, Unix seconds.
        required: What the policy asks for before any shaping or bound; None: unknown.
        desired: What to ask the platform for; None only where the current count is unknown too.
        current: What the platform runs now; None: unknown.
        direction: Up, down or hold, comparing desired with current.
        reason: Why it ended so.
        explanation: The same as a sentence for a person.
        trail: The steps from required to desired.
        estimates: What the history said.
        predicted_wait: Seconds from now until the last waiting message will be done with the
            desired dynos; None: unknown; infinity: never.
        is_late: Whether some waiting message will miss its deadline, or has missed it already.
        misses_at_maximum: Whether the deadline will be missed even at the maximum.
        dynos_to_meet: Dynos that would meet the deadline, when the maximum does not; None: it does,
            or no number would.
        no_gain: Why more dynos would not help now, in words; empty: they would, or none are needed.
        next_downscale_at: Earliest instant at which going down is possible, if nothing arrives.
        notices: Things a person should know (a told value contradicted, workers not consuming).
    """

    at: float
    required: int | None
    desired: int | None
    current: int | None
    direction: Direction
    reason: Reason
    explanation: str
    trail: tuple[Step, ...] = ()
    estimates: Estimates = field(default_factory=Estimates)
    predicted_wait: float | None = None
    is_late: bool = False
    misses_at_maximum: bool = False
    dynos_to_meet: int | None = None
    no_gain: str = ""
    next_downscale_at: float | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a policy asks for, before shaping and bounds.

    Attributes:
        dynos: The count it asks for, 0 or more.
        reason: Why.
        note: The same with its figures, for the trail.
    """

    dynos: int
    reason: Reason
    note: str = ""


# A way of scaling: settings, samples old to new, estimates and the time in Unix seconds.
Policy = Callable[[Settings, Sequence[Sample], Estimates, float], Wish]


def counted(count: int, one: str, many: str) -> str:
    """Return the count with the word that fits it: "1 message", "2 messages"."""
    return f"{count} {one if count == 1 else many}"


def seconds_beside(value: float, limit: float) -> str:
    """Return rounded seconds that stay on the same side of the limit."""
    whole = round(value)
    is_told = whole > 0 or value == 0
    return f"{whole}" if is_told and (whole > limit) == (value > limit) else f"{value:.4g}"
