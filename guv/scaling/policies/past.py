"""The past of a role as policies ask for it.

Every function takes samples from old to new and reads no more of them than it needs.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from guv.scaling.model import Sample


def backlog(sample: Sample) -> int | None:
    """Return the messages ready and unacknowledged; None where either is unknown."""
    if sample.messages_ready is None or sample.messages_unacknowledged is None:
        return None
    return sample.messages_ready + sample.messages_unacknowledged


def window(samples: Sequence[Sample], seconds: float, now: float) -> Sequence[Sample]:
    """Return the samples of the last `seconds`, the earliest instant included."""
    first = bisect_left(samples, now - seconds, key=lambda sample: sample.at)
    return samples[first:]


def is_resting(changed_at: float | None, rest: float, now: float) -> bool:
    """Return whether fewer than `rest` seconds have passed since the change, if there was one."""
    return changed_at is not None and now - changed_at < rest


class Ages:
    """How long has the oldest waiting message waited? Read off the counter of published messages.

    With P published and R still ready in a first-in-first-out queue, the oldest of them was the
    one after P - R; it was published when the counter passed that number.
    """

    def __init__(self, samples: Sequence[Sample]) -> None:
        counted = [sample for sample in samples if sample.published is not None]
        start = 0
        for number, (earlier, later) in enumerate(pairwise(counted), 1):
            if (later.published or 0) < (earlier.published or 0):
                start = number  # the counter began anew: what was before tells nothing
        self._instants = [sample.at for sample in counted[start:]]
        self._published = [sample.published or 0 for sample in counted[start:]]

    def of(self, sample: Sample) -> float | None:
        """Return its age in seconds at that sample, 0 when none waits; None: unknown.

        Where it was published before the first sample, the age is at least what is returned.
        """
        if sample.messages_ready == 0:
            return 0.0
        if sample.messages_ready is None or sample.published is None or not self._instants:
            return None
        number = sample.published - sample.messages_ready + 1
        place = bisect_left(self._published, number)
        if place >= len(self._published):
            return None
        return max(0.0, sample.at - self._passed(place, number))

    def _passed(self, place: int, number: int) -> float:
        if place == 0:
            return self._instants[0]
        before, after = self._published[place - 1], self._published[place]
        start, end = self._instants[place - 1], self._instants[place]
        return start + (end - start) * (number - before) / (after - before)
