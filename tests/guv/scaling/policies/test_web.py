"""Web dynos: up when load makes them slow, never where more of them cannot help."""

from collections.abc import Sequence
from dataclasses import replace
from math import nan
from typing import Any

import pytest

from guv.scaling import Decision, Direction, Reason, Sample, Settings, WebReading, decide
from guv.scaling.web.load import response_at

NOW = 1_795_608_000.0
SLOTS = 5
SERVICE = 0.1  # seconds with nobody else there
TAIL = 2.0  # p95 by the mean


def settings(policy: str = "response_time", **values: Any) -> Settings:
    parameters = values.pop("parameters", {"response_time": 0.4})
    given: dict[str, Any] = {"maximum_dynos": 20, "concurrency": SLOTS, "boot_time": 30.0}
    return Settings(
        signal="web", policy=policy, policy_parameters=parameters, **{**given, **values}
    )


def reading(rate: float, serving: int, service: float = SERVICE, **values: Any) -> WebReading:
    """What dynos answer under that load, as the mathematics of a queue has it."""
    load = min(rate / serving, 0.985 * SLOTS / service)
    mean = response_at(service, load, SLOTS)
    given = {"p50": 0.8 * mean, "p95": TAIL * mean, "p99": 3 * mean, "mean": mean}
    requests = round(30 * load * serving)
    return WebReading(30.0, requests, serving=serving, **{**given, **values})


def history(web: WebReading | None, dynos: int = 2, count: int = 30) -> list[Sample]:
    return [Sample(NOW - 10.0 * back, dynos=dynos, web=web) for back in range(count - 1, -1, -1)]


def decided(samples: Sequence[Sample], **values: Any) -> Decision:
    return decide(settings(**values), samples, samples[-1].at)


def loop(rates: Sequence[float], service: float = SERVICE, **values: Any) -> list[Decision]:
    """The decisions of a role whose dynos come up three ticks after they were asked for."""
    samples, asked, made = [], [2, 2, 2, 2], []
    for tick, rate in enumerate(rates):
        serving = min(asked[-4:])
        web = reading(rate, serving, service)
        samples.append(Sample(NOW + 10.0 * tick, dynos=asked[-1], web=web))
        decision = decide(settings(**values), samples, samples[-1].at)
        made.append(decision)
        asked.append(decision.desired or 0)
    return made


def test_dynos_that_keep_the_target_stay() -> None:
    decision = decided(history(reading(60.0, 2)))
    assert (decision.desired, decision.reason, decision.is_late) == (2, Reason.STEADY, False)
    assert decision.explanation.startswith("60 requests per second, p95 0.2")
    assert "(target 0.4 s)" in decision.explanation


def test_load_that_makes_dynos_slow_asks_for_more() -> None:
    decision = decided(history(reading(94.0, 2)))
    assert (decision.direction, decision.reason) == (Direction.UP, Reason.RESPONSE_TIME)
    assert decision.desired == 3
    assert decision.is_late


def test_a_rise_is_met_and_a_fall_gives_the_dynos_back() -> None:
    rise, fall = [40.0] * 20 + [300.0] * 40, [40.0] * 60
    made = loop([*rise, *fall])
    at_top, at_end = made[59], made[-1]
    assert at_top.desired is not None
    assert 7 <= at_top.desired <= 12
    assert not at_top.is_late
    assert at_end.desired in {1, 2}
    assert not any(one.is_late for one in made[-50:])


def test_the_count_does_not_flap_under_a_steady_load() -> None:
    made = loop([150.0] * 100)
    changes = [one for one in made[20:] if one.direction is not Direction.HOLD]
    assert len(changes) <= 2
    assert not any(one.is_late for one in made[20:])


def test_dynos_that_boot_are_not_asked_for_again_and_again() -> None:
    made = loop([400.0] * 10, maximum_dynos=100)
    assert max(one.desired or 0 for one in made) <= 16


def test_slow_without_load_asks_for_no_dynos_and_says_so() -> None:
    decision = decided(history(reading(4.0, 2, service=0.9)))
    assert (decision.desired, decision.direction) == (2, Direction.HOLD)
    assert decision.reason is Reason.NO_GAIN
    assert "on idle dynos: more of them cannot bring it to 0.4 s" in decision.explanation
    assert decision.no_gain
    assert decision.notices


def test_what_had_piled_up_is_not_taken_for_slow_code() -> None:
    rush = history(reading(600.0, 2))
    slow = reading(4.0, 2, service=0.9)
    after = [replace(one, at=one.at + 60, web=slow) for one in rush[-6:]]
    decision = decided([*rush, *after])
    assert (decision.direction, decision.reason) == (Direction.HOLD, Reason.STEADY)
    assert "what had piled up is being answered" in decision.explanation
    much_later = [replace(one, at=one.at + 400) for one in after]
    assert decided([*rush, *much_later]).reason is Reason.NO_GAIN


def test_slow_without_load_gives_back_what_nobody_needs() -> None:
    made = loop([3.0] * 60, service=0.9)
    assert made[-1].desired == 1


def test_an_increase_that_made_nothing_faster_is_not_repeated() -> None:
    """The database is slow, and the told concurrency of 1 makes it look like load."""
    slow = WebReading(30.0, 600, p50=0.5, p95=1.0, p99=2.0, mean=0.6, serving=2)
    before = [Sample(NOW + 10.0 * tick, dynos=2, web=slow) for tick in range(30)]
    first = decided(before, concurrency=1)
    assert first.direction is Direction.UP
    more = replace(slow, serving=first.desired)
    after = [Sample(NOW + 300 + 10.0 * tick, dynos=first.desired, web=more) for tick in range(10)]
    waiting = decided([*before, *after[:6]], concurrency=1)
    assert (waiting.direction, waiting.reason) == (Direction.HOLD, Reason.STABILIZED)
    second = decided([*before, *after], concurrency=1)
    assert second.direction is not Direction.UP
    assert second.reason is Reason.NO_GAIN
    assert "were no faster than 2: 1.00 s, 1.00 s before" in second.explanation


def test_overloaded_dynos_get_more_than_what_they_finish_asks_for() -> None:
    web = reading(600.0, 4)
    decision = decided(history(web, dynos=4))
    assert (decision.desired, decision.direction) == (6, Direction.UP)


def test_requests_that_were_given_up_on_idle_dynos_are_no_load() -> None:
    web = reading(4.0, 2, service=0.9, errors={"H12": 4})
    assert decided(history(web)).reason is Reason.NO_GAIN
    busy = reading(40.0, 2, service=0.15, errors={"H12": 4})
    assert decided(history(busy)).direction is Direction.UP


def test_overloaded_dynos_that_finish_no_more_with_others_get_no_more() -> None:
    web = reading(600.0, 4)
    before = history(web, dynos=4)
    after = [
        replace(one, at=one.at + 300, dynos=6, web=replace(web, serving=6)) for one in before[-12:]
    ]
    decision = decided([*before, *after])
    assert (decision.reason, decision.direction) == (Reason.NO_GAIN, Direction.HOLD)
    fewer = replace(web, serving=6, requests=web.requests // 2)
    assert decided([*before, *[replace(one, web=fewer) for one in after]]).no_gain == ""


def test_few_requests_say_nothing_about_a_percentile() -> None:
    web = WebReading(30.0, 5, p50=3.0, p95=9.0, p99=9.0, mean=4.0, serving=1)
    assert decided(history(web, dynos=1)).direction is Direction.HOLD


def test_no_requests_leave_one_dyno_also_at_minimum_0() -> None:
    quiet = WebReading(30.0, 0, serving=0)
    decision = decided(history(quiet, dynos=3), minimum_dynos=0)
    assert decision.desired == 1
    assert decision.explanation == "Scaling from 3 to 1 dyno: no requests."


def test_unknown_requests_hold_and_never_go_down() -> None:
    samples = [*history(reading(4.0, 1), dynos=5)[:-1], Sample(NOW, dynos=5)]
    decision = decided(samples)
    assert (decision.desired, decision.reason) == (5, Reason.NO_DATA)
    assert "the number of requests is unknown" in decision.explanation


def test_lost_lines_forbid_going_down_and_not_up() -> None:
    fewer = decided(history(reading(4.0, 5, lost=3), dynos=5))
    assert (fewer.desired, fewer.reason) == (5, Reason.NO_DATA)
    assert decided(history(reading(94.0, 2, lost=3))).direction is Direction.UP


@pytest.mark.parametrize("policy", ["response_time", "requests", "utilization"])
def test_going_down_needs_a_known_window(policy: str) -> None:
    short = history(reading(4.0, 5), dynos=5, count=3)
    assert decided(short, policy=policy).direction is Direction.HOLD
    assert decided(history(reading(4.0, 5), dynos=5), policy=policy).desired == 1


@pytest.mark.parametrize(("rate", "dynos"), [(1.0, 1), (20.0, 1), (21.0, 2), (101.0, 6)])
def test_requests_are_divided_by_what_a_dyno_is_for(rate: float, dynos: int) -> None:
    web = WebReading(30.0, round(30 * rate), serving=1)
    decision = decided(
        history(web, dynos=1), policy="requests", parameters={"requests_per_dyno": 20}
    )
    assert decision.required == dynos


def test_utilization_counts_the_requests_at_the_same_time() -> None:
    web = WebReading(30.0, 3000, mean=0.12, serving=2)  # 12 at the same time
    decision = decided(
        history(web), policy="utilization", parameters={"utilization": 0.6}, concurrency=5
    )
    assert (decision.desired, decision.reason) == (4, Reason.ARRIVALS)


def test_more_dynos_than_the_maximum_is_a_miss_that_pages() -> None:
    made = loop([400.0] * 10, maximum_dynos=3)
    assert made[-1].desired == 3
    assert made[-1].misses_at_maximum
    assert (made[-1].dynos_to_meet or 0) > 3


def test_shaping_holds_for_web_dynos_too() -> None:
    decision = decided(history(reading(94.0, 2)), step_up=1)
    assert decision.desired == 3
    paused = decided(history(reading(94.0, 2)), maximum_dynos=2)
    assert (paused.desired, paused.reason) == (2, Reason.MAXIMUM)


@pytest.mark.parametrize("policy", ["response_time", "requests", "utilization"])
@pytest.mark.parametrize(
    "nonsense",
    [
        WebReading(0.0, 500, mean=0.1, p95=0.2),
        WebReading(30.0, 500, mean=nan, p95=nan),
        WebReading(30.0, 500, mean=10**400, p95=10**400),
        WebReading(1e-300, 500, mean=1e300, p95=1e300),
    ],
)
def test_nonsense_read_earlier_is_left_out(policy: str, nonsense: WebReading) -> None:
    samples = history(reading(20.0, 4), dynos=4)
    unknown = [*samples[:-5], replace(samples[-5], web=None), *samples[-4:]]
    odd = [*samples[:-5], replace(samples[-5], web=nonsense), *samples[-4:]]
    values: dict[str, Any] = {"policy": policy, "parameters": {}}
    assert decided(odd, **values) == decided(unknown, **values)
