"""When did the number of dynos change? Read from the history, so that a restart forgets nothing."""

from collections.abc import Sequence
from itertools import pairwise

from guv.scaling.model import Memory, Sample


def last_change(samples: Sequence[Sample], memory: Memory | None = None) -> float | None:
    """When the dynos last changed, Unix seconds; None where nothing is known of a change.

    The sample before the one that shows it counts: that was when it was asked for.
    """
    for index in range(len(samples) - 1, 0, -1):
        if _differs(samples[index - 1], samples[index]):
            return samples[index - 1].at
    return max(memory.changed_at, default=None) if memory is not None else None


def changes_since(samples: Sequence[Sample], since: float, memory: Memory) -> int:
    """Changes of the dynos asked for since an instant (Unix seconds)."""
    pairs, first = pairwise(samples), samples[0].at
    shown = sum(1 for before, after in pairs if before.at >= since and _differs(before, after))
    return shown + sum(1 for at in memory.changed_at if since <= at < first)


def _differs(before: Sample, after: Sample) -> bool:
    return None not in (before.dynos, after.dynos) and before.dynos != after.dynos
