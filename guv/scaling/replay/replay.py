"""Replay: a role's own history, played again under other settings.

What reached the role, and how long its messages and boots took, is read from its samples; its
queue and dynos are simulated; every decision is `decide`'s own. The recorded run and the replayed
ones are measured in the same way. Times without a record count in neither.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from math import ceil

from guv.scaling.estimate.arrivals import published_until
from guv.scaling.estimate.cleaning import is_counted, sound, usual_gap
from guv.scaling.model import Sample, Settings
from guv.scaling.replay.figures import Figures, Point, Series, instants, point_of, record, thinned
from guv.scaling.replay.run import Stretch, play
from guv.scaling.replay.work import Times, Work, times_at, work_of

MOST_TICKS = 8640  # Most decisions of a replay; a longer time is replayed with a longer interval.
INTERVAL_STEP = 5.0  # Seconds by which the interval of a long replay grows.
LONGEST_GAP = 600.0  # Seconds; what happened in a longer gap is not known.
MOST_GAPS = 3.0  # Usual gaps after which a longer one is a gap in the record.
MOST_POINTS = 500  # Most points of a chart.
LEAD = 3600.0  # Seconds before the replayed time that estimates need.

Progress = Callable[[float], None]
Play = Callable[[Stretch, Settings, Figures], list[Point]]


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


@dataclass(frozen=True, slots=True)
class Program:
    """What is played, and the instants at which it is looked at.

    Attributes:
        own: The role's settings, by which the recorded run is judged.
        stretches: The times to play, one at least.
        variants: Settings to play them with.
        at: The instants of the series, Unix seconds, evenly apart.
    """

    own: Settings
    stretches: Sequence[Stretch]
    variants: Sequence[Settings]
    at: Sequence[float]

    @property
    def since(self) -> float:
        """Return the first instant with a sample, Unix seconds."""
        return self.stretches[0].inside[0].at

    @property
    def until(self) -> float:
        """Return the last instant with a sample, Unix seconds."""
        return self.stretches[-1].inside[-1].at

    def run(self, settings: Settings, play: Play) -> Run:
        """Play each stretch with `play` and return what comes of it."""
        figures, points = Figures(), list[Point]()
        for stretch in self.stretches:
            points += play(stretch, settings, figures)
        return Run(settings, figures, thinned(points, self.at))

    def ticker(self, on_progress: Progress) -> Callable[[], None]:
        """Return what each decision of the variants calls to report the progress."""
        ticks = [ceil(part.seconds / v.interval) for part in self.stretches for v in self.variants]
        numbers, total = count(1), max(1, sum(ticks))
        return lambda: on_progress(min(1.0, next(numbers) / total))


def replay(
    recorded: Settings,
    samples: Sequence[Sample],
    since: float,
    variants: Sequence[Settings],
    on_progress: Progress = lambda _: None,
) -> Replay | None:
    """Play the time since an instant again, as recorded and with each variant.

    None where no two neighboring samples since then have known counts.

    Args:
        recorded: The role's own settings, by which the recorded run is judged.
        samples: From old to new, with those of `LEAD` seconds before.
        since: Where the time begins, Unix seconds.
        variants: Settings to play the time with.
        on_progress: Called with the share that is done, 0 to 1, after each decision.
    """
    program = program_of(recorded, samples, since, variants, is_counted)
    if program is None:
        return None
    work = work_of(program.own, samples)
    played = partial(play, work, program.ticker(on_progress))
    return Replay(
        since=program.since,
        until=program.until,
        at=program.at,
        arrival_rate=_rates(work, [*program.at, program.until]),
        times=times_at(work, (program.since + program.until) / 2.0),
        recorded=program.run(program.own, partial(_recorded, work)),
        runs=[program.run(one, played) for one in program.variants],
    )


def program_of(
    recorded: Settings,
    samples: Sequence[Sample],
    since: float,
    variants: Sequence[Settings],
    is_known: Callable[[Sample], bool],
) -> Program | None:
    """Return what a replay with these arguments plays; None: nothing.

    Args:
        recorded: As `replay` has it.
        samples: As `replay` has them.
        since: As `replay` has it.
        variants: As `replay` has them.
        is_known: Whether a sample shows the work of the role.
    """
    own = sound(recorded)
    stretches = _stretches(samples, since, own, is_known)
    if not stretches:
        return None
    begin, end = stretches[0].inside[0].at, stretches[-1].inside[-1].at
    variants = [_paced(sound(variant), end - begin) for variant in variants]
    apart = max(
        usual_gap(samples, own.interval), *(settings.interval for settings in (own, *variants))
    )
    return Program(own, stretches, variants, instants(begin, end, apart, MOST_POINTS))


def _stretches(
    samples: Sequence[Sample],
    since: float,
    own: Settings,
    is_known: Callable[[Sample], bool],
) -> list[Stretch]:
    """Return the times without a gap in the record, each with what is known before it."""
    longest = max(LONGEST_GAP, MOST_GAPS * usual_gap(samples, own.interval))
    stretches: list[Stretch] = []
    start: int | None = None
    for number, sample in enumerate(samples):
        if start is not None and sample.at - samples[number - 1].at > longest:
            stretches.append(Stretch(samples[:start], samples[start:number]))
            start = None
        if start is None and sample.at >= since and is_known(sample):
            start = number
    if start is not None:
        stretches.append(Stretch(samples[:start], samples[start:]))
    return [stretch for stretch in stretches if any(map(is_known, stretch.inside[1:]))]


def _paced(settings: Settings, seconds: float) -> Settings:
    """Return the settings with an interval that makes at most `MOST_TICKS` of the time."""
    least = INTERVAL_STEP * ceil(seconds / MOST_TICKS / INTERVAL_STEP)
    return replace(settings, interval=max(settings.interval, least))


def _recorded(work: Work, stretch: Stretch, settings: Settings, figures: Figures) -> list[Point]:
    """Return a point for each sample of the stretch, and add them to the figures."""
    samples, first = [*stretch.before, *stretch.inside], len(stretch.before)
    for number in range(first + 1, len(samples)):
        record(figures, work, settings, samples, number)
    figures.end(work, samples[-1], settings.target_deadline)
    return [point_of(sample) for sample in stretch.inside]


def _rates(work: Work, edges: Sequence[float]) -> list[float]:
    totals = [published_until(work.curve, edge) for edge in edges]
    return [
        (totals[n + 1] - totals[n]) / max(edges[n + 1] - edges[n], 1.0)
        for n in range(len(edges) - 1)
    ]
