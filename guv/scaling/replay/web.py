"""Replay of a web role: its recorded load under other settings.

At each instant the recorded reading says how many requests came and what one took with nobody else
there (`guv.scaling.web.load`); from that follows what they would have taken with the dynos of the
replay, and every decision is `decide`'s own. Each instant stands for itself: requests that
overloaded dynos put off are not carried over.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import inf

from guv.scaling.decide import decide
from guv.scaling.estimate.cleaning import MOST_SAMPLES, PRIOR_BOOT_TIME, followed
from guv.scaling.model import Sample, Settings, WebReading
from guv.scaling.policies.web import TARGET, load_of
from guv.scaling.replay.figures import Figures, Point
from guv.scaling.replay.replay import Progress, Replay, program_of
from guv.scaling.replay.run import Stretch
from guv.scaling.replay.work import Times
from guv.scaling.web.decide import is_known
from guv.scaling.web.load import response_at, service_from, share_within

FULL = 0.985  # Share of the slots in use above which requests are not finished.
SPAN = 30.0  # Seconds of a reading.


@dataclass(frozen=True, slots=True)
class Work:
    """What a recorded sample says of the requests.

    Attributes:
        rate: Requests a second.
        service: Mean seconds of one with nobody else there.
        shape: Percentiles by the mean.
    """

    rate: float
    service: float
    shape: tuple[float, float, float]


def replay_web(
    recorded: Settings,
    samples: Sequence[Sample],
    since: float,
    variants: Sequence[Settings],
    on_progress: Progress = lambda _: None,
) -> Replay | None:
    """Replay a web role: requests within the response time's target."""
    program = program_of(recorded, samples, since, variants, is_known)
    if program is None:
        return None
    known = [
        sample for part in program.stretches for sample in part.inside if sample.web is not None
    ]
    middle = known[len(known) // 2]
    played = partial(_play, program.own, program.ticker(on_progress))
    return Replay(
        since=program.since,
        until=program.until,
        at=program.at,
        arrival_rate=[_rate_at(known, one) for one in program.at],
        times=Times(program.since, work_of(program.own, middle).service, 0.0, _boot(program.own)),
        recorded=program.run(program.own, _recorded),
        runs=[program.run(one, played) for one in program.variants],
    )


def work_of(settings: Settings, sample: Sample) -> Work:
    """Return the load of the sample's reading; a few requests are taken as they were."""
    reading = sample.web
    if reading is None or not reading.requests or not reading.mean:
        return Work(0.0, 0.0, (1.0, 1.0, 1.0))
    load = load_of(settings, sample)
    serving = max(1, reading.serving or sample.dynos or 1)
    service = (
        service_from(reading.mean, reading.rate / serving, settings.concurrency)
        if load is None
        else load.service
    )
    times = (reading.p50, reading.p95, reading.p99)
    shape = [(reading.mean if time is None else time) / reading.mean for time in times]
    return Work(reading.rate, service, (shape[0], shape[1], shape[2]))


def answered(work: Work, dynos: int, slots: int) -> WebReading:
    """Return what that many dynos would have made of the load."""
    if not work.rate or not work.service:
        return WebReading(SPAN, round(SPAN * work.rate), errors={}, serving=min(1, dynos))
    if dynos <= 0:
        return WebReading(SPAN, 0, errors={"H14": round(SPAN * work.rate)}, serving=0)
    load = min(work.rate / dynos, FULL * slots / work.service)
    mean = response_at(work.service, load, slots)
    p50, p95, p99 = (mean * ratio for ratio in work.shape)
    requests = round(SPAN * load * dynos)
    return WebReading(SPAN, requests, p50, p95, p99, mean, errors={}, serving=dynos)


def _recorded(stretch: Stretch, settings: Settings, figures: Figures) -> list[Point]:
    """Return a point for each sample of the stretch, and add them to the figures."""
    for before, after in pairwise(stretch.inside):
        figures.spend_recorded(before, after, settings.maximum_dynos)
        if before.web is not None:
            _finish(figures, before.web, before.web.rate, after.at - before.at, settings)
    return [Point(sample.at, sample.dynos, None) for sample in stretch.inside]


def _play(
    own: Settings,
    on_tick: Callable[[], None],
    stretch: Stretch,
    settings: Settings,
    figures: Figures,
) -> list[Point]:
    """Return a point for each tick of the stretch; dynos are up a boot after being asked for."""
    inside = stretch.inside
    history: Sequence[Sample] = stretch.before[-MOST_SAMPLES:]
    times = [sample.at for sample in inside]
    ups = [-inf] * (inside[0].dynos or 0)
    at, points = inside[0].at, []
    while at < inside[-1].at:
        seconds = min(settings.interval, inside[-1].at - at)
        work = work_of(own, inside[bisect_right(times, at) - 1])
        reading = answered(work, sum(up <= at for up in ups), settings.concurrency)
        history = followed(history, Sample(at, dynos=len(ups), web=reading), at)
        asked = decide(settings, history, at).desired or 0
        points.append(Point(at, len(ups), None))
        figures.change(len(ups), asked)
        ups = [*ups[:asked], *[at + _boot(settings)] * (asked - len(ups))]
        figures.spend(asked, seconds, settings.maximum_dynos)
        _finish(figures, reading, work.rate, seconds, settings)
        at += settings.interval
        on_tick()
    return points


def _finish(
    figures: Figures, reading: WebReading, rate: float, seconds: float, settings: Settings
) -> None:
    """Count the requests of that time; those that found no dyno were not in time."""
    share = share_within(reading, TARGET.of(settings))
    if share is None and not reading.errors:
        return
    kept = min(1.0, reading.rate / rate) if rate else 0.0
    figures.finish(rate * seconds, rate * seconds * kept * (share or 0.0))


def _rate_at(known: Sequence[Sample], at: float) -> float:
    number = max(0, bisect_right(known, at, key=lambda load: load.at) - 1)
    reading = known[number].web
    return reading.rate if reading is not None else 0.0


def _boot(settings: Settings) -> float:
    return PRIOR_BOOT_TIME if settings.boot_time is None else settings.boot_time
