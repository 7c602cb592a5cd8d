"""Reconciliation of a broker's counters: what several claims say together.

A reading is a claim with a source. Three claims describe the same flow: the counter of published
messages, the counter of finished ones, and the backlog. What went in, less what went out, is what
is there, so `published - finished - backlog` stays the same as long as all three are honest. Where
it drifts, one claim is short: messages that arrive through a dead-letter exchange or a delay are
not counted as published, messages that are rejected or expire are not counted as finished. What
moved cannot lie, so the short counter is made up from the two others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from guv.scaling.estimate.cleaning import backlog_of, is_counted
from guv.scaling.model import Sample, Settings

# Seconds by which a broker's statistics may lag behind its live depths (RabbitMQ: one emission
# every 5 s). Drift that this lag can explain is no contradiction.
STATISTICS_LAG = 5.0
# Samples without consumers that show messages being taken, before the consumers are unknown: one
# or two may only be older than the depths beside them.
TAKEN_WITHOUT_CONSUMERS = 3
# Changes of the backlog under counters that stand still, before the counters are unknown.
MOVES_UNDER_FLAT_COUNTERS = 3
# A finished counter that grows by more than this multiple of what all slots could finish did not
# count work: it jumped, or messages were purged or expired.
BEYOND_CAPACITY = 4.0
# Part of a flow that must be unaccounted for before a person is told.
WORTH_A_NOTICE = 0.05
FEW_MESSAGES = 10

# Seconds for which counters must stand still: statistics may be half a minute old on a busy broker.
FLAT_S = 45.0
STRIDE = 16  # Samples between those that are looked at first.
SHORTEST_MESSAGE = 0.01  # seconds that a slot needs for the shortest message worth a queue

_published_of: Callable[[Sample], int | None] = attrgetter("published")
_served_of: Callable[[Sample], int | None] = attrgetter("served")


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Samples whose claims agree, and what had to be set aside for that.

    Attributes:
        samples: The samples, old to new; a claim that is not believed is made up or unknown.
        arrival_source: "published" where that counter was believed, "finished and waiting" where
            arrivals were told from what was finished and what waits, "backlog" where no counter
            was usable.
        notices: Sentences for a person, one for each claim that was set aside.
    """

    samples: Sequence[Sample]
    arrival_source: str = "published"
    notices: tuple[str, ...] = ()


def reconcile(settings: Settings, samples: Sequence[Sample]) -> Reconciled:
    """Return the samples with claims that contradict each other reconciled or set aside.

    Args:
        settings: Sound settings; concurrency and the told processing time bound what slots can do.
        samples: Clean samples, old to new.
    """
    notices: list[str] = []
    samples = _with_believed_consumers(samples, notices)
    flat_since = _flat_since(samples)
    if flat_since is not None:
        notices.append(
            "the broker's counters of published and finished messages stand still while the queue"
            " moves, so they are unknown; the backlog decides"
        )
        unknown = [replace(s, published=None, served=None) for s in samples[flat_since:]]
        samples = [*samples[:flat_since], *unknown]
    flows = _flows(settings, samples)
    if flows is None:
        return Reconciled(samples, _source_of(samples[-1]), tuple(notices))
    notices += _notices_of(flows)
    return Reconciled(_with_flows(samples, flows), _source_of_flows(flows), tuple(notices))


class _Flows(NamedTuple):
    """What went in and out between samples, as believed.

    Attributes:
        published: Messages in, by sample; the first is 0.
        served: Messages that slots finished, by sample; the first is 0.
        uncounted_in: Messages in that the published counter does not have.
        uncounted_out: Messages out that the finished counter does not have.
        set_aside: Messages by which a counter jumped or was purged, which nobody worked on.
    """

    published: list[int]
    served: list[int]
    uncounted_in: int
    uncounted_out: int
    set_aside: int


def _with_believed_consumers(samples: Sequence[Sample], notices: list[str]) -> Sequence[Sample]:
    """Set a count of no consumers aside where messages are taken all the same."""
    if all(sample.consumers != 0 for sample in samples):
        return samples
    contradicted = [
        after.consumers == 0
        and (bool(after.messages_unacknowledged) or _rises(_served_of, before, after))
        for before, after in pairwise((samples[0], *samples))
    ]
    if sum(contradicted) < TAKEN_WITHOUT_CONSUMERS:
        return samples
    notices.append(
        "the broker shows no consumers, though messages are taken (as basic.get does), so their"
        " number is unknown"
    )
    is_never_shown = not any(sample.consumers for sample in samples)
    return [
        replace(sample, consumers=None)
        if sample.consumers == 0 and (is_never_shown or is_contradicted)
        else sample
        for sample, is_contradicted in zip(samples, contradicted, strict=True)
    ]


def _flat_since(samples: Sequence[Sample]) -> int | None:
    """Return from which sample on the counters stand still though the backlog moves, if so."""
    last = samples[-1]
    if last.published is None and last.served is None:
        return None
    moves, first = 0, len(samples) - 1
    for index in range(len(samples) - 1, 0, -1):
        before, after = samples[index - 1], samples[index]
        if (before.published, before.served) != (last.published, last.served):
            break
        first = index - 1
        if is_counted(before) and is_counted(after):
            moves += backlog_of(before) != backlog_of(after)
    is_flat = moves >= MOVES_UNDER_FLAT_COUNTERS and last.at - samples[first].at >= FLAT_S
    # The sample before the first flat one is the last that counted something.
    return first + 1 if is_flat and first else first if is_flat else None


def _flows(settings: Settings, samples: Sequence[Sample]) -> _Flows | None:
    """Return what went in and out as all claims together say; None: they agree, or one is missing.

    Claims that agree at the newest samples and at every `STRIDE`th older one agree: honest brokers
    cost a decision next to nothing.
    """
    if _agree([*samples[::STRIDE], *samples[-STRIDE:]]):
        return None
    ledger = _Ledger(_band(samples))
    published = [0]
    served = [0]
    for before, after in pairwise(samples):
        ledger.enter(before, after, _capacity(settings, before, after))
        published.append(ledger.came)
        served.append(ledger.worked)
    if not (ledger.uncounted_in or ledger.uncounted_out or ledger.set_aside):
        return None
    return _Flows(published, served, ledger.uncounted_in, ledger.uncounted_out, ledger.set_aside)


def _agree(samples: Sequence[Sample]) -> bool:
    """Return whether the claims of these samples differ by no more than the statistics lag."""
    drifts = [
        sample.published - sample.served - backlog_of(sample)
        for sample in samples
        if sample.published is not None and sample.served is not None and is_counted(sample)
    ]
    return not drifts or max(drifts) - min(drifts) <= _band(samples)


@dataclass(slots=True)
class _Ledger:
    """Messages in and out, added up from sample to sample.

    What drifts within `band` of where the claims agreed last may be the lag of the statistics: the
    line is drawn only where the drift leaves that band, and then follows its edge, so that neither
    a lag that comes and goes nor its size is ever counted as messages.
    """

    band: float
    came: int = 0
    worked: int = 0
    uncounted_in: int = 0
    uncounted_out: int = 0
    set_aside: int = 0
    drift: float = 0.0
    line: float = 0.0

    def enter(self, before: Sample, after: Sample, capacity: float) -> None:
        """Add what happened between two samples; `capacity` is the most that slots could finish."""
        came, worked = _change(_published_of, before, after), _change(_served_of, before, after)
        if came is None or worked is None or not (is_counted(before) and is_counted(after)):
            self._enter_by_backlog(before, after, came, worked)
            return
        if worked > capacity:
            self.set_aside += worked
            worked = 0
        change = backlog_of(after) - backlog_of(before)
        self.drift += came - worked - change
        missing, extra = 0, 0
        if self.drift < self.line - self.band:
            missing = round(self.line - self.band - self.drift)
            self.line -= missing
        elif self.drift > self.line + self.band:
            extra = round(self.drift - self.line - self.band)
            self.line += extra
        if worked + extra > capacity:  # purged or expired, or the published counter jumped
            self.set_aside += extra
            came = min(came, max(0, worked + change))
            extra = 0
        self.uncounted_in += missing
        self.uncounted_out += extra
        self.came += came + missing
        self.worked += worked + extra

    def _enter_by_backlog(
        self, before: Sample, after: Sample, came: int | None, worked: int | None
    ) -> None:
        """Add what one counter and the backlog say where the other was reset or is missing."""
        change = 0
        if is_counted(before) and is_counted(after):
            change = backlog_of(after) - backlog_of(before)
        if came is None:
            came = max(0, (worked or 0) + change)
        if worked is None:
            worked = max(0, came - change)
        self.came += came
        self.worked += worked


def _with_flows(samples: Sequence[Sample], flows: _Flows) -> list[Sample]:
    """Return the samples with counters that run on from the first ones by the believed flows."""
    first_in = next((s.published for s in samples if s.published is not None), 0)
    first_out = next((s.served for s in samples if s.served is not None), 0)
    return [
        replace(
            sample,
            published=None if sample.published is None else first_in + came,
            served=None if sample.served is None else first_out + worked,
        )
        for sample, came, worked in zip(samples, flows.published, flows.served, strict=True)
    ]


def _capacity(settings: Settings, before: Sample, after: Sample) -> float:
    """Return the most messages that all slots could finish between two samples.

    A told processing time says how many that are. Without one, a slot is only known not to be
    faster than a message in a hundredth of a second.
    """
    dynos = max(before.dynos or 0, after.dynos or 0)
    running = max(before.messages_unacknowledged or 0, after.messages_unacknowledged or 0)
    slots = max(dynos * settings.concurrency, running)
    pace = settings.processing_time or SHORTEST_MESSAGE / BEYOND_CAPACITY
    return BEYOND_CAPACITY * (slots * (after.at - before.at) / pace + slots) + FEW_MESSAGES


def _band(samples: Sequence[Sample]) -> float:
    """Return the drift that the lag of the statistics explains; none of a counter that rests."""
    seconds = samples[-1].at - samples[0].at
    published, served = _moved(_published_of, samples), _moved(_served_of, samples)
    if seconds <= 0 or not (published and served):
        return 0.0
    return STATISTICS_LAG * max(published, served) / seconds


def _moved(counter: Callable[[Sample], int | None], samples: Sequence[Sample]) -> int:
    values = [value for value in map(counter, samples) if value is not None]
    return sum(later - earlier for earlier, later in pairwise(values) if later > earlier)


def _change(counter: Callable[[Sample], int | None], before: Sample, after: Sample) -> int | None:
    """Return by how much the counter rose; None where it is missing or was reset."""
    earlier, later = counter(before), counter(after)
    return None if earlier is None or later is None or later < earlier else later - earlier


def _rises(counter: Callable[[Sample], int | None], before: Sample, after: Sample) -> bool:
    return bool(_change(counter, before, after))


def _source_of(last: Sample) -> str:
    if last.published is not None:
        return "published"
    return "finished and waiting" if last.served is not None else "backlog"


def _source_of_flows(flows: _Flows) -> str:
    return "finished and waiting" if _is_notable(flows.uncounted_in, flows) else "published"


def _is_notable(messages: int, flows: _Flows) -> bool:
    total = max(flows.published[-1], flows.served[-1])
    return messages >= FEW_MESSAGES and messages > WORTH_A_NOTICE * total


def _notices_of(flows: _Flows) -> list[str]:
    notices = []
    if _is_notable(flows.uncounted_in, flows):
        notices.append(
            f"{flows.uncounted_in} of {flows.published[-1]} messages arrived without being counted"
            " as published (dead letters, delayed or moved messages do), so arrivals are told"
            " from what was finished and what waits"
        )
    if _is_notable(flows.uncounted_out, flows):
        notices.append(
            f"{flows.uncounted_out} of {flows.served[-1]} messages left the queue without being"
            " acknowledged (rejected or expired ones do); they count as work"
        )
    if _is_notable(flows.set_aside, flows):
        notices.append(
            f"a counter jumped by {flows.set_aside} messages, more than the dynos could have"
            " worked on, so the jump is set aside; the backlog decides"
        )
    return notices
