"""Results of queueing theory that the estimates and the deadline policy stand on."""

from dataclasses import dataclass
from math import exp, inf, log, sqrt
from statistics import NormalDist

GRACE = 30.0  # Seconds between the platform's request to stop and its kill.
RARE = 0.005  # Part of the running messages that may outlast the grace without being counted.
PORTIONS = 5  # Portions in which a spread of waits is added up.
MOST_SERVERS = 60  # Servers beyond which the recursion costs more than it tells.

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Load:
    """A flow of messages and what each takes.

    Attributes:
        rate: Messages per second.
        dispersion: Variance of arrivals by their mean, 1 for Poisson.
        service_time: Seconds per message and slot, above 0.
        variation: Standard deviation of the service time by its mean.
    """

    rate: float
    dispersion: float
    service_time: float
    variation: float


def normal_quantile(percentile: float) -> float:
    """Return the standard normal quantile of a percentile between 50 and 99.99."""
    return _NORMAL.inv_cdf(percentile / 100.0)


def service_time_quantile(mean: float, stddev: float, percentile: float) -> float:
    """Return the seconds within which that percent is served; service times are lognormal.

    Run times of jobs are never negative and lean to the right, which a normal distribution is
    wrong about; a lognormal one with the same mean and spread fits them well.

    Args:
        mean: Mean service time in seconds, above 0.
        stddev: Its standard deviation in seconds, 0 or more.
        percentile: 50 to 99.99.
    """
    if stddev <= 0.0:
        return mean
    variance = log(1.0 + (stddev / mean) ** 2)
    return mean * exp(sqrt(variance) * normal_quantile(percentile) - variance / 2.0)


def longer_than(mean: float, stddev: float, seconds: float) -> float:
    """Return the probability that a service takes longer, from 0 to 1 (lognormal)."""
    if stddev <= 0.0:
        return 1.0 if mean > seconds else 0.0
    variance = log(1.0 + (stddev / mean) ** 2)
    return _NORMAL.cdf((log(mean / seconds) - variance / 2.0) / sqrt(variance))


def longest_wait(mean: float, stddev: float, within: float, percentile: float) -> float:
    """Return up to which wait that percent is done in time, waits spreading evenly.

    Messages of a backlog that fills and empties wait anything from nothing to the longest wait;
    few are as late as the last. So the longest may be longer than if all waited as long.

    Args:
        mean: Mean service time in seconds, above 0.
        stddev: Its standard deviation in seconds; lognormal.
        within: Seconds from publishing to done that are promised.
        percentile: 50 to 99.99.
    """
    if stddev <= 0.0:
        return max(0.0, within - mean)
    variance = log(1.0 + (stddev / mean) ** 2)
    spread, middle = sqrt(variance), log(mean) - variance / 2.0
    allowed = PORTIONS * (1.0 - percentile / 100.0)
    low, high = 0.0, within
    for _ in range(10):
        longest = (low + high) / 2.0
        late = sum(
            _NORMAL.cdf((middle - log(within - longest * (k + 0.5) / PORTIONS)) / spread)
            for k in range(PORTIONS)
        )
        low, high = (longest, high) if late <= allowed else (low, longest)
    return low


def outlasting(mean: float, stddev: float, seconds: float) -> float:
    """Return which part of the messages in service now still is that much later, 0 to 1.

    The equilibrium residual of a lognormal service time: E[max(S - seconds, 0)] / E[S].
    """
    if stddev <= 0.0:
        return max(0.0, 1.0 - seconds / mean)
    variance = log(1.0 + (stddev / mean) ** 2)
    spread = sqrt(variance)
    above = (log(mean / seconds) + variance / 2.0) / spread
    return _NORMAL.cdf(above) - seconds / mean * _NORMAL.cdf(above - spread)


def erlang_c(servers: int, offered: float) -> float:
    """Return the probability that a message has to wait in M/M/n, 0 to 1 (Erlang 1917).

    Above `MOST_SERVERS` the limit of many servers stands in for it (Halfin and Whitt 1981).

    Args:
        servers: Number of slots, n.
        offered: Arrival rate times service time; 1 results when it is n or more.
    """
    if offered >= servers:
        return 1.0
    if offered <= 0.0:
        return 0.0
    if servers > MOST_SERVERS:
        spare = (servers - offered) / sqrt(offered)
        return 1.0 / (1.0 + spare * _NORMAL.cdf(spare) / _NORMAL.pdf(min(spare, 30.0)))
    blocking = 1.0  # Erlang B by its recursion, which cannot overflow
    for n in range(1, servers + 1):
        blocking = offered * blocking / (n + offered * blocking)
    return servers * blocking / (servers - offered * (1.0 - blocking))


def passage(level: float, drift: float, variance: float, seconds: float) -> float:
    """Return the probability that a random walk from 0 reaches a level in time, 0 to 1.

    Brownian motion with drift, the inverse Gaussian law of its first passage.

    Args:
        level: How far it has to go, above 0 or already there.
        drift: Its mean change per second.
        variance: Its variance per second, 0 or more.
        seconds: The time it has; infinity is allowed.
    """
    if level <= 0.0:
        return 1.0
    if variance <= 0.0:
        return 1.0 if drift * seconds >= level else 0.0
    mirrored = exp(min(2.0 * drift * level / variance, 0.0 if drift < 0.0 else 700.0))
    if seconds == inf:
        return mirrored if drift < 0.0 else 1.0
    spread = sqrt(variance * seconds)
    if spread <= 0.0:
        return 0.0
    direct = _NORMAL.cdf((drift * seconds - level) / spread)
    tail = _NORMAL.cdf((-drift * seconds - level) / spread)
    return min(1.0, direct + (mirrored * tail if tail > 0.0 else 0.0))


def mean_passage(level: float, drift: float, variance: float) -> float:
    """Return the mean seconds that a random walk from 0, never below 0, takes to a level.

    Brownian motion reflected at 0; grows without bound as the drift falls.

    Args:
        level: How far it has to go.
        drift: Its mean change per second.
        variance: Its variance per second, 0 or more.
    """
    if level <= 0.0:
        return 0.0
    if variance <= 0.0:
        return level / drift if drift > 0.0 else inf
    steps = 2.0 * drift * level / variance
    if abs(steps) < 1e-3:  # noqa: PLR2004 - the limit without drift
        return level * level / variance
    return level / drift + variance / (2.0 * drift * drift) * (exp(min(-steps, 50.0)) - 1.0)


def late_risk(servers: int, load: Load, waiting: float, patience: float, seconds: float) -> float:
    """Return the probability that the wait exceeds `patience` within some time, 0 to 1.

    The steady state's tail (Erlang C, stretched by the variability as in the Lee-Longton
    correction for M/G/n) times the part of it that a walk from the present reaches in the time.

    Args:
        servers: Number of slots.
        load: The flow of messages.
        waiting: Messages that wait now.
        patience: Seconds that a message may wait.
        seconds: The time in which nothing can be done about it.
    """
    if servers <= 0:
        return 1.0
    pace = servers / load.service_time
    level = pace * patience - waiting
    drift = load.rate - pace
    variance = load.rate * (load.dispersion + load.variation**2)
    within = passage(level, drift, variance, seconds)
    offered = load.rate * load.service_time
    if offered >= servers or waiting > 0 or variance <= 0.0:
        return within
    # The walk has no memory of single servers; Erlang C has: it says who has to wait at all.
    return within * erlang_c(servers, offered)
