"""The ways of scaling, one file each: settings, history, estimates and the time in, a wish out.

A policy is a pure function. It gets the role's samples from old to new (the last one is the
present, with its counts known) and keeps no state: whatever it needs of the past it reads from
the history, so a restart changes nothing.
"""

from collections.abc import Callable, Sequence

from guv.scaling.model import Estimates, Sample, Settings, Wish
from guv.scaling.policies import (
    band,
    fixed,
    latency,
    on_off,
    proportional,
    ratio,
    requests,
    response_time,
    schedule,
    target_tracking,
    utilization,
)
from guv.scaling.policies.deadline import deadline
from guv.scaling.policies.parameters import Parameter

Policy = Callable[[Settings, Sequence[Sample], Estimates, float], Wish]

POLICIES: dict[str, Policy] = {
    "deadline": deadline,
    "proportional": proportional.proportional,
    "ratio": ratio.ratio,
    "band": band.band,
    "latency": latency.latency,
    "on_off": on_off.on_off,
    "target_tracking": target_tracking.target_tracking,
    "schedule": schedule.schedule,
    "fixed": fixed.fixed,
    "response_time": response_time.response_time,
    "requests": requests.requests,
    "utilization": utilization.utilization,
}

PARAMETERS: dict[str, tuple[Parameter, ...]] = {
    "deadline": (),
    "proportional": proportional.PARAMETERS,
    "ratio": ratio.PARAMETERS,
    "band": band.PARAMETERS,
    "latency": latency.PARAMETERS,
    "on_off": on_off.PARAMETERS,
    "target_tracking": target_tracking.PARAMETERS,
    "schedule": schedule.PARAMETERS,
    "fixed": fixed.PARAMETERS,
    "response_time": response_time.PARAMETERS,
    "requests": requests.PARAMETERS,
    "utilization": utilization.PARAMETERS,
}

WEB = frozenset({"response_time", "requests", "utilization"})  # on requests
ANY = frozenset({"schedule", "fixed"})  # on neither requests nor messages
