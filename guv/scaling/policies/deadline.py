"""The deadline policy: every message in time, with the fewest dynos and few changes."""

from collections.abc import Sequence

from guv.scaling.demand.forecast import EPSILON, outlook
from guv.scaling.demand.gain import no_gain, not_consuming, not_finishing
from guv.scaling.demand.scale_down import fewer, is_known_enough
from guv.scaling.demand.scale_up import by_burst, by_curve, by_risk, needed_extra, useful
from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish


def deadline(
    settings: Settings, samples: Sequence[Sample], estimates: Estimates, now: float
) -> Wish:
    """The fewest dynos that keep every deadline, see docs/scaling-model.md."""
    view = outlook(settings, samples, estimates, now)
    asked = min(max(by_curve(view), by_risk(view)), useful(settings, estimates, view))
    asked = max(asked, by_burst(view))
    if asked > view.dynos:
        found = (one(samples, estimates) for one in (no_gain, not_consuming, not_finishing))
        why = next(filter(None, found), "")
        if why:
            return Wish(view.dynos, Reason.NO_GAIN, why)
        return Wish(asked, Reason.DEADLINE, f"{asked - view.dynos} more for the deadline")
    if asked == view.dynos and needed_extra(view, view.boot) > EPSILON:
        return Wish(view.dynos, Reason.STEADY, "the deadline leaves time to ask later")
    if view.dynos == 0:
        return Wish(0, Reason.STEADY, "nothing has to run")
    if not is_known_enough(settings, samples, estimates):
        return Wish(view.dynos, Reason.STEADY, "the history is too short to go down")
    return fewer(view, estimates)
