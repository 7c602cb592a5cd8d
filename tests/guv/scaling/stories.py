"""Stories of a role, told as plain rows: what was counted when, and what guv makes of it."""

from collections.abc import Mapping, Sequence
from itertools import pairwise, repeat
from typing import Any, NamedTuple

from guv.scaling import Decision, Sample, Settings, decide

START = 1_767_571_200.0  # Unix seconds of a story's beginning


class Row(NamedTuple):
    """What was counted `at` seconds into a story; None is unknown.

    Unknown dynos of a row with `FOLLOWED` are those that guv asked for at the row before.
    """

    at: float
    ready: int | None
    running: int | None
    consumers: int | None
    published: int | None
    served: int | None
    dynos: int | None


FOLLOWED = -1


def no_answer(at: float, dynos: int | None) -> Row:
    """A row of a broker that does not answer."""
    return Row(at, None, None, None, None, None, dynos)


def role(**others: Any) -> Settings:
    """Settings of most stories, but for those given."""
    usual: dict[str, Any] = {
        "processing_time": 10.0,
        "target_deadline": 60.0,
        "boot_time": 30.0,
        "minimum_dynos": 1,
        "maximum_dynos": 20,
        "interval": 30.0,
    }
    return Settings(**{**usual, **others})


def sample(row: Row, start: float = START) -> Sample:
    """The row as a sample."""
    return Sample(
        at=start + row.at,
        messages_ready=row.ready,
        messages_unacknowledged=row.running,
        published=row.published,
        served=row.served,
        consumers=row.consumers,
        dynos=row.dynos,
    )


def tell(settings: Settings, rows: Sequence[Row], start: float = START) -> Mapping[float, Decision]:
    """The decision at each row, by its seconds, each made from the rows until then."""
    history: list[Sample] = []
    told: dict[float, Decision] = {}
    asked: int | None = None
    for row in rows:
        known = row._replace(dynos=asked) if row.dynos == FOLLOWED else row
        history.append(sample(known, start))
        decision = told[row.at] = decide(settings, history, start + row.at)
        asked = decision.desired
    return told


def every(seconds: float, rows: Sequence[Row]) -> list[Row]:
    """The same story with rows in between, on a straight line; dynos stay as they were."""
    filled: list[Row] = []
    for row, following in pairwise(rows):
        filled.append(row)
        at = row.at + seconds
        while at < following.at:
            part = (at - row.at) / (following.at - row.at)
            counts = map(_between, row[1:6], following[1:6], repeat(part))
            filled.append(Row._make((at, *counts, row.dynos)))
            at += seconds
    return [*filled, rows[-1]]


def counts_of(told: Mapping[float, Decision], since: float, until: float) -> list[int | None]:
    """The dynos asked for between two instants of a story, both included."""
    return [decision.desired for at, decision in told.items() if since <= at <= until]


def _between(before: int | None, after: int | None, part: float) -> int | None:
    if before is None or after is None:
        return before
    return before + int(part * (after - before))
