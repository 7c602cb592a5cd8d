"""The deadline policy: late enough to be cheap, early enough to be in time."""

from collections.abc import Sequence

import pytest

from guv.scaling.estimate.cleaning import sound
from guv.scaling.estimate.estimate import estimate
from guv.scaling.model import Reason, Sample, Settings, Wish
from guv.scaling.policies.deadline import deadline

LOOSE = Settings(minimum_dynos=0, maximum_dynos=40, target_deadline=300, processing_time=10)
TIGHT = Settings(minimum_dynos=0, maximum_dynos=40, target_deadline=20, processing_time=3)


def wish(settings: Settings, samples: Sequence[Sample]) -> Wish:
    settings = sound(settings)
    return deadline(settings, samples, estimate(settings, samples), samples[-1].at)


def steady(
    rate: float, dynos: int, running: int, ready: int = 0, ticks: int = 90, end: float = 900.0
) -> list[Sample]:
    """Samples of a flow that is served as it comes."""
    return [
        Sample(
            end - 10.0 * k,
            ready,
            running,
            int(rate * (end - 10 * k)) + ready + running,
            int(rate * (end - 10 * k)),
            dynos,
            dynos,
        )
        for k in range(ticks, -1, -1)
    ]


def arriving(ready: int, age: float, dynos: int = 0, at: float = 900.0) -> list[Sample]:
    """A quiet role to which messages came `age` seconds ago."""
    came = at - age
    return [
        Sample(k * 10.0, *((ready, 0, ready) if k * 10 >= came else (0, 0, 0)), 0, dynos, dynos)
        for k in range(int(at / 10) + 1)
    ]


def test_nothing_to_do_needs_nobody() -> None:
    assert wish(LOOSE, steady(0.0, 0, 0)).dynos == 0


def test_a_fresh_message_waits_while_waiting_is_free() -> None:
    assert wish(LOOSE, arriving(1, age=10)).dynos == 0


def test_a_waiting_message_is_served_before_its_deadline() -> None:
    assert wish(LOOSE, arriving(1, age=230)) == Wish(1, Reason.DEADLINE, "1 more for the deadline")


def test_a_message_that_is_too_late_already_is_still_served() -> None:
    assert wish(LOOSE, arriving(1, age=800)).dynos >= 1


def test_a_short_deadline_starts_a_dyno_at_once() -> None:
    assert wish(TIGHT, arriving(1, age=10)).dynos == 1


def test_a_large_batch_is_not_put_off() -> None:
    assert wish(LOOSE, arriving(300, age=10)).dynos > 10


def test_many_messages_never_start_more_dynos_than_they_can_use() -> None:
    assert wish(TIGHT, arriving(3, age=10)).dynos <= 3


def test_dynos_that_boot_are_not_asked_for_again() -> None:
    asked = wish(LOOSE, arriving(300, age=10)).dynos
    samples = arriving(300, age=20)
    samples[-1] = Sample(900.0, 300, 0, 300, 0, 0, asked)
    assert wish(LOOSE, samples).dynos <= asked + 1


def test_a_flow_keeps_the_dynos_that_it_uses() -> None:
    assert wish(LOOSE, steady(0.5, dynos=5, running=5)).dynos in {4, 5}


def test_dynos_that_a_flow_does_not_use_go() -> None:
    assert wish(LOOSE, steady(0.5, dynos=20, running=5)).dynos in {4, 5, 6}


def test_dynos_with_work_stay() -> None:
    held = wish(LOOSE, steady(0.5, dynos=6, running=6, ready=40))
    assert (held.dynos, held.reason) == (6, Reason.STEADY)


def test_a_deadline_shorter_than_a_boot_holds_a_reserve() -> None:
    use = 1.0 * 3.0
    assert wish(TIGHT, steady(1.0, dynos=12, running=3)).dynos >= use + 1


def test_the_reserve_is_no_crowd() -> None:
    assert wish(TIGHT, steady(1.0, dynos=12, running=3)).dynos <= 7


def test_fewer_than_two_samples_give_up_no_dyno() -> None:
    assert wish(LOOSE, [Sample(0.0, 0, 0, 100, 100, 9, 9)]).dynos == 9


def test_shortly_after_a_restart_nothing_goes() -> None:
    samples = [Sample(0.0, 200, 15, 1000, 785, 15, 15), Sample(30.0, 5, 3, 1001, 993, 15, 15)]
    assert wish(LOOSE, samples).dynos >= 15


def test_long_jobs_leave_a_slot_for_each_that_runs() -> None:
    settings = Settings(minimum_dynos=0, target_deadline=3600, processing_time=600)
    assert wish(settings, steady(0.0, dynos=10, running=4)).dynos >= 4


def test_a_wait_beyond_every_hope_does_not_freeze_the_count() -> None:
    hopeless = Settings(minimum_dynos=0, target_deadline=5, processing_time=10)
    assert wish(hopeless, steady(0.1, dynos=30, running=1)).dynos < 30


def test_even_batches_find_their_dynos_up() -> None:
    published, samples = 0, []
    for at in range(0, 2370, 10):
        published += 40 if at in {600, 1200, 1800} else 0
        samples.append(Sample(float(at), 0, 0, published, published, 0, 0))
    foreseen = wish(Settings(minimum_dynos=0, target_deadline=40, processing_time=4), samples)
    assert 5 <= foreseen.dynos <= 8


def test_more_dynos_that_bring_nothing_are_not_followed_by_more() -> None:
    served, samples = 0, []
    for k in range(36):
        served += 60
        dynos = 10 + 10 * (k // 12)
        samples.append(Sample(10.0 * k, 300 + 10 * k, dynos, 9999 + 70 * k, served, dynos, dynos))
    settings = Settings(maximum_dynos=90, target_deadline=120, processing_time=1.6)
    assert wish(settings, samples).reason is Reason.NO_GAIN


def stretched(scale: float) -> tuple[Settings, list[Sample]]:
    settings = Settings(
        minimum_dynos=0,
        maximum_dynos=50,
        target_deadline=300 * scale,
        processing_time=10 * scale,
        boot_time=30 * scale,
        interval=10 * scale,
    )
    batch = arriving(120, age=10)
    samples = [Sample(s.at * scale, s.messages_ready, 0, s.published, 0, 0, 0) for s in batch]
    return settings, samples


@pytest.mark.parametrize("scale", [2.0, 10.0, 60.0])
def test_the_decision_is_the_same_in_minutes_and_seconds(scale: float) -> None:
    assert wish(*stretched(scale)).dynos == wish(*stretched(1.0)).dynos
