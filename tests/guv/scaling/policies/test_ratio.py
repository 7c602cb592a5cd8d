"""The ratio policy waits, rests and goes down as HireFire's does."""

from collections.abc import Sequence

from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish
from guv.scaling.policies.ratio import ratio


def history(ready: Sequence[int], dynos: Sequence[int], running: int = 0) -> list[Sample]:
    return [
        Sample(10.0 * k, count, running, dynos=dynos[k] if len(dynos) > 1 else dynos[0])
        for k, count in enumerate(ready)
    ]


def wish(samples: list[Sample], **parameters: float | bool) -> Wish:
    settings = Settings(
        minimum_dynos=0,
        maximum_dynos=9,
        policy_parameters={"messages_per_dyno": 10, **parameters},
    )
    return ratio(settings, samples, Estimates(), samples[-1].at)


def test_a_wish_for_more_must_last_for_so_many_samples() -> None:
    assert wish(history([0, 0, 30], [1]), up_after=2).reason is Reason.STABILIZED
    assert wish(history([0, 30, 30], [1]), up_after=2).dynos == 3


def test_a_wish_for_fewer_must_last_for_so_many_samples() -> None:
    assert wish(history([40, 40, 10], [4]), down_after=2).dynos == 4
    assert wish(history([40, 10, 10], [4]), down_after=2).dynos == 1


def test_ratio_waits_while_the_history_is_too_short() -> None:
    assert wish(history([30], [1]), up_after=2).dynos == 1


def test_ratio_rests_after_going_up() -> None:
    assert wish(history([9, 30, 60], [1, 3, 3]), rest_up=60).reason is Reason.COOLDOWN


def test_going_down_rests_only_after_going_down() -> None:
    assert wish(history([30, 30, 5], [1, 3, 3]), rest_down=60).dynos == 1
    assert wish(history([40, 30, 5], [4, 3, 3]), rest_down=60).reason is Reason.COOLDOWN


def test_ratio_can_go_down_from_an_empty_queue_only() -> None:
    assert wish(history([5, 5], [4]), down_only_when_empty=True).reason is Reason.BUSY
    assert wish(history([0, 0], [4]), down_only_when_empty=True).dynos == 0


def test_messages_in_a_queue_that_must_be_empty_interrupt_the_wish_for_fewer() -> None:
    samples = history([5, 0], [4])

    assert wish(samples, down_only_when_empty=True, down_after=2).dynos == 4


def test_running_messages_count_unless_told_otherwise() -> None:
    samples = history([10, 10], [1], running=15)

    assert wish(samples).dynos == 3
    assert wish(samples, count_running=False).dynos == 1


def test_a_full_window_and_a_short_wish_go_together() -> None:
    samples = history([50, 0, 0], [5])

    assert wish(samples, window=30).dynos == 5
    assert wish(samples, window=10).dynos == 0


def test_an_unknown_formation_asks_for_what_the_backlog_needs() -> None:
    assert wish([Sample(0.0, 25, 0)]).dynos == 3
