"""The service time: told, measured, contradicted, or unknown."""

from collections.abc import Sequence

import pytest

from guv.scaling.estimate.service_time import Service, service
from guv.scaling.model import Sample, Settings

TOLD = Settings(processing_time=10.0, processing_time_stddev=5.0)
UNTOLD = Settings()


def saturated(
    service_time: float, slots: int = 4, ticks: int = 60, gap: float = 10.0
) -> list[Sample]:
    pace = slots / service_time
    return [
        Sample(k * gap, 500, slots, 1000, int(k * gap * pace), slots, slots) for k in range(ticks)
    ]


def half_idle(service_time: float, rate: float, dynos: int = 8, ticks: int = 60) -> list[Sample]:
    running = round(rate * service_time)
    return [
        Sample(k * 10.0, 0, running, int(k * 10 * rate), int(k * 10 * rate), dynos, dynos)
        for k in range(ticks)
    ]


def estimated(settings: Settings, samples: Sequence[Sample]) -> Service:
    return service(settings, samples, 1)


def test_nothing_measured_leaves_what_was_told() -> None:
    assert estimated(TOLD, saturated(7.0)[:1]) == Service(10.0, 5.0, "told")


def test_nothing_told_or_measured_leaves_the_prior() -> None:
    assert estimated(UNTOLD, []) == Service(10.0, 5.0, "prior")


@pytest.mark.parametrize("truth", [0.5, 3.0, 25.0, 60.0])
def test_full_slots_show_the_service_time_without_any_told(truth: float) -> None:
    found = estimated(UNTOLD, saturated(truth, ticks=120))
    assert found.mean == pytest.approx(truth, rel=0.1)
    assert found.source == "measured"


def test_a_told_time_that_is_right_draws_no_notice() -> None:
    found = estimated(TOLD, saturated(10.4))
    assert found.mean == pytest.approx(10.3, abs=0.3)
    assert found.notice == ""


@pytest.mark.parametrize("truth", [3.0, 30.0])
def test_a_measured_time_that_contradicts_the_told_one_wins_with_a_notice(truth: float) -> None:
    found = estimated(TOLD, saturated(truth, ticks=120))
    assert found.mean == pytest.approx(truth, rel=0.1)
    assert "not 10 s as told" in found.notice


def test_running_messages_show_the_service_time_of_slots_that_idle() -> None:
    found = estimated(UNTOLD, half_idle(6.0, 0.5))
    assert found.mean == pytest.approx(6.0, rel=0.1)


def test_hoarded_messages_are_no_work() -> None:
    hoarding = [
        Sample(k * 10.0, 100, 80, 1000 + 8 * k, 8 * k, 4, 4) for k in range(60)
    ]  # four consumers that prefetch twenty each, 0.8 messages a second
    assert estimated(UNTOLD, hoarding).mean == pytest.approx(5.0, rel=0.1)


def test_without_a_served_counter_published_and_backlog_tell() -> None:
    samples = [
        Sample(k * 10.0, 500 - 5 * k, 4, 1000, None, 4, 4) for k in range(60)
    ]  # half a message a second by four slots
    assert estimated(UNTOLD, samples).mean == pytest.approx(8.0, rel=0.1)


def test_without_any_counter_the_told_time_stands() -> None:
    samples = [Sample(k * 10.0, 5, 4, dynos=4) for k in range(60)]
    assert estimated(TOLD, samples).mean == 10.0


def test_a_counter_that_restarts_is_left_out() -> None:
    samples = saturated(5.0)
    restarted = [
        Sample(s.at, s.messages_ready, 4, 1000, (s.served or 0) % 97, 4, 4) for s in samples
    ]
    assert estimated(UNTOLD, restarted).mean == pytest.approx(5.0, rel=0.15)


def test_several_slots_per_dyno_all_work() -> None:
    settings = Settings(concurrency=10)
    samples = [Sample(k * 10.0, 500, 20, 1000, 40 * k, 2, 2) for k in range(60)]
    assert service(settings, samples, 1).mean == pytest.approx(5.0, rel=0.1)


def test_long_messages_that_have_only_begun_do_not_look_longer_than_they_are() -> None:
    begun = [Sample(k * 10.0, 11, 19 if k else 0, 30, 0, 19, 19) for k in range(12)]
    settings = Settings(processing_time=180.0)
    assert estimated(settings, begun).mean == pytest.approx(180.0, rel=0.2)


def test_a_batch_that_is_over_between_two_samples_does_not_look_shorter() -> None:
    quiet = [Sample(k * 10.0, 0, 0, 60, 60, 0, 0) for k in range(100)]
    batch = [
        Sample(1000.0, 60, 0, 120, 60, 0, 10),
        Sample(1010.0, 35, 10, 120, 75, 10, 10),
        Sample(1020.0, 10, 10, 120, 100, 10, 10),
        Sample(1030.0, 0, 0, 120, 120, 10, 10),
    ]
    quiet_again = [Sample(1040.0 + k * 10, 0, 0, 120, 120, 0, 0) for k in range(200)]
    settings = Settings(processing_time=4.0)
    assert estimated(settings, quiet + batch + quiet_again).mean == pytest.approx(4.0, rel=0.1)
