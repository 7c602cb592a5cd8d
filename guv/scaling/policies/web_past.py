"""When may web dynos go up and down? Up at once, down when fewer were enough for a while."""

from collections.abc import Callable, Sequence

from guv.scaling.model import Reason, Sample, Settings, Wish
from guv.scaling.policies.past import window
from guv.scaling.web.load import highest

Need = Callable[[Sample], int | None]
SHORT_OF_SAMPLES = 0.75  # of the window must be there, as by the interval


def settled(
    settings: Settings, samples: Sequence[Sample], need: Need, now: float, why: Wish
) -> Wish:
    """The wish for what is needed now; down only to the most that was needed lately.

    Args:
        settings: `history` says how long lately is.
        samples: From old to new; the last one's dynos are known.
        need: The dynos that a sample asks for; None: it does not say.
        now: Unix seconds.
        why: The need of the present sample, with its reason and note for going up.
    """
    current = samples[-1].dynos or 0
    if why.dynos >= current:
        return why if why.dynos > current else Wish(current, Reason.STEADY, why.note)
    recent = window(samples, settings.history, now)
    if any(one.web is not None and one.web.lost for one in recent):
        return Wish(current, Reason.NO_DATA, "log lines were lost, so there may be more requests")
    most = highest([need(sample) for sample in recent])
    few = len(recent) * settings.interval < SHORT_OF_SAMPLES * settings.history
    if most is None or few:
        return Wish(current, Reason.STABILIZED, "too little is known of the last minutes")
    if most >= current:
        return Wish(current, Reason.STABILIZED, f"{why.dynos} now, lately up to {most}")
    return Wish(most, Reason.IDLE, why.note)
