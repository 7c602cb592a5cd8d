"""The policy by age of the oldest message: its steps up and down."""

from collections.abc import Sequence

from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish
from guv.scaling.policies.latency import latency

FAR = 10_000.0  # seconds; every history here ends then


def settings(**parameters: float | bool) -> Settings:
    return Settings(minimum_dynos=1, maximum_dynos=4, policy_parameters=parameters)


def history(
    *, waiting: Sequence[int] = (), quiet: int = 100, running: int = 0, dynos: Sequence[int] = (2,)
) -> list[Sample]:
    """Some quiet samples, then one per entry of `waiting`: messages that came and were not taken.

    `dynos` are the last formations; those before are as the first of them.
    """
    ready = [0] * quiet + list(waiting)
    formations = [dynos[0]] * (len(ready) - len(dynos)) + list(dynos)
    return [
        Sample(
            at=FAR - 10.0 * (len(ready) - 1 - k),
            messages_ready=count,
            messages_unacknowledged=running,
            published=1000 + count,
            served=1000,
            consumers=formations[k],
            dynos=formations[k],
        )
        for k, count in enumerate(ready)
    ]


def wish(samples: list[Sample], **parameters: float | bool) -> Wish:
    return latency(settings(**parameters), samples, Estimates(), FAR)


def test_latency_adds_a_dyno_when_a_message_waits_long() -> None:
    assert wish(history(waiting=[5, 5, 5, 5])).dynos == 3


def test_latency_adds_no_dyno_for_a_new_message() -> None:
    assert wish(history(quiet=40, waiting=[1])).dynos == 2


def test_the_step_up_can_be_larger_but_not_beyond_the_maximum() -> None:
    assert wish(history(waiting=[5] * 4), up_by=9).dynos == 4


def test_latency_rests_after_going_up() -> None:
    resting = wish(history(waiting=[5] * 8, dynos=[1, 2, 2, 2]))

    assert resting.dynos == 2
    assert resting.reason is Reason.COOLDOWN


def test_latency_goes_up_again_after_the_rest() -> None:
    assert wish(history(waiting=[5] * 20, dynos=[1] + [2] * 13)).dynos == 3


def test_the_first_message_wakes_a_dyno() -> None:
    assert wish(history(waiting=[1], dynos=[0])).dynos == 1


def test_waking_can_be_left_to_the_age() -> None:
    assert wish(history(waiting=[1], dynos=[0]), wake=False).dynos == 0


def test_latency_gives_up_a_dyno_after_a_long_quiet() -> None:
    assert wish(history()).dynos == 1


def test_latency_keeps_its_dynos_in_a_short_quiet() -> None:
    assert wish(history(quiet=40)).dynos == 2


def test_latency_keeps_its_dynos_after_a_recent_wait() -> None:
    samples = history(waiting=[5, 5, 5, 0, 0])

    assert wish(samples).reason is Reason.STABILIZED


def test_a_change_within_the_quiet_keeps_the_dynos() -> None:
    assert wish(history(dynos=[3, 2, 2])).reason is Reason.COOLDOWN


def test_running_messages_can_keep_the_dynos() -> None:
    assert wish(history(running=1), keep_busy=True).reason is Reason.BUSY
    assert wish(history(running=1)).dynos == 1


def test_latency_never_goes_below_the_minimum() -> None:
    assert wish(history(dynos=[1])).dynos == 1
