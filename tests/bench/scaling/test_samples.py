"""Samples that a simulated broker shows to a scaler: counters, staleness, missing answers."""

from collections.abc import Sequence
from itertools import pairwise

from bench.scaling.simulator import HISTORY, START, Scenario, simulate
from guv.scaling.model import Sample, Settings


def seen(scenario: Scenario, dynos: int = 1) -> list[Sample]:
    """Run the simulation and return all samples as the scaler got them."""
    shown: list[Sample] = []

    def scale(_: Settings, samples: Sequence[Sample], now: float) -> int:
        assert samples[-1].at == now
        shown.append(samples[-1])
        return dynos

    simulate(scenario, scale)
    return shown


def scenario(**more: float) -> Scenario:
    arrivals = [float(second) for second in range(0, 300, 3)]
    settings = Settings(minimum_dynos=0, maximum_dynos=5, target_deadline=60, interval=10.0)
    return Scenario(
        "samples", settings, arrivals, [2.0] * len(arrivals), 300.0,
        **more,  # type: ignore[arg-type]  # each key is a field of its own type
    )  # fmt: skip


def test_samples_come_once_per_interval_in_unix_seconds() -> None:
    instants = [sample.at for sample in seen(scenario())]

    assert instants[0] == START + 10.0
    assert all(later - earlier == 10.0 for earlier, later in pairwise(instants))


def test_simulated_counters_only_grow() -> None:
    samples = seen(scenario())

    for earlier, later in pairwise(samples):
        assert (later.published or 0) >= (earlier.published or 0)
        assert (later.served or 0) >= (earlier.served or 0)


def test_simulated_counters_and_counts_agree() -> None:
    for sample in seen(scenario()):
        waiting = (sample.messages_ready or 0) + (sample.messages_unacknowledged or 0)
        assert sample.published == (sample.served or 0) + waiting


def test_counts_are_up_to_five_seconds_old() -> None:
    first = seen(scenario())[0]

    assert first.published is not None
    assert 5.0 <= first.published * 3.0 <= 13.0


def test_consumers_appear_when_the_dyno_is_up() -> None:
    samples = seen(scenario())

    asked = next(sample.at for sample in samples if sample.dynos)
    up = next(sample.at for sample in samples if sample.consumers)
    assert 20.0 <= up - asked <= 50.0


def test_a_missed_poll_shows_the_formation_only() -> None:
    missed = [s for s in seen(scenario(missed=0.5)) if s.messages_ready is None]

    assert missed
    assert all(sample.published is None for sample in missed)
    assert all(sample.consumers is None for sample in missed)
    assert all(sample.dynos is not None for sample in missed)


def test_redelivered_messages_are_counted() -> None:
    def restless(_: Settings, samples: Sequence[Sample], now: float) -> int:
        counts.append(samples[-1].redelivered or 0)
        return int(now - START) // 60 % 2

    counts: list[int] = []
    settings = Settings(minimum_dynos=0, maximum_dynos=5, target_deadline=600, interval=10.0)
    simulate(Scenario("cut", settings, [0.0], [200.0], 600.0, initial_dynos=1), restless)

    assert counts[-1] > 1


def test_the_history_of_a_scaler_is_bounded() -> None:
    lengths: list[int] = []

    def scale(_: Settings, samples: Sequence[Sample], __: float) -> int:
        lengths.append(len(samples))
        return 0

    settings = Settings(interval=1.0)
    simulate(Scenario("long", settings, [], [], 2000.0), scale)

    assert max(lengths) == HISTORY
