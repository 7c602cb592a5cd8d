"""Changes of the number of dynos: those that guv recorded, and those that samples show."""

from collections.abc import Iterator, Sequence

from guv.scaling.model import Change, Memory, Sample


def last_change(samples: Sequence[Sample], memory: Memory, direction: int = 0) -> float | None:
    """Return when the dynos were last changed, Unix seconds; None where no change is known.

    Args:
        samples: From old to new; a change shows in the sample after the decision, so the instant
            of the last known count before it is taken. Unknown counts are passed over.
        memory: What guv recorded of its own changes; those count whatever the samples show.
        direction: 1 counts only changes up, -1 only changes down, 0 both.
    """
    recorded = (change for change in reversed(memory.changes) if _goes(change, direction))
    shown = (change for change in _shown(samples) if _goes(change, direction))
    latest = [change.at for change in (next(recorded, None), next(shown, None)) if change]
    return max(latest, default=None)


def changes_since(samples: Sequence[Sample], since: float, memory: Memory) -> int:
    """Return how many changes of the dynos are known since an instant (Unix seconds).

    A change that the samples show is one that guv recorded where a recorded one lies between the
    two known counts; else somebody else made it, or it was never recorded.
    """
    recorded = sum(1 for change in memory.changes if change.at >= since)
    shown = [change for change in _shown(samples) if change.at >= since]
    return recorded + sum(1 for change in shown if not _is_recorded(change, memory))


def _shown(samples: Sequence[Sample]) -> Iterator[Change]:
    """Changes between neighboring known counts, from new to old."""
    later: Sample | None = None
    for sample in reversed(samples):
        if sample.dynos is None:
            continue
        if later is not None and later.dynos is not None and later.dynos != sample.dynos:
            yield Change(sample.at, sample.dynos, later.dynos, seen_at=later.at)
        later = sample


def _is_recorded(shown: Change, memory: Memory) -> bool:
    seen_at = shown.at if shown.seen_at is None else shown.seen_at
    return any(shown.at <= change.at <= seen_at for change in memory.changes)


def _goes(change: Change, direction: int) -> bool:
    return (change.after - change.before) * direction >= 0
