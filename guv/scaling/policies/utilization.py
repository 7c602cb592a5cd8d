"""So large a share of the web dynos' slots in use: by Little's law, rate times response."""

from collections.abc import Sequence
from math import ceil

from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish
from guv.scaling.policies.parameters import Number, Parameter
from guv.scaling.policies.web_past import settled

SHARE = Number("utilization", 0.6, "share", "of the slots that are to be in use", 0.05, 0.95)
PARAMETERS: tuple[Parameter, ...] = (SHARE,)


def utilization(settings: Settings, samples: Sequence[Sample], _: Estimates, now: float) -> Wish:
    """The dynos of whose slots that share is in use."""
    each = settings.concurrency * SHARE.of(settings)

    def need(sample: Sample) -> int | None:
        busy = None if sample.web is None else sample.web.busy
        return None if busy is None else max(1, ceil(busy / each))

    reading, wanted = samples[-1].web, need(samples[-1])
    if reading is None or wanted is None:
        return Wish(samples[-1].dynos or 0, Reason.NO_DATA, "the mean response time is unknown")
    note = (
        f"{reading.busy or 0.0:.1f} requests at the same time,"
        f" {each:g} for each dyno of {settings.concurrency} slots"
    )
    return settled(settings, samples, need, now, Wish(wanted, Reason.ARRIVALS, note))
