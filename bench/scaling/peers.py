"""Peers of guv in the benchmark: earlier and present systems, as shipped and fairly tuned.

Most are guv's own policies with that system's parameters, called without guv's estimates, shaping
and learning. What a system keeps in memory and a stateless policy cannot express stands here in a
small class. "Shipped" is the system's documented default (bounds are the role's); "tuned" is told
the true mean processing and boot time and the deadline, and given what a careful user would set.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from statistics import fmean, pstdev

from bench.scaling.simulator import GRACE, Scaler, Scenario
from guv.scaling.decide import decide
from guv.scaling.model import Estimates, Sample, Settings
from guv.scaling.policies import POLICIES

_REMEMBERED = 200
"""Samples that a peer looks back; the longest window of any is fifteen minutes."""

Value = float | str | bool
Tune = Callable[[Scenario], Mapping[str, Value]]


@dataclass(frozen=True, slots=True)
class Peer:
    """A scaler to compare.

    Attributes:
        name: Short and unique.
        make: Gives a fresh scaler for a scenario.
        note: Whose rule it is and with which figures.
    """

    name: str
    make: Callable[[Scenario], Scaler]
    note: str


@dataclass(frozen=True, slots=True)
class Truth:
    """What a careful user would find out about a role, in seconds and messages."""

    processing: float
    stddev: float
    patience: float
    per_dyno: float

    @classmethod
    def of(cls, scenario: Scenario) -> "Truth":
        """Return the true figures; `per_dyno` messages are the most a dyno can do in time."""
        processing = fmean(scenario.services) if len(scenario.services) else 1.0
        settings = scenario.settings
        left = settings.target_deadline - scenario.boot_time - processing
        slots = settings.concurrency
        return cls(
            processing=processing,
            stddev=pstdev(scenario.services) if len(scenario.services) else 0.0,
            patience=max(1.0, settings.target_deadline - processing),
            per_dyno=float(max(slots, int(slots * left / processing))),
        )


def guv(settings: Settings, samples: Sequence[Sample], now: float) -> int:
    """Return what guv decides, or the present number where it makes no decision."""
    decision = decide(settings, samples, now)
    return decision.desired if decision.desired is not None else samples[-1].dynos or 0


def of_policy(name: str, *, delay: float = 0.0, told: Settings | None = None) -> Scaler:
    """Return a policy alone, under settings of its own and with samples that are `delay` s old.

    Without an answer of the broker it does nothing, as every peer that reads one does.
    """
    policy = POLICIES[name]

    def scale(settings: Settings, samples: Sequence[Sample], now: float) -> int:
        recent = samples[-_REMEMBERED:]
        visible = [s for s in recent if s.at <= now - delay] if delay else recent
        current = samples[-1].dynos or 0
        if not visible or visible[-1].messages_ready is None:
            return current
        present = replace(visible[-1], dynos=current)
        dynos = policy(told or settings, [*visible[:-1], present], Estimates(), now).dynos
        return max(dynos, (told or settings).minimum_dynos)

    return scale


def _peer(
    name: str, policy: str, note: str, tune: Tune | Mapping[str, Value], *, keeps: int = 0
) -> Peer:
    """Return a peer that is a policy with parameters and never asks for less than `keeps` dynos."""

    def make(scenario: Scenario) -> Scaler:
        parameters = tune(scenario) if callable(tune) else tune
        least = min(max(keeps, scenario.settings.minimum_dynos), scenario.settings.maximum_dynos)
        told = replace(scenario.settings, policy_parameters=dict(parameters), minimum_dynos=least)
        return of_policy(
            policy, delay=_SEEN_LATE.get(name.split("-", maxsplit=1)[0], 0.0), told=told
        )

    return Peer(name, make, note)


def _old_guv(scenario: Scenario) -> Scaler:
    return of_policy("proportional", told=replace(scenario.settings, history=120.0, interval=30.0))


def _old_guv_tuned(scenario: Scenario) -> Scaler:
    truth = Truth.of(scenario)
    told = replace(
        scenario.settings,
        processing_time=truth.processing,
        processing_time_stddev=truth.stddev,
        history=max(120.0, 4 * scenario.boot_time),
    )
    return of_policy("proportional", told=told)


def _per_dyno(name: str, **more: Value) -> Tune:
    return lambda scenario: {name: Truth.of(scenario).per_dyno, **more}


def _step_of(scenario: Scenario) -> float:
    return float(ceil(scenario.settings.maximum_dynos / 5))


def _hirefire_latency(scenario: Scenario) -> Mapping[str, Value]:
    patience = Truth.of(scenario).patience
    return {
        **_HIREFIRE_LATENCY,
        "up_at": 0.4 * patience,
        "down_at": 0.05 * patience,
        "up_by": _step_of(scenario),
    }


def _judoscale(scenario: Scenario) -> Mapping[str, Value]:
    patience = Truth.of(scenario).patience
    return {
        "up_at": 0.4 * patience,
        "down_at": 0.05 * patience,
        "up_by": _step_of(scenario),
        "rest_up": 60.0,
        "down_after": 300.0,
        "keep_busy": Truth.of(scenario).processing > GRACE,
    }


def _vector(scenario: Scenario) -> Mapping[str, Value]:
    slots = scenario.settings.concurrency
    return {"highest": 0.9 * slots, "lowest": 0.5 * slots, "window": 120.0}


def _aws(scenario: Scenario) -> Mapping[str, Value]:
    truth = Truth.of(scenario)
    slots, told = scenario.settings.concurrency, scenario.settings.processing_time or 10.0
    wait = max(truth.patience - 60.0, 0.1 * truth.patience)
    return {"style": "aws", "acceptable_wait": wait * told / truth.processing if slots else wait}


_HIREFIRE: Mapping[str, Value] = {
    "count_running": False,
    "up_after": 1.0,
    "down_after": 2.0,
    "rest_up": 60.0,
    "rest_down": 60.0,
    "down_only_when_empty": True,
}
_HIREFIRE_LATENCY: Mapping[str, Value] = {
    "up_at": 30.0,
    "down_at": 5.0,
    "up_after": 10.0,
    "down_after": 120.0,
    "rest_up": 60.0,
    "keep_busy": False,
}
_JUDOSCALE: Mapping[str, Value] = {"wake": False}

_SEEN_LATE = {"judoscale": 10.0, "judoscale-tuned": 10.0}
"""Seconds by which a system's own figures are older than the broker's."""

PEERS = (
    Peer("guv", lambda _: guv, "what this project decides"),
    Peer("guv-0.3", _old_guv, "guv 0.3.1 as told, four polls of history"),
    Peer("guv-0.3-tuned", _old_guv_tuned, "the same, told the true figures"),
    _peer("workless", "ratio", "Workless, 100 jobs per worker", {}),
    _peer("workless-tuned", "ratio", "Workless, a fair ratio", _per_dyno("messages_per_dyno")),
    _peer(
        "dynosaur", "ratio", "the highest of 300 s, 100 per dyno",
        {"window": 300.0},
    ),
    _peer(
        "dynosaur-tuned", "ratio", "the same, a fair ratio",
        _per_dyno("messages_per_dyno", window=300.0),
    ),
    _peer("hirefire", "ratio", "HireFire job queue, 100 per dyno, down from empty", _HIREFIRE),
    _peer(
        "hirefire-tuned", "ratio", "the same, a fair ratio, down at once",
        _per_dyno("messages_per_dyno", **{**_HIREFIRE, "down_only_when_empty": False}),
    ),
    _peer("hirefire-latency", "latency", "HireFire job latency 30 s and 5 s", _HIREFIRE_LATENCY),
    _peer(
        "hirefire-latency-tuned", "latency", "the same at 0.4 and 0.05 of the patience",
        _hirefire_latency,
    ),
    _peer("judoscale", "latency", "Judoscale queue time, 10 s late", _JUDOSCALE),
    _peer("judoscale-tuned", "latency", "the same, fair thresholds and steps", _judoscale),
    _peer(
        "heroku-vector", "band", "Heroku Vector's example: 0.5 to 3 busy per dyno",
        {"window": 300.0}, keeps=2,
    ),
    _peer("heroku-vector-tuned", "band", "the same, 0.5 to 0.9 of the slots", _vector, keeps=1),
    _peer("keda", "target_tracking", "KEDA + HPA, 20 per dyno", {"style": "hpa"}),
    _peer(
        "keda-tuned", "target_tracking", "the same, a fair number",
        _per_dyno("messages_per_dyno", style="hpa"),
    ),
    _peer(
        "aws", "target_tracking", "AWS backlog per instance for the deadline",
        {"style": "aws"}, keeps=1,
    ),
    _peer("aws-tuned", "target_tracking", "the same, a minute and a job less", _aws, keeps=1),
    _peer("on-off", "on_off", "one worker while there is work", {}),
    _peer(
        "on-off-maximum", "on_off", "the maximum while there is work",
        lambda scenario: {"dynos": float(scenario.settings.maximum_dynos)},
    ),
    _peer(
        "fixed-maximum", "fixed", "always the maximum",
        lambda scenario: {"dynos": float(scenario.settings.maximum_dynos)},
    ),
)  # fmt: skip
"""All of them, guv first."""
