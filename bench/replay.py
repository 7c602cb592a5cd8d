"""Duration of a replay, and how true it is: `python -m bench.replay`.

A day of samples every ten seconds is replayed with the role's own settings. With `--profile` the
largest costs are printed, with `--truth` what a replay makes of the scenarios in which each message
was simulated.
"""

import argparse
import cProfile
import pstats
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from bench.scaling.recipes import Recipe
from bench.scaling.scenarios import SYNTHETIC
from bench.scaling.simulator import Result, simulate
from guv.scaling import Sample, Settings, decide
from guv.scaling.replay.replay import Replay, replay

DAY = 86_400.0
TIMED = "sine"  # six hours of it, four times


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--profile", action="store_true", help="also show the largest costs")
    options.add_argument("--truth", action="store_true", help="compare with simulated messages")
    chosen = options.parse_args()
    recipes = {recipe.name: recipe for recipe in SYNTHETIC}
    _, settings, samples = recorded(recipes[TIMED])
    day = a_day(samples)
    start = perf_counter()
    play(settings, day)
    print(f"a day, {len(day)} samples, one variant: {perf_counter() - start:.1f} s")
    if chosen.profile:
        _profile(settings, day)
    if chosen.truth:
        for recipe in SYNTHETIC:
            print(_compared(recipe), flush=True)


def recorded(recipe: Recipe) -> tuple[Result, Settings, list[Sample]]:
    """Simulate guv in a scenario; return the result and what guv saw of it."""
    scenario, seen = recipe.build(), list[Sample]()

    def scaler(settings: Settings, samples: Sequence[Sample], now: float) -> int:
        seen.append(samples[-1])
        return decide(settings, samples, now).desired or 0

    return simulate(scenario, scaler), scenario.settings, seen


def a_day(samples: Sequence[Sample]) -> list[Sample]:
    """Repeat the samples until they last a day, with counters that keep growing."""
    repeated: list[Sample] = []
    start, span = samples[0].at, samples[-1].at - samples[0].at + 10.0
    published, served = samples[-1].published or 0, samples[-1].served or 0
    for turn in range(int(DAY / span) + 1):
        repeated += [
            replace(
                s,
                at=s.at + turn * span,
                published=(s.published or 0) + turn * published,
                served=(s.served or 0) + turn * served,
            )
            for s in samples
        ]
    return [sample for sample in repeated if sample.at < start + DAY]


def play(settings: Settings, samples: Sequence[Sample]) -> Replay:
    """Replay the samples under the settings that they were recorded with.

    Raises:
        ValueError: There are too few.
    """
    replayed = replay(settings, samples, samples[0].at, [settings])
    if replayed is None:
        raise ValueError("there is nothing to replay")
    return replayed


def _profile(settings: Settings, samples: Sequence[Sample]) -> None:
    profile = cProfile.Profile()
    profile.runcall(play, settings, samples)
    pstats.Stats(profile).sort_stats("cumulative").print_stats("guv/scaling", 25)


def _compared(recipe: Recipe) -> str:
    truth, settings, samples = recorded(recipe)
    found = play(settings, samples)
    before, again = found.recorded.figures, found.runs[0].figures
    hours = again.dyno_seconds / before.dyno_seconds if before.dyno_seconds else 1.0
    return (
        f"| {recipe.name} | {truth.on_time:.3f} | {before.share_in_time or 0.0:.3f}"
        f" | {again.share_in_time or 0.0:.3f} | {before.dyno_seconds / 3600:.2f}"
        f" | {again.dyno_seconds / 3600:.2f} | {100 * (hours - 1):+.1f} % |"
    )


if __name__ == "__main__":
    main()
