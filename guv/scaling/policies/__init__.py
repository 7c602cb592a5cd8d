"""The ways of scaling, one file each: settings, history, estimates and the time in, a wish out.

A policy is a pure function. It gets the role's samples from old to new (the last one is the
present, with its counts known) and keeps no state: whatever it needs of the past it reads from
the history, so a restart changes nothing.
"""

from collections.abc import Callable, Sequence

from guv.scaling.model import Estimates, Sample, Settings, Wish
from guv.scaling.policies.deadline import deadline

Policy = Callable[[Settings, Sequence[Sample], Estimates, float], Wish]

POLICIES: dict[str, Policy] = {"deadline": deadline}
