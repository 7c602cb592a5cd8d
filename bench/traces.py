"""Which real loads are there? Recipes from arrival traces in a folder beside the checkout.

The traces are not part of the project; where the folder is missing there are simply none. Each is
cut to a part of some hours and thinned or multiplied until it needs a few to some tens of dynos.
"""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bench import arrivals as at
from bench import services as takes
from bench.recipes import Draw, Recipe, told
from guv.scaling.model import Settings

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "traces"
"""Where the traces are looked for."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a trace: from this hour on, so many hours, each message with this share."""

    file: str
    bin_seconds: float
    from_hour: float
    hours: float
    share: float


def traces(folder: Path = FOLDER) -> tuple[Recipe, ...]:
    """Recipes from the traces in `folder`; none where it is missing."""
    return tuple(_recipes(folder)) if folder.is_dir() else ()


def _recipes(folder: Path) -> Iterator[Recipe]:
    for name, note, cut, service, settings in _TABLE:
        if (folder / cut.file).exists():
            yield _recipe(folder, (name, note, cut, service, settings))
    if (folder / _CLUSTER.file).exists() and (folder / _CLUSTER_TIMES).exists():
        durations = [row[0] for row in _numbers(folder / _CLUSTER_TIMES)]
        service = takes.measured(durations, 0.25, 900.0)
        settings = told(1800, 80, 60, interval=30.0)
        note = "a cluster's batch jobs with their own run times, a fourth as long"
        yield _recipe(folder, ("google-jobs", note, _CLUSTER, service, settings))


_Row = tuple[str, str, Cut, takes.Service, Settings]


def _recipe(folder: Path, row: _Row) -> Recipe:
    name, note, cut, service, settings = row
    draw = _replay(folder / cut.file, cut)
    return Recipe(name, note, cut.hours, draw, service, settings, family="trace")


def _replay(path: Path, cut: Cut) -> Draw:
    def draw(_: float, chance: Random) -> list[float]:
        first = int(cut.from_hour * 3600 / cut.bin_seconds)
        last = first + int(cut.hours * 3600 / cut.bin_seconds)
        counts = [int(row[1]) for row in _numbers(path)]
        return at.binned(counts[first:last], cut.bin_seconds, cut.share, chance)

    return draw


def _numbers(path: Path) -> list[tuple[float, ...]]:
    packed = path.read_bytes()
    text = gzip.decompress(packed) if path.suffix == ".gz" else packed
    rows = csv.reader(text.decode().splitlines()[1:])
    return [tuple(float(cell) for cell in row) for row in rows]


_QUEUE_TIMES = ((0, 0.044), (1, 0.318), (25, 0.986), (50, 1.363), (75, 1.706), (99, 6.709))
_CLUSTER = Cut("google2011_jobs_14d_10s.csv.gz", 10, 246, 12, 0.5)
_CLUSTER_TIMES = "google2011_jobs_14d_10s_durations.csv"

_TABLE: tuple[_Row, ...] = (
    (
        "nasa-day",
        "a web site's day",
        Cut("nasa_http_jul95_14d_10s.csv.gz", 10, 72, 24, 0.25),
        takes.spread(12, 5),
        told(180, 12, 30, interval=30.0),
    ),
    (
        "nasa-launch",
        "the hours around a launch",
        Cut("nasa_http_jul95_14d_10s.csv.gz", 10, 294, 6, 0.5),
        takes.spread(8, 3),
        told(120, 8, 40),
    ),
    (
        "world-cup-evening",
        "a match day on a much larger site",
        Cut("wc98_early_may19_14d_60s.csv.gz", 60, 320, 12, 0.02),
        takes.spread(8, 3),
        told(90, 8, 40),
    ),
    (
        "world-cup-tight",
        "the same site, a deadline shorter than a boot",
        Cut("wc98_early_may19_14d_60s.csv.gz", 60, 200, 8, 0.04),
        takes.spread(2, 0.5),
        told(20, 2, 30, interval=15.0),
    ),
    (
        "functions-queue",
        "a queue that is filled by timers",
        Cut("azfn19_fn_queue_periodic_8h_60s.csv", 60, 0, 8, 1.0),
        takes.percentiles(_QUEUE_TIMES, 4.0),
        told(300, 6.0, 40, processing_time_stddev=4.0),
    ),
    (
        "functions-queue-tight",
        "the same with a minute to do it in",
        Cut("azfn19_fn_queue_periodic_8h_60s.csv", 60, 0, 8, 1.0),
        takes.percentiles(_QUEUE_TIMES, 1.0),
        told(75, 1.5, 40),
    ),
    (
        "functions-low-rate",
        "a sparse function",
        Cut("azfn19_fn_http_lowrate_8h_60s.csv", 60, 0, 8, 1.0),
        takes.spread(10, 5),
        told(180, 10, 10),
    ),
    (
        "hadoop-day",
        "a day of batch jobs",
        Cut("fb_hadoop2009_1d_10s.csv", 10, 0, 24, 1.0),
        takes.exponential(45),
        told(600, 45, 40, interval=30.0),
    ),
    (
        "language-model",
        "requests to a language model: fast and even",
        Cut("azure_llm2023_conv_1h_1s.csv", 1, 0, 0.95, 1.0),
        takes.spread(4, 3),
        told(45, 4, 60, interval=5.0),
    ),
    (
        "tweets-crowd",
        "a flash crowd",
        Cut("nab_tweets_aapl_14d_300s.csv", 300, 204, 12, 0.2),
        takes.spread(5, 2),
        told(120, 5, 60),
    ),
    (
        "tweets-quiet",
        "the same company on ordinary days",
        Cut("nab_tweets_aapl_14d_300s.csv", 300, 24, 24, 1.0),
        takes.spread(10, 4),
        told(150, 10, 20, interval=20.0),
    ),
)
