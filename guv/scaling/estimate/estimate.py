"""All estimates of a role's work in one value."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf

from guv.scaling.estimate.arrivals import MOST_PERIODS, WINDOWS, Curve, arrivals, published_curve
from guv.scaling.estimate.cleaning import backlog_of, is_counted, usual_gap
from guv.scaling.estimate.dynos import boot, consumers_per_dyno, dynos_up
from guv.scaling.estimate.service_time import service
from guv.scaling.model import Estimates, Sample, Settings


def estimate(settings: Settings, samples: Sequence[Sample]) -> Estimates:
    """Estimate from clean samples, old to new, the last one being the present.

    Args:
        settings: Sound settings; what they tell is the prior.
        samples: At least one sample.
    """
    per_dyno = consumers_per_dyno(samples, settings.concurrency)
    if per_dyno is None:
        samples, per_dyno = [replace(s, consumers=None) for s in samples], 1
    time = service(settings, samples, per_dyno)
    start = boot(settings, samples, per_dyno)
    last, gap = samples[-1], usual_gap(samples, settings.interval)
    up = dynos_up(samples, per_dyno, start.mean)
    period = max(start.mean, gap)
    since = last.at - max(WINDOWS[-1], (MOST_PERIODS + 1) * period)
    curve = published_curve(samples, 1.0 / time.mean, settings.concurrency, since)
    flow = arrivals(curve, period)
    running = _running(last, up, settings.concurrency)
    return Estimates(
        arrival_rate=flow.rate if flow else None,
        arrival_rate_stddev=flow.stddev if flow else None,
        arrival_rate_confirmed=flow.confirmed if flow else None,
        arrival_rate_ahead=flow.ahead if flow else None,
        arrival_dispersion=flow.dispersion if flow else 1.0,
        departure_rate=_departures(samples),
        service_time=time.mean,
        service_time_stddev=time.stddev,
        service_time_source=time.source,
        boot_time=start.mean,
        boot_time_stddev=start.stddev,
        boot_time_source=start.source,
        backlog=backlog_of(last) if is_counted(last) else None,
        running=running,
        hoarded=None if running is None else (last.messages_unacknowledged or 0) - running,
        dynos_up=up,
        sample_gap=gap,
        notices=tuple(notice for notice in (time.notice, start.notice) if notice),
    )


def waiting_of(samples: Sequence[Sample], estimates: Estimates) -> int:
    """Count the messages that have not begun: ready, or hoarded by a consumer."""
    return (samples[-1].messages_ready or 0) + (estimates.hoarded or 0)


def waiting_curve(settings: Settings, samples: Sequence[Sample], estimates: Estimates) -> Curve:
    """Return the curve of published messages as far back as the waiting ones reach."""
    pace = 1.0 / (estimates.service_time or 1.0)
    waiting = waiting_of(samples, estimates)
    if waiting <= 0:
        return Curve([samples[-1].at], [0.0])
    return published_curve(samples, pace, settings.concurrency, -inf, waiting)


def _running(last: Sample, up: int | None, concurrency: int) -> int | None:
    if last.messages_unacknowledged is None:
        return None
    if up is None:
        return last.messages_unacknowledged
    return min(last.messages_unacknowledged, up * concurrency)


def _departures(samples: Sequence[Sample]) -> float | None:
    last = samples[-1]
    window = [s for s in samples if s.at >= last.at - 60.0 and s.served is not None]
    if len(window) < 2 or last.served is None or last.at <= window[0].at:  # noqa: PLR2004 - a pair
        return None
    change = last.served - (window[0].served or 0)
    return change / (last.at - window[0].at) if change >= 0 else None
