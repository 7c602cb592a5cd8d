"""What does the history say about the work? All estimates in one value."""

from collections.abc import Sequence

from guv.scaling.curve import Curve, published_curve
from guv.scaling.estimate_arrivals import arrivals
from guv.scaling.estimate_boot import boot, consumers_per_dyno
from guv.scaling.estimate_service import service
from guv.scaling.model import Estimates, Sample, Settings
from guv.scaling.readings import backlog_of, is_counted, usual_gap


def estimate(settings: Settings, samples: Sequence[Sample]) -> Estimates:
    """The estimates from clean samples, old to new, the last one being the present.

    Args:
        settings: Sound settings; what they tell is the prior.
        samples: At least one sample.
    """
    per_dyno = consumers_per_dyno(samples, settings.concurrency)
    time = service(settings, samples, per_dyno)
    start = boot(settings, samples, per_dyno)
    last, gap = samples[-1], usual_gap(samples, settings.interval)
    up = dynos_up(samples, per_dyno, start.mean)
    flow = arrivals(published_curve(samples, 1.0 / time.mean, settings.concurrency), start.mean)
    running = _running(last, up, settings.concurrency)
    return Estimates(
        arrival_rate=flow.rate if flow else None,
        arrival_rate_stddev=flow.stddev if flow else None,
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


def curve_of(settings: Settings, samples: Sequence[Sample], estimates: Estimates) -> Curve:
    """The curve of published messages, for policies that look at ages."""
    return published_curve(samples, 1.0 / (estimates.service_time or 1.0), settings.concurrency)


def asked_at(samples: Sequence[Sample], level: int) -> float:
    """When the formation was last asked to reach that many dynos, Unix seconds.

    A change is first seen by the sample after it, so it was asked for at the sample before; the
    first sample's own dynos count as asked for long ago.
    """
    for index in range(len(samples) - 1, -1, -1):
        dynos = samples[index].dynos
        if dynos is not None and dynos < level:
            return samples[index].at
    return float("-inf")


def dynos_up(samples: Sequence[Sample], per_dyno: int, boot_time: float) -> int | None:
    """Dynos that consume now: by the consumers where known, else by the boot time."""
    last = samples[-1]
    if last.dynos is None:
        return None
    if last.consumers is not None:
        return min(last.dynos, -(-last.consumers // per_dyno))
    settled = [s.dynos for s in samples if s.at >= last.at - boot_time and s.dynos is not None]
    return min(settled)


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
