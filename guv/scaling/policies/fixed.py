"""A fixed number of dynos, whatever the load: what a role has without a scaler."""

from collections.abc import Sequence

from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish
from guv.scaling.policies.parameters import Number, Parameter

DYNOS = Number("dynos", -1.0, "dynos", "how many; the role's minimum where it is not set", -1.0)

PARAMETERS: tuple[Parameter, ...] = (DYNOS,)


def fixed(settings: Settings, _: Sequence[Sample], __: Estimates, ___: float) -> Wish:
    """The number that was set."""
    dynos = int(DYNOS.of(settings))
    if dynos < 0:
        return Wish(settings.minimum_dynos, Reason.MINIMUM, "as many as the minimum")
    return Wish(dynos, Reason.STEADY, f"always {dynos}")
