"""Result of a replay as JSON: its figures and charts, rounded to their precision."""

from collections.abc import Sequence
from typing import Any

from guv.clock import from_unix
from guv.heroku.dyno_sizes import price_per_hour
from guv.scaling.replay.replay import Replay, Run

HOUR_S = 3600.0
RECORDED = "recorded"


def result_of(replay: Replay, names: Sequence[str], dyno_size: str) -> dict[str, Any]:
    """Return the replay as JSON: the recorded run first, then the variants by these names.

    Args:
        replay: What came of it.
        names: Of its runs, in their order.
        dyno_size: For the price; empty: unknown.
    """
    runs = [(RECORDED, replay.recorded), *zip(names, replay.runs, strict=True)]
    return {
        "from": _text(replay.since),
        "to": _text(replay.until),
        "processing_time": round(replay.times.service, 3),
        "boot_time": round(replay.times.boot, 1),
        "dyno_size": dyno_size,
        "at": [_text(at) for at in replay.at],
        "arrival_rate": [round(rate, 4) for rate in replay.arrival_rate],
        "runs": [{"name": name, **_run(run, price_per_hour(dyno_size))} for name, run in runs],
    }


def _run(run: Run, price: float | None) -> dict[str, Any]:
    figures, settings = run.figures, run.settings
    hours, share = figures.dyno_seconds / HOUR_S, figures.share_in_time
    return {
        "policy": settings.policy,
        "interval": settings.interval,
        "target_deadline": settings.target_deadline,
        "share_in_time": None if share is None else round(share, 6),
        "finished": round(figures.finished),
        "left": figures.left,
        "overdue": round(figures.overdue),
        "cut": None if figures.cut is None else round(figures.cut, 1),
        "dyno_hours": round(hours, 4),
        "usd": None if price is None else round(hours * price, 4),
        "changes": figures.ups + figures.downs,
        "ups": figures.ups,
        "downs": figures.downs,
        "seconds_at_maximum": round(figures.maximum_seconds, 1),
        "seconds": round(figures.seconds, 1),
        "dynos": [None if one is None else round(one, 2) for one in run.series.dynos],
        "backlog": list(run.series.backlog),
    }


def _text(at: float) -> str:
    return from_unix(at).isoformat(timespec="seconds").replace("+00:00", "Z")
