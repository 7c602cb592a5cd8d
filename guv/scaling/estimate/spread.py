"""How much do service times differ? From the unrest of what full slots finish."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

BLOCK = 60.0  # seconds of full slots that are counted together, at least
BLOCK_SERVICES = 4.0  # and so many service times
FEWEST_BLOCKS = 4
TOLD_BLOCKS = 40.0  # a told spread counts as much as so many measured blocks
PRIOR_BLOCKS = 8.0
LEAST, MOST = 0.04, 16.0  # squared variations that are believed


class Stretch(NamedTuple):
    """What two neighboring samples show: the work between them, and how sure it is.

    Attributes:
        seconds: Time between them.
        slot_seconds: Seconds that slots were busy, added up.
        finished: Messages finished.
        seen: Messages that the work is sure by. Where slots came or went, or the queue ran empty
            or filled up, the two ends say little of what was between.
        is_full: Whether every slot was busy all the time.
    """

    seconds: float
    slot_seconds: float
    finished: float
    seen: float = 0.0
    is_full: bool = True


def squared_variation(
    stretches: Sequence[Stretch], service_time: float, prior: float, weight: float
) -> float:
    """Squared coefficient of variation of the service times, the prior corrected by the blocks.

    Busy slots finish messages as renewal processes do: in the long run the number finished has a
    variance of its mean times the squared variation of a service time.

    Args:
        stretches: Stretches of full slots, in a row.
        service_time: Mean service time in seconds.
        prior: The squared variation that was told or is usual.
        weight: Blocks that the prior counts for.
    """
    blocks = _blocks(stretches, max(BLOCK, BLOCK_SERVICES * service_time))
    if len(blocks) < FEWEST_BLOCKS:
        return prior
    finished = sum(block.finished for block in blocks)
    work = sum(block.slot_seconds for block in blocks)
    if finished <= 0.0 or work <= 0.0:
        return prior
    pace = finished / work
    # Neighbors are compared, so that a pace which changes slowly is no spread.
    unrest = sum(
        (later.finished / later.slot_seconds - earlier.finished / earlier.slot_seconds) ** 2
        / (pace / later.slot_seconds + pace / earlier.slot_seconds)
        for later, earlier in pairwise(blocks)
    )
    mixed = (weight * prior + unrest) / (weight + len(blocks) - 1.0)
    return min(max(mixed, LEAST), MOST)


def _blocks(stretches: Sequence[Stretch], length: float) -> list[Stretch]:
    blocks: list[Stretch] = []
    seconds = slot_seconds = finished = 0.0
    for stretch in stretches:
        seconds += stretch.seconds
        slot_seconds += stretch.slot_seconds
        finished += stretch.finished
        if seconds >= length:
            blocks.append(Stretch(seconds, slot_seconds, finished))
            seconds = slot_seconds = finished = 0.0
    return blocks
