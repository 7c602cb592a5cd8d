"""Scenarios from real arrival series, which `bench/traces/` holds with their sources and licenses.

Each is cut to a part of some hours and thinned or multiplied until it needs a few to some tens of
dynos.
"""

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bench.scaling import arrivals, service_times
from bench.scaling.recipes import Draw, Recipe, role_settings
from guv.scaling.model import Settings

FOLDER = Path(__file__).parents[1] / "traces"


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a series.

    Attributes:
        file: Name of the file without its ending.
        bin_seconds: Length of a bin.
        from_hour: Where the part begins.
        hours: How long it is.
        share: Messages per arrival of the series; below 1 it is thinned.
    """

    file: str
    bin_seconds: float
    from_hour: float
    hours: float
    share: float


def traces() -> tuple[Recipe, ...]:
    """Return a recipe for each trace."""
    recipes = [
        Recipe(name, note, cut.hours, replay(cut), service, settings, family="trace")
        for name, note, cut, service, settings in _TABLE
    ]
    durations = [row[0] for row in _numbers(FOLDER / f"{_CLUSTER.file}_durations.csv.gz")]
    cluster = Recipe(
        "google-jobs",
        "a cluster's batch jobs with their own run times, a fourth as long",
        _CLUSTER.hours,
        replay(_CLUSTER),
        service_times.measured(durations, 0.25, 900.0),
        role_settings(1800, 80, 60, interval=30.0),
        family="trace",
    )
    return (*recipes, cluster)


def replay(cut: Cut, folder: Path = FOLDER) -> Draw:
    """Return arrivals with the counts of the series, at random instants within each bin."""

    def draw(_: float, chance: Random) -> list[float]:
        first = int(cut.from_hour * 3600 / cut.bin_seconds)
        last = first + int(cut.hours * 3600 / cut.bin_seconds)
        counts = [int(row[1]) for row in _numbers(folder / f"{cut.file}.csv.gz")]
        return arrivals.binned(counts[first:last], cut.bin_seconds, cut.share, chance)

    return draw


def _numbers(path: Path) -> list[tuple[float, ...]]:
    rows = csv.reader(gzip.decompress(path.read_bytes()).decode().splitlines()[1:])
    return [tuple(float(cell) for cell in row) for row in rows]


_QUEUE_TIMES = ((0, 0.044), (1, 0.318), (25, 0.986), (50, 1.363), (75, 1.706), (99, 6.709))
_CLUSTER = Cut("google2011_jobs_14d_10s", 10, 246, 12, 0.5)

_TABLE: tuple[tuple[str, str, Cut, service_times.Service, Settings], ...] = (
    (
        "nasa-day",
        "a web site's day",
        Cut("nasa_http_jul95_14d_10s", 10, 72, 24, 0.25),
        service_times.spread(12, 5),
        role_settings(180, 12, 30, interval=30.0),
    ),
    (
        "nasa-launch",
        "the hours around a launch",
        Cut("nasa_http_jul95_14d_10s", 10, 294, 6, 0.5),
        service_times.spread(8, 3),
        role_settings(120, 8, 40),
    ),
    (
        "world-cup-evening",
        "a match day on a much larger site",
        Cut("wc98_early_may19_14d_60s", 60, 320, 12, 0.02),
        service_times.spread(8, 3),
        role_settings(90, 8, 40),
    ),
    (
        "world-cup-tight",
        "the same site, a deadline shorter than a boot",
        Cut("wc98_early_may19_14d_60s", 60, 200, 8, 0.04),
        service_times.spread(2, 0.5),
        role_settings(20, 2, 30, interval=15.0),
    ),
    (
        "functions-queue",
        "a queue that is filled by timers",
        Cut("azfn19_fn_queue_periodic_8h_60s", 60, 0, 8, 1.0),
        service_times.percentiles(_QUEUE_TIMES, 4.0),
        role_settings(300, 6.0, 40, processing_time_stddev=4.0),
    ),
    (
        "functions-queue-tight",
        "the same with a minute to do it in",
        Cut("azfn19_fn_queue_periodic_8h_60s", 60, 0, 8, 1.0),
        service_times.percentiles(_QUEUE_TIMES, 1.0),
        role_settings(75, 1.5, 40),
    ),
    (
        "functions-low-rate",
        "a sparse function",
        Cut("azfn19_fn_http_lowrate_8h_60s", 60, 0, 8, 1.0),
        service_times.spread(10, 5),
        role_settings(180, 10, 10),
    ),
    (
        "hadoop-day",
        "a day of batch jobs",
        Cut("fb_hadoop2009_1d_10s", 10, 0, 24, 1.0),
        service_times.exponential(45),
        role_settings(600, 45, 40, interval=30.0),
    ),
    (
        "language-model",
        "requests to a language model: fast and even",
        Cut("azure_llm2023_conv_1h_1s", 1, 0, 0.95, 1.0),
        service_times.spread(4, 3),
        role_settings(45, 4, 60, interval=5.0),
    ),
    (
        "tweets-crowd",
        "a flash crowd",
        Cut("nab_tweets_aapl_14d_300s", 300, 204, 12, 0.2),
        service_times.spread(5, 2),
        role_settings(120, 5, 60),
    ),
    (
        "tweets-quiet",
        "the same company on ordinary days",
        Cut("nab_tweets_aapl_14d_300s", 300, 24, 24, 1.0),
        service_times.spread(10, 4),
        role_settings(150, 10, 20, interval=20.0),
    ),
)
