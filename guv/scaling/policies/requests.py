"""So many requests a second for each web dyno: for apps whose limit is known by a load test."""

from collections.abc import Sequence
from math import ceil

from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish
from guv.scaling.policies.parameters import Number, Parameter
from guv.scaling.policies.web_past import settled

PER_DYNO = Number("requests_per_dyno", 10.0, "1/s", "requests a second that a dyno is for", 1e-3)
PARAMETERS: tuple[Parameter, ...] = (PER_DYNO,)


def requests(settings: Settings, samples: Sequence[Sample], _: Estimates, now: float) -> Wish:
    """The dynos that the present rate of requests is divided by."""
    each = PER_DYNO.of(settings)

    def need(sample: Sample) -> int | None:
        return None if sample.web is None else max(1, ceil(sample.web.rate / each))

    reading, wanted = samples[-1].web, need(samples[-1])
    if reading is None or wanted is None:
        return Wish(samples[-1].dynos or 0, Reason.NO_DATA, "the requests are unknown")
    note = f"{reading.rate:.3g} requests a second, {each:g} for each dyno"
    return settled(settings, samples, need, now, Wish(wanted, Reason.ARRIVALS, note))
