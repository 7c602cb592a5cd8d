"""Policies of web roles: response time, requests per dyno, utilization.

From the mean response, the load of each dyno and its slots follows what a request would take with
nobody else there (`guv.scaling.web.load`); from that, the response with any number of dynos, and
the percentile in proportion. Dynos that cannot help are not asked for: where the response would
miss the target on an idle dyno, or where the last increase made nothing faster.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from guv.scaling.estimate.estimate import last_change
from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish
from guv.scaling.policies.parameters import Number, Parameter, Text
from guv.scaling.policies.past import is_resting, window
from guv.scaling.web.load import OVERLOADED, highest, response_at, service_from

Need = Callable[[Sample], int | None]
SHORT_OF_SAMPLES = 0.75  # Share of the window's samples that must be there before going down.
TARGET = Number("response_time", 0.5, "s", "that the percentile of requests must keep", 1e-3, 60.0)
PERCENTILE = Text("response_percentile", "p95", "which", ("p50", "p95", "p99"))
RESPONSE_TIME: tuple[Parameter, ...] = (TARGET, PERCENTILE)

LEAST = 20  # Fewest requests that say something about a percentile.
ROOM = 0.8  # Share of the target that fewer dynos must keep.
CALM = 0.7  # Share of the slots in use below which more dynos would not be faster.
UNSEEN = 1.5  # Arrivals may exceed what overloaded dynos finish by this factor.
MOST = 1000  # Most dynos that are tried.
SAME = 1.25  # Two loads are alike when they differ by at most this factor.
FASTER = 0.9  # An increase must bring the response time below this share of the earlier one.
# Requests given up on while less than this share of slots is used are slow by themselves.
HALF = 0.5
MORE = 1.05  # Factor by which overloaded dynos must finish more after an increase.
FEWER = 0.8  # Below this share of the earlier requests, the load is another one.
SETTLED = 80.0  # Seconds after an increase until it shows: a boot, and a reading after it.
LONGEST = 300.0  # Seconds for which an overload is looked back on.
DRAINED = 4.0  # Response times of an overload until what had piled up is answered.
PER_DYNO = Number("requests_per_dyno", 10.0, "1/s", "requests a second that a dyno is for", 1e-3)
REQUESTS: tuple[Parameter, ...] = (PER_DYNO,)
SHARE = Number("utilization", 0.6, "share", "of the slots that are to be in use", 0.05, 0.95)
UTILIZATION: tuple[Parameter, ...] = (SHARE,)


def settled(
    settings: Settings, samples: Sequence[Sample], need: Need, now: float, why: Wish
) -> Wish:
    """Ask for what is needed now; go down only to the most that was needed lately.

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
    if any(sample.web is not None and sample.web.lost for sample in recent):
        return Wish(current, Reason.NO_DATA, "log lines were lost, so there may be more requests")
    most = highest([need(sample) for sample in recent])
    few = len(recent) * settings.interval < SHORT_OF_SAMPLES * settings.history
    if most is None or few:
        return Wish(current, Reason.STABILIZED, "too little is known of the last minutes")
    if most >= current:
        return Wish(current, Reason.STABILIZED, f"{why.dynos} now, lately up to {most}")
    return Wish(most, Reason.IDLE, why.note)


@dataclass(frozen=True, slots=True)
class Load:
    """How loaded the dynos of one sample are.

    Attributes:
        rate: Requests a second.
        serving: Dynos that answer.
        slow: Seconds of the percentile.
        shape: The same by the mean.
        service: Mean seconds with nobody else there.
        slots: Requests that a dyno answers at the same time.
        given_up: Requests that dynos were too busy for.
    """

    rate: float
    serving: int
    slow: float
    shape: float
    service: float
    slots: int
    given_up: int

    @property
    def each(self) -> float:
        """Return the requests per second for each dyno."""
        return self.rate / self.serving

    @property
    def is_overloaded(self) -> bool:
        """Return whether more requests come than are finished."""
        used = self.each * self.service / self.slots
        return used >= OVERLOADED or (self.given_up > 0 and used >= HALF)

    def slow_with(self, dynos: int) -> float:
        """Return the percentile's seconds with that many dynos; infinity: it grows forever."""
        return self.shape * response_at(self.service, self.rate / dynos, self.slots)

    @property
    def at_best(self) -> float:
        """Return the percentile's seconds on an idle dyno."""
        return self.shape * self.service


def response_time(settings: Settings, samples: Sequence[Sample], _: Estimates, now: float) -> Wish:
    """Ask for the fewest dynos with which the percentile of requests keeps the target."""
    if samples[-1].web is None:
        return Wish(samples[-1].dynos or 0, Reason.NO_DATA, "the response times are unknown")
    load, target = load_of(settings, samples[-1]), TARGET.of(settings)
    if load is None:
        note = "too few requests to judge response times" if samples[-1].web.requests else ""
        need = Wish(1, Reason.STEADY, note)
    elif load.slow > target and load.at_best > target and not load.is_overloaded:
        need = _incurable(settings, samples, load, now)
    elif load.slow > target and (vain := _vain(settings, samples, load, now)):
        need = Wish(_calm(load), Reason.NO_GAIN, vain)
    else:
        need = _asked(settings, samples, load, now)
    return _kept(settings, samples, need, now)


def _incurable(settings: Settings, samples: Sequence[Sample], load: Load, now: float) -> Wish:
    """Return the wish where an idle dyno would be too slow, except just after an overload.

    What had piled up then makes the dynos slow that it waits in front of, and looks like slow code.
    """
    recent = window(samples, LONGEST, now)
    if any(_is_piled_up(load_of(settings, sample), now - sample.at) for sample in recent):
        current = samples[-1].dynos or 0
        return Wish(current, Reason.STEADY, "what had piled up is being answered")
    return Wish(_calm(load), Reason.NO_GAIN, _without_load(settings, load))


def _is_piled_up(then: Load | None, seconds: float) -> bool:
    """Return whether part of an overload may still wait that many seconds later."""
    return then is not None and then.is_overloaded and seconds < SETTLED + DRAINED * then.slow


def _asked(settings: Settings, samples: Sequence[Sample], load: Load, now: float) -> Wish:
    """Return the wish; no second increase before the first one shows, unless the load grew."""
    current, dynos = samples[-1].dynos or 0, _needed(load, TARGET.of(settings))
    changed = last_change(samples, settings.memory, 1)
    if dynos > current and not load.is_overloaded and is_resting(changed, SETTLED, now):
        then = next((load_of(settings, sample) for sample in samples if sample.at == changed), None)
        if then is not None and load.rate <= SAME * then.rate:
            return Wish(current, Reason.STABILIZED, "the last increase does not show yet")
    return Wish(dynos, Reason.RESPONSE_TIME, _note(settings, load, dynos))


def load_of(settings: Settings, sample: Sample) -> Load | None:
    """Return how loaded the sample's dynos are; None: too few requests, or unknown."""
    reading = sample.web
    slow = None if reading is None else reading.percentile(PERCENTILE.of(settings))
    if reading is None or slow is None or reading.requests < LEAST:
        return None
    mean = reading.mean or reading.p50 or slow
    serving = max(1, reading.serving or sample.dynos or 1)
    slots = settings.concurrency
    service = service_from(mean, reading.rate / serving, slots)
    shape = slow / mean if mean else 1.0
    return Load(reading.rate, serving, slow, shape, service, slots, reading.given_up)


def _needed(load: Load, target: float) -> int:
    """Return the fewest dynos that keep the target; with room to spare where they are fewer."""
    if load.is_overloaded:
        return max(ceil(UNSEEN * load.serving), _fewest(load, target))
    return _fewest(load, target if load.slow > target else max(ROOM * target, load.at_best))


def _fewest(load: Load, target: float) -> int:
    if load.at_best > target:
        return _calm(load)
    for dynos in range(max(1, ceil(_used(load))), MOST):
        if load.slow_with(dynos) <= target:
            return dynos
    return MOST


def _used(load: Load) -> float:
    """Return the dynos that would be in use all the time."""
    return load.rate * load.service / load.slots


def _calm(load: Load) -> int:
    """Return the dynos with so few slots in use that no request waits for another."""
    return max(1, ceil(_used(load) / CALM))


def _kept(settings: Settings, samples: Sequence[Sample], need: Wish, now: float) -> Wish:
    """Return the wish, going down as `settled` allows; what cannot be cured does not go up."""
    current = samples[-1].dynos or 0
    if need.reason is Reason.NO_GAIN and need.dynos >= current:
        return Wish(current, Reason.NO_GAIN, need.note)
    if need.reason is Reason.STABILIZED:
        return need

    def past(sample: Sample) -> int | None:
        load = load_of(settings, sample)
        if load is None:
            return None if sample.web is None else 1
        if need.reason is Reason.NO_GAIN:
            return _calm(load)
        return _needed(load, TARGET.of(settings))

    return settled(settings, samples, past, now, need)


def _vain(settings: Settings, samples: Sequence[Sample], load: Load, now: float) -> str:
    """Say why more dynos are in vain: the last increase made nothing faster at this load."""
    for before, after in reversed(list(pairwise(samples))):
        if (after.dynos or 0) <= (before.dynos or 0) or before.dynos is None:
            continue
        then = load_of(settings, before)
        is_up = then is not None and (
            load.serving > then.serving or (samples[-1].dynos or 0) < (after.dynos or 0)
        )
        if then is None or not is_up or not _is_as_slow(load, then, now - after.at):
            return ""
        return (
            f"{after.dynos} dynos were no faster than {before.dynos}:"
            f" {load.slow:.2f} s, {then.slow:.2f} s before"
        )
    return ""


def _is_as_slow(load: Load, then: Load, seconds: float) -> bool:
    """Return whether nothing improved by then; overloaded dynos must have finished more.

    What had piled up in front of them is answered first, and slowly; and where fewer requests come
    than then, it cannot be told.
    """
    if load.slow <= FASTER * then.slow or seconds < SETTLED:
        return False
    if then.is_overloaded:
        is_drained = seconds >= SETTLED + DRAINED * then.slow
        return is_drained and FEWER * then.rate <= load.rate < MORE * then.rate
    return load.each <= SAME * then.each


def _without_load(settings: Settings, load: Load) -> str:
    return (
        f"{PERCENTILE.of(settings)} is {load.slow:.2f} s and would be {load.at_best:.2f} s on idle"
        f" dynos: more of them cannot bring it to {TARGET.of(settings):g} s"
    )


def _note(settings: Settings, load: Load, dynos: int) -> str:
    if load.is_overloaded:
        return "dynos finish fewer requests than come"
    return f"{PERCENTILE.of(settings)} of {load.slow_with(dynos):.2f} s is expected with {dynos}"


def requests(settings: Settings, samples: Sequence[Sample], _: Estimates, now: float) -> Wish:
    """Ask for the dynos that the present rate of requests is divided by."""
    each = PER_DYNO.of(settings)

    def need(sample: Sample) -> int | None:
        return None if sample.web is None else max(1, ceil(sample.web.rate / each))

    reading, wanted = samples[-1].web, need(samples[-1])
    if reading is None or wanted is None:
        return Wish(samples[-1].dynos or 0, Reason.NO_DATA, "the requests are unknown")
    note = f"{reading.rate:.3g} requests a second, {each:g} for each dyno"
    return settled(settings, samples, need, now, Wish(wanted, Reason.ARRIVALS, note))


def utilization(settings: Settings, samples: Sequence[Sample], _: Estimates, now: float) -> Wish:
    """Ask for the dynos of whose slots that share is in use."""
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
