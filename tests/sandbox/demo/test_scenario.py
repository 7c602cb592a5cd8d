"""Jobs of the demo's rounds, however long a round is."""

import pytest

from sandbox.demo.scenario import DEADLINE, SHORTEST_CYCLE, WORK, Scenario

CYCLES = [SHORTEST_CYCLE, 120.0, 600.0]


def waits(scenario: Scenario, first: float, last: float, step: float = 0.05) -> float:
    """Return the longest wait in seconds between two instants, with all dynos at work."""
    backlog, longest, capacity = 0.0, 0.0, scenario.maximum / WORK.mean
    for number in range(int(first / step), int(last / step)):
        backlog = max(0.0, backlog + (scenario.shape.rate_at(number * step) - capacity) * step)
        longest = max(longest, backlog / capacity)
    return longest


@pytest.mark.parametrize("cycle", CYCLES)
def test_the_maximum_can_serve_the_waves_and_the_first_spike(cycle: float) -> None:
    assert waits(Scenario(cycle), 0, cycle / 3) < DEADLINE / 3


@pytest.mark.parametrize("cycle", CYCLES)
def test_the_maximum_cannot_serve_the_second_spike_in_time(cycle: float) -> None:
    assert waits(Scenario(cycle), 0, cycle) > 1.3 * DEADLINE


@pytest.mark.parametrize("cycle", CYCLES)
def test_every_round_is_like_the_first(cycle: float) -> None:
    shape = Scenario(cycle).shape
    instants = [cycle * share for share in (0.1, 0.13, 0.34, 0.9)]
    again = [shape.rate_at(instant + 2 * cycle) for instant in instants]
    assert again == pytest.approx([shape.rate_at(instant) for instant in instants])
