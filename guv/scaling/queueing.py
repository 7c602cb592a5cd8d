"""Known results of queueing theory that the estimates and the deadline policy stand on."""

from math import exp, log, sqrt
from statistics import NormalDist

_NORMAL = NormalDist()


def normal_quantile(percentile: float) -> float:
    """Standard normal quantile of a percentile between 50 and 99.99."""
    return _NORMAL.inv_cdf(percentile / 100.0)


def service_time_quantile(mean: float, stddev: float, percentile: float) -> float:
    """Seconds within which that percent of messages is served, service times being lognormal.

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


def erlang_c(servers: int, offered: float) -> float:
    """Probability that a message has to wait in M/M/n, from 0 to 1 (Erlang 1917).

    Args:
        servers: Number of slots, n.
        offered: Arrival rate times service time; 1 results when it is n or more.
    """
    if offered >= servers:
        return 1.0
    if offered <= 0.0:
        return 0.0
    blocking = 1.0  # Erlang B by its recursion, which cannot overflow
    for n in range(1, servers + 1):
        blocking = offered * blocking / (n + offered * blocking)
    return servers * blocking / (servers - offered * (1.0 - blocking))


def wait_tail(servers: int, offered: float, wait: float, variability: float = 1.0) -> float:
    """Probability that a message waits longer than `wait`, from 0 to 1.

    M/G/n by the Lee-Longton correction of M/M/n: the exponential tail is stretched by
    `variability` = (ca2 + cs2) / 2, which is 1 for M/M/n.

    Args:
        servers: Number of slots.
        offered: Arrival rate times service time, in slots.
        wait: In units of the mean service time, 0 or more.
        variability: Half the sum of the squared variation of arrivals and of service times.
    """
    if offered >= servers:
        return 1.0
    decay = (servers - offered) / max(variability, 1e-9)
    return erlang_c(servers, offered) * exp(-decay * wait)
