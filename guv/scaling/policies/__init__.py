"""The ways of scaling: settings, history, estimates and the time in, a wish out.

A policy is a pure function. It gets the role's samples from old to new (the last one is the
present, with its counts known) and keeps no state: whatever it needs of the past it reads from
the history, so a restart changes nothing.
"""

from collections.abc import Mapping

from guv.scaling.model import Policy
from guv.scaling.policies import band, latency, proportional, ratio, schedule, target_tracking, web
from guv.scaling.policies.deadline import deadline
from guv.scaling.policies.parameters import Parameter

_REGISTRY: Mapping[str, tuple[Policy, tuple[Parameter, ...]]] = {
    "deadline": (deadline, ()),
    "proportional": (proportional.proportional, proportional.PARAMETERS),
    "ratio": (ratio.ratio, ratio.PARAMETERS),
    "band": (band.band, band.BAND),
    "latency": (latency.latency, latency.PARAMETERS),
    "on_off": (band.on_off, band.ON_OFF),
    "target_tracking": (target_tracking.target_tracking, target_tracking.PARAMETERS),
    "schedule": (schedule.schedule, schedule.SCHEDULE),
    "fixed": (schedule.fixed, schedule.FIXED),
    "response_time": (web.response_time, web.RESPONSE_TIME),
    "requests": (web.requests, web.REQUESTS),
    "utilization": (web.utilization, web.UTILIZATION),
}
POLICIES: Mapping[str, Policy] = {name: policy for name, (policy, _) in _REGISTRY.items()}
PARAMETERS: Mapping[str, tuple[Parameter, ...]] = {
    name: parameters for name, (_, parameters) in _REGISTRY.items()
}

WEB = frozenset({"response_time", "requests", "utilization"})  # policies that look at requests
ANY = frozenset({"schedule", "fixed"})  # policies that look at neither requests nor messages
