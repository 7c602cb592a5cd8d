"""What would other settings have done? The role's own history, played again under them.

What reached the role, and how long its messages and boots took, is read from its samples; its
queue and dynos are simulated; every decision is `decide`'s own. The recorded run and the replayed
ones are measured in the same way. Times without a record count in neither.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import ceil

from guv.scaling.curve import published_until
from guv.scaling.model import Sample, Settings
from guv.scaling.readings import is_counted, usual_gap
from guv.scaling.replay_figures import Figures, Series, instants, point_of, record, thinned
from guv.scaling.replay_run import Stretch, play
from guv.scaling.replay_work import Times, Work, times_at, work_of
from guv.scaling.sound import sound

MOST_TICKS = 8640  # decisions of one run; a longer time is replayed with a longer interval
INTERVAL_STEP = 5.0  # seconds
LONGEST_GAP = 600.0  # seconds; what happened in a longer one is not known
MOST_GAPS = 3.0  # but samples may be so many of their usual gaps apart
MOST_POINTS = 500  # of a picture
LEAD = 3600.0  # seconds before the time that should be given, too

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Run:
    """One way in which the time went, or would have gone.

    Attributes:
        settings: Those it was decided with, and is judged by.
        figures: What came of it.
        series: Its dynos and its backlog, at the replay's instants.
    """

    settings: Settings
    figures: Figures
    series: Series


@dataclass(frozen=True, slots=True)
class Replay:
    """A time as it was recorded, and as it would have gone.

    Attributes:
        since: The first instant with a sample, Unix seconds.
        until: The last one.
        at: The instants of the series, Unix seconds, evenly apart.
        arrival_rate: Messages published per second from each of them to the next.
        times: How long messages and boots took in the middle of the time.
        recorded: What was recorded.
        runs: What would have been, one for each of the settings asked for.
    """

    since: float
    until: float
    at: Sequence[float]
    arrival_rate: Sequence[float]
    times: Times
    recorded: Run
    runs: Sequence[Run]


def replay(
    recorded: Settings,
    samples: Sequence[Sample],
    since: float,
    variants: Sequence[Settings],
    on_progress: Progress = lambda _: None,
) -> Replay | None:
    """What came of the time since an instant, and what would have come of it with each variant.

    None where no two neighboring samples since then have known counts.

    Args:
        recorded: The role's own settings, by which the recorded run is judged.
        samples: From old to new, with those of `LEAD` seconds before.
        since: Where the time begins, Unix seconds.
        variants: Settings to play the time with.
        on_progress: Called with the share that is done, 0 to 1, after each decision.
    """
    own = sound(recorded)
    stretches = stretches_of(samples, since, own)
    if not stretches:
        return None
    work = work_of(own, samples)
    begin, end = stretches[0].inside[0].at, stretches[-1].inside[-1].at
    variants = [paced(sound(one), end - begin) for one in variants]
    apart = max(usual_gap(samples, own.interval), *(one.interval for one in (own, *variants)))
    at = instants(begin, end, apart, MOST_POINTS)
    tick = counter(on_progress, [ticks_of(part, one) for part in stretches for one in variants])
    return Replay(
        since=begin,
        until=end,
        at=at,
        arrival_rate=_rates(work, [*at, end]),
        times=times_at(work, (begin + end) / 2.0),
        recorded=_recorded(work, own, stretches, at),
        runs=[_played(work, one, stretches, at, tick) for one in variants],
    )


def stretches_of(
    samples: Sequence[Sample],
    since: float,
    own: Settings,
    is_known: Callable[[Sample], bool] = is_counted,
) -> list[Stretch]:
    """The times without a gap in the record, each with what is known before it."""
    longest = max(LONGEST_GAP, MOST_GAPS * usual_gap(samples, own.interval))
    found: list[Stretch] = []
    start: int | None = None
    for number, sample in enumerate(samples):
        if start is not None and sample.at - samples[number - 1].at > longest:
            found.append(Stretch(samples[:start], samples[start:number]))
            start = None
        if start is None and sample.at >= since and is_known(sample):
            start = number
    if start is not None:
        found.append(Stretch(samples[:start], samples[start:]))
    return [one for one in found if any(map(is_known, one.inside[1:]))]


def paced(settings: Settings, seconds: float) -> Settings:
    """The same settings with an interval that makes at most `MOST_TICKS` of the time."""
    least = INTERVAL_STEP * ceil(seconds / MOST_TICKS / INTERVAL_STEP)
    return replace(settings, interval=max(settings.interval, least))


def ticks_of(stretch: Stretch, settings: Settings) -> int:
    """Decisions that playing the stretch takes."""
    return ceil(stretch.seconds / settings.interval)


def counter(on_progress: Progress, ticks: Sequence[int]) -> Callable[[], None]:
    """What each tick calls, so that the progress is told."""
    numbers, total = count(1), max(1, sum(ticks))
    return lambda: on_progress(min(1.0, next(numbers) / total))


def _recorded(
    work: Work, settings: Settings, stretches: Sequence[Stretch], at: Sequence[float]
) -> Run:
    figures, points = Figures(), []
    for stretch in stretches:
        samples, first = [*stretch.before, *stretch.inside], len(stretch.before)
        for number in range(first + 1, len(samples)):
            record(figures, work, settings, samples, number)
        figures.end(work, samples[-1], settings.target_deadline)
        points += [point_of(sample) for sample in stretch.inside]
    return Run(settings, figures, thinned(points, at))


def _played(
    work: Work,
    settings: Settings,
    stretches: Sequence[Stretch],
    at: Sequence[float],
    tick: Callable[[], None],
) -> Run:
    figures, points = Figures(), []
    for stretch in stretches:
        points += play(work, stretch, settings, figures, tick)
    return Run(settings, figures, thinned(points, at))


def _rates(work: Work, edges: Sequence[float]) -> list[float]:
    totals = [published_until(work.curve, edge) for edge in edges]
    return [
        (totals[n + 1] - totals[n]) / max(edges[n + 1] - edges[n], 1.0)
        for n in range(len(edges) - 1)
    ]
