"""The boot time, from the rise of the dynos to the rise of the consumers."""

import pytest

from guv.scaling.estimate.estimate import boot, consumers_per_dyno
from guv.scaling.model import Sample, Settings


def starts(boot_ticks: int, times: int = 4, more: int = 2, gap: float = 10.0) -> list[Sample]:
    """Dynos that go up and down again; each start shows its consumers some ticks later."""
    samples: list[Sample] = []
    for _ in range(times):
        for tick in range(40):
            dynos = 1 + more if 10 <= tick < 30 else 1
            consumers = 1 + more if 9 + boot_ticks <= tick < 30 else 1
            samples.append(Sample(gap * len(samples), 5, 1, consumers=consumers, dynos=dynos))
    return samples


def test_without_starts_the_told_time_stands() -> None:
    assert boot(Settings(boot_time=45.0), starts(4)[:5], 1).mean == 45.0


def test_without_anything_the_prior_stands() -> None:
    assert boot(Settings(), [], 1).source == "prior"


def test_starts_that_were_seen_tell_the_boot_time() -> None:
    found = boot(Settings(), starts(4), 1)
    assert found.mean == pytest.approx(34.0, abs=5.0)
    assert found.source == "measured"


@pytest.mark.parametrize(("told", "ticks"), [(20.0, 9), (90.0, 3)])
def test_a_measured_boot_time_that_contradicts_the_told_one_wins(told: float, ticks: int) -> None:
    found = boot(Settings(boot_time=told), starts(ticks), 1)
    assert found.mean == pytest.approx(10.0 * ticks, abs=10.0)
    assert f"not {told:.0f} s as told" in found.notice


def test_the_middle_of_several_dynos_counts_not_the_slowest() -> None:
    samples = [Sample(10.0 * k, 5, 1, consumers=1, dynos=1) for k in range(3)]
    up = [1, 1, 1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 6]
    samples += [Sample(30.0 + 10 * k, 5, 1, consumers=c, dynos=6) for k, c in enumerate(up)]
    assert boot(Settings(boot_time=40.0), samples, 1).mean < 45.0


def test_a_start_that_was_given_up_tells_nothing() -> None:
    samples = [Sample(10.0 * k, 5, 1, consumers=1, dynos=1 + k % 2) for k in range(30)]
    assert boot(Settings(boot_time=45.0), samples, 1).source == "told"


def test_dynos_that_are_up_at_the_first_look_took_no_longer() -> None:
    found = boot(Settings(boot_time=20.0), starts(1, gap=60.0), 1)
    assert found.mean <= 20.0


@pytest.mark.parametrize(
    ("consumers", "concurrency", "per_dyno"), [(5, 1, 1), (20, 4, 4), (5, 4, 1)]
)
def test_consumers_per_dyno_are_read_off_full_formations(
    consumers: int, concurrency: int, per_dyno: int
) -> None:
    samples = [Sample(float(k), 0, 0, consumers=consumers, dynos=5) for k in range(20)]
    assert consumers_per_dyno(samples, concurrency) == per_dyno


def test_no_consumers_while_messages_run_cannot_be_believed() -> None:
    samples = [Sample(float(k), 0, 3, consumers=0, dynos=5) for k in range(20)]
    assert consumers_per_dyno(samples, 1) is None


def test_no_consumers_while_nothing_runs_can() -> None:
    samples = [Sample(float(k), 9, 0, consumers=0, dynos=5) for k in range(20)]
    assert consumers_per_dyno(samples, 1) == 1
