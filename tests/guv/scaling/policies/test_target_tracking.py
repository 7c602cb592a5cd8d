"""Target tracking keeps the rules of either style."""

from collections.abc import Sequence

import pytest

from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish
from guv.scaling.policies.target_tracking import target_per_dyno, target_tracking

END = 10_000.0


def history(
    ready: Sequence[int | None], dynos: Sequence[int], *, interval: float = 60.0, up: int | None = 0
) -> list[Sample]:
    """Samples that end now; the shorter series is continued to the past by its first value."""
    length = max(len(ready), len(dynos))
    waiting = [ready[0]] * (length - len(ready)) + list(ready)
    counts = [dynos[0]] * (length - len(dynos)) + list(dynos)
    return [
        Sample(
            at=END - interval * (length - 1 - k),
            messages_ready=waiting[k],
            messages_unacknowledged=0,
            consumers=up or counts[k],
            dynos=counts[k],
        )
        for k in range(length)
    ]


def aws(samples: list[Sample], **parameters: float) -> Wish:
    settings = Settings(
        minimum_dynos=1,
        maximum_dynos=20,
        target_deadline=100.0,
        processing_time=10.0,
        policy_parameters={"style": "aws", **parameters},
    )
    return target_tracking(settings, samples, Estimates(), END)


def hpa(samples: list[Sample], *, minimum: int = 0, **parameters: float | bool) -> Wish:
    settings = Settings(
        minimum_dynos=minimum,
        maximum_dynos=50,
        policy_parameters={"style": "hpa", "messages_per_dyno": 10, **parameters},
    )
    return target_tracking(settings, samples, Estimates(), END)


def test_the_target_is_what_a_dyno_does_within_the_acceptable_wait() -> None:
    settings = Settings(processing_time=5.0, concurrency=2, target_deadline=60.0)

    assert target_per_dyno(settings) == pytest.approx(24.0)


def test_three_points_above_the_target_go_up_in_proportion() -> None:
    assert aws(history([80, 80, 80], [4] * 20)).dynos == 8


def test_aws_tracking_waits_for_three_points_above_the_target() -> None:
    assert aws(history([0] * 13 + [80, 80], [4])).dynos == 4


def test_aws_tracking_goes_up_once_per_point() -> None:
    samples = history([80], [2] + [4] * 3, interval=10.0)
    minute = history([80] * 20, [2] + [4] * 3)

    assert aws([*minute[:-4], *samples]).dynos == 4


def test_fifteen_points_below_go_down_in_proportion() -> None:
    assert aws(history([20] * 20, [4])).dynos == 2


def test_a_missing_point_holds() -> None:
    held = aws(history([20] * 10 + [None] + [20] * 5, [4]))

    assert held.dynos == 4


def test_a_missing_newest_point_holds() -> None:
    assert aws(history([80] * 10 + [None], [4])).reason is Reason.NO_DATA


def test_aws_tracking_does_not_go_down_while_a_dyno_boots() -> None:
    assert aws(history([4] * 20, [4], up=3)).reason is Reason.BUSY


def test_aws_tracking_does_not_go_down_soon_after_a_change() -> None:
    assert aws(history([4] * 20, [5] + [4] * 3)).reason is Reason.COOLDOWN


def test_close_to_the_target_nothing_happens() -> None:
    assert aws(history([38] * 20, [4])).dynos == 4


def test_hpa_tracking_starts_a_dyno_for_the_first_message() -> None:
    assert hpa(history([1], [0] * 30)).dynos == 1


def test_hpa_tracking_stays_at_zero_without_a_message() -> None:
    assert hpa(history([0], [0] * 30)).dynos == 0


def test_going_up_is_held_to_the_double_or_four_more() -> None:
    assert hpa(history([400], [1] * 30, interval=15.0)).dynos == 5
    assert hpa(history([400], [10] * 30, interval=15.0)).dynos == 20


def test_hpa_tracking_allows_the_rounds_of_a_longer_interval() -> None:
    assert hpa(history([400], [1] * 30, interval=30.0)).dynos == 10


def test_a_tenth_of_a_difference_is_ignored() -> None:
    assert hpa(history([43], [4] * 30)).dynos == 4
    assert hpa(history([45], [4] * 30)).dynos == 5


def test_going_down_stops_at_the_highest_of_five_minutes() -> None:
    samples = history([90] * 20 + [60, 30, 10], [9], interval=60.0)

    assert hpa(samples).dynos == 9
    assert hpa(history([90, 60, 60, 30, 10, 10, 10], [9], interval=60.0)).dynos == 6


def test_hpa_tracking_keeps_a_dyno_until_five_minutes_were_empty() -> None:
    assert hpa(history([10] + [0] * 5, [1], interval=60.0)).dynos == 1
    assert hpa(history([10] + [0] * 6, [1], interval=60.0)).dynos == 0


def test_hpa_tracking_never_gives_up_the_minimum() -> None:
    assert hpa(history([0] * 20, [1], interval=60.0), minimum=1).dynos == 1


def test_running_messages_can_be_left_out() -> None:
    samples = [Sample(END, 10, 90, consumers=1, dynos=1)]

    assert hpa(samples).dynos == 5
    assert hpa(samples, count_running=False).dynos == 1


def test_an_unknown_backlog_holds() -> None:
    assert hpa(history([None], [3])).reason is Reason.NO_DATA
