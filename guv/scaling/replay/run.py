"""One stretch of time replayed tick by tick with `decide`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor

from guv.scaling.decide import decide
from guv.scaling.estimate.arrivals import published_at, share_below
from guv.scaling.estimate.cleaning import MOST_SAMPLES, followed
from guv.scaling.estimate.estimate import dynos_up
from guv.scaling.model import Sample, Settings
from guv.scaling.replay.figures import Figures, Point, point_of
from guv.scaling.replay.work import Work, times_at
from guv.scaling.replay.world import Start, World

SHORTEST_STEP = 1.0  # Shortest step in seconds.
LONGEST_STEP = 5.0
STEPS = 60.0  # Steps of an interval, within the shortest and the longest step.
LEAST = 1e-6  # Messages that floats cannot tell from none.
HALF = 0.5  # The world has a message as soon as its better half was published.


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time without a gap in the record.

    Attributes:
        before: Samples before it, from old to new; what the first decisions look back on.
        inside: Its own, two at least; the first one has known counts.
    """

    before: Sequence[Sample]
    inside: Sequence[Sample]

    @property
    def seconds(self) -> float:
        """Return its length in seconds."""
        return self.inside[-1].at - self.inside[0].at


def play(
    work: Work,
    on_tick: Callable[[], None],
    stretch: Stretch,
    settings: Settings,
    figures: Figures,
) -> list[Point]:
    """Play the stretch, return a point for each tick, and add them to the figures.

    Args:
        work: What reached the role.
        on_tick: Called after each decision.
        stretch: Where it begins, and until when.
        settings: Sound ones.
        figures: What it is added to.
    """
    step = min(LONGEST_STEP, max(SHORTEST_STEP, settings.interval / STEPS))
    world = _begun(work, stretch, settings.concurrency, step)
    first = stretch.inside[0]
    history = followed(stretch.before[-MOST_SAMPLES:], first, first.at)
    last, points, end = first, [point_of(first)], stretch.inside[-1].at
    while world.now < end:
        _decide(world, work, settings, history, figures)
        on_tick()
        _pass(world, work, settings, (min(end, world.now + settings.interval), step), figures)
        last = world.sample()
        history = followed(history, last, world.now)
        points.append(point_of(last))
    figures.end(work, last, settings.target_deadline)
    figures.cut = (figures.cut or 0.0) + world.cut
    return points


def _begun(work: Work, stretch: Stretch, concurrency: int, step: float) -> World:
    """Return the world as it was recorded at the stretch's beginning."""
    first = stretch.inside[0]
    seen = [*stretch.before[-MOST_SAMPLES:], first]
    times = times_at(work, first.at)
    known = next((s.dynos for s in (*reversed(seen), *stretch.inside) if s.dynos is not None), 0)
    seen[-1] = replace(first, dynos=known)
    up = dynos_up(seen, work.consumers_per_dyno or 1, times.boot) or 0
    world = World(work, Start(first, known, up), concurrency, step)
    world.boot(first.at + times.boot)
    world.take(float(min(first.messages_unacknowledged or 0, up * concurrency)), times)
    return world


def _decide(
    world: World, work: Work, settings: Settings, history: Sequence[Sample], figures: Figures
) -> None:
    desired = decide(settings, history, world.now).desired
    if desired is not None:
        figures.change(world.dynos, desired)
        world.scale_to(desired, times_at(work, world.now).boot)


def _pass(
    world: World, work: Work, settings: Settings, until: tuple[float, float], figures: Figures
) -> None:
    """Let the time until an instant pass in steps of bounded length."""
    end, step = until
    start, times = world.now, times_at(work, world.now)
    steps = max(1, ceil((end - start) / step))
    for number in range(1, steps + 1):
        before, done = world.now, world.done
        world.move(start + (end - start) * number / steps - before, times)
        finished = world.done - done
        if finished > LEAST:
            first = before - _published(work, floor(done + LEAST))
            last = world.now - _published(work, ceil(world.done - LEAST) - 1)
            least = times.service  # what the steps are too long to show
            share = share_below(settings.target_deadline, max(first, least), max(last, least))
            figures.finish(finished, share * finished)
    figures.spend(world.dynos, end - start, settings.maximum_dynos)


def _published(work: Work, earlier: int) -> float:
    """Return when the message was published that came after so many in the world."""
    return published_at(work.curve, earlier + HALF)
