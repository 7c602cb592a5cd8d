"""How many jobs a second arrive: a sine wave with spikes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spike:
    """More jobs for a while: from `start` (seconds since the beginning) `rate` a second more."""

    start: float
    seconds: float
    rate: float

    def rate_at(self, second: float) -> float:
        """Return the jobs a second that the spike adds."""
        return self.rate if self.start <= second < self.start + self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Shape:
    """A sine wave around `mean` jobs a second, never below 0, with spikes on top.

    Attributes:
        mean: Jobs a second, in the middle.
        amplitude: How far the rate swings up and down.
        period: Seconds of one wave.
        spikes: What comes on top.
        cycle: Seconds after which the spikes come again; None: they come once.
        seconds: When the jobs end; None: never.
    """

    mean: float
    amplitude: float = 0.0
    period: float = 60.0
    spikes: Sequence[Spike] = ()
    cycle: float | None = None
    seconds: float | None = None

    def rate_at(self, second: float) -> float:
        """Jobs a second, so many seconds after the beginning."""
        if self.seconds is not None and second >= self.seconds:
            return 0.0
        wave = self.mean + self.amplitude * math.sin(2 * math.pi * second / self.period)
        since = second % self.cycle if self.cycle else second
        return max(wave, 0.0) + sum(spike.rate_at(since) for spike in self.spikes)
