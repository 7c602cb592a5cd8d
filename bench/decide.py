"""Processor time of one decision, in milliseconds: `python -m bench.decide`.

Histories of 1,000 samples, as `decide` gets them from a caller that keeps that many; it looks at
the newest 400. The mean of 200 decisions each, after a warm-up.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterator

from guv.scaling import Sample, Settings, decide

SAMPLES = 1000
DECISIONS = 200
HISTORIES: dict[str, Callable[[random.Random], int]] = {
    "steady, 2 messages a second": lambda _: 20,
    "random, 0 to 40 a tick": lambda source: source.randrange(0, 40),
    "batches of 300, one tick in 30": lambda source: 300 * (source.random() < 1 / 30),
}


def history(kind: str, seed: int = 1) -> list[Sample]:
    """Return samples, ten seconds apart, of a role whose five dynos serve 25 messages a tick."""
    source = random.Random(seed)
    samples: list[Sample] = []
    published = served = 0
    for index in range(SAMPLES):
        published += HISTORIES[kind](source)
        served = min(published, served + 25)
        backlog = published - served
        running = min(backlog, 5)
        samples.append(
            Sample(
                at=1000.0 + 10 * index,
                messages_ready=backlog - running,
                messages_unacknowledged=running,
                published=published,
                served=served,
                consumers=5,
                dynos=5,
            )
        )
    return samples


def figures() -> Iterator[tuple[str, float]]:
    """Return the milliseconds that one decision takes, by the history's name."""
    settings = Settings(maximum_dynos=20)
    for kind in HISTORIES:
        samples = history(kind)
        now = samples[-1].at
        decide(settings, samples, now)
        start = time.process_time()
        for _ in range(DECISIONS):
            decide(settings, samples, now)
        yield kind, 1000 * (time.process_time() - start) / DECISIONS


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(prog="python -m bench.decide", description=__doc__).parse_args()
    print("| history of 1,000 samples | ms a decision |\n|---|---|")
    for kind, milliseconds in figures():
        print(f"| {kind} | {milliseconds:.2f} |")


if __name__ == "__main__":
    main()
