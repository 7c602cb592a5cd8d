"""How long one job takes."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """Service times in seconds: gamma distributed; always `mean` where `stddev` is 0."""

    mean: float
    stddev: float = 0.0

    def draw(self, source: random.Random) -> float:
        """Draw the service time of one job."""
        if self.stddev == 0:
            return self.mean
        shape = (self.mean / self.stddev) ** 2
        return source.gammavariate(shape, self.mean / shape)
