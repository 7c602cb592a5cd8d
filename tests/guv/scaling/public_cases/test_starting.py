"""Public reports of dynos that start too late, too many or never, retold.

Rows are: seconds, ready, running, consumers, published, served, dynos.
"""

from collections.abc import Sequence

import pytest

from bench.scaling.simulator import Scenario, simulate
from guv.scaling import Direction, Reason, Sample, Settings, decide
from tests.guv.scaling.stories import FOLLOWED, Row, counts_of, every, role, tell

NOBODY_CONSUMES = [
    Row(0, 500, 0, 0, 500, 0, 0),
    Row(60, 500, 0, 0, 500, 0, FOLLOWED),
    Row(300, 500, 0, 0, 500, 0, FOLLOWED),
    Row(420, 500, 0, 0, 500, 0, FOLLOWED),
]
PATIENT = role(processing_time=10, target_deadline=300, minimum_dynos=0)
JUST_EMPTIED = [
    Row(0, 200, 20, 20, 1000, 780, 20),
    Row(30, 0, 0, 20, 1000, 1000, 20),
    Row(60, 0, 0, 20, 1000, 1000, FOLLOWED),
    Row(240, 0, 0, 20, 1000, 1000, FOLLOWED),
]
ONE_MESSAGE = [
    Row(0, 0, 0, 0, 10, 10, 0),
    Row(30, 1, 0, 0, 11, 10, 0),
    Row(60, 1, 0, 0, 11, 10, FOLLOWED),
    Row(600, 1, 0, 0, 11, 10, FOLLOWED),
]
SIX_LONG_ONES = [
    Row(0, 6, 0, 1, 6, 0, 1),
    Row(60, 5, 1, 1, 6, 0, FOLLOWED),
    Row(600, 5, 1, 1, 6, 0, FOLLOWED),
]
LONG = role(processing_time=600, processing_time_stddev=60, target_deadline=1800, maximum_dynos=10)
SLOW_STORE = [
    Row(0, 300, 10, 10, 2000, 1690, 10),
    Row(60, 360, 20, 20, 2180, 1800, 20),
    Row(180, 600, 30, 30, 2540, 1910, 30),
    Row(300, 820, 30, 30, 2900, 2040, FOLLOWED),
]
BEHIND_A_STORE = role(processing_time=5, target_deadline=120, maximum_dynos=40)


def desired(settings: Settings, history: Sequence[Sample], now: float) -> int:
    """What guv asks for, for the simulator."""
    return decide(settings, history, now).desired or 0


def test_bc14_without_any_throughput_the_told_time_says_how_many() -> None:
    asked = tell(PATIENT, NOBODY_CONSUMES)[60].desired
    assert asked is not None
    assert 15 <= asked <= 20


@pytest.mark.parametrize(
    "rows", [NOBODY_CONSUMES, every(30, NOBODY_CONSUMES)], ids=["rare", "often"]
)
def test_bc14_dynos_that_do_not_consume_for_three_boots_are_told(rows: Sequence[Row]) -> None:
    notices = tell(PATIENT, rows)[300].notices
    assert any("do not consume" in notice for notice in notices)


def test_bc14_dynos_that_may_boot_yet_are_not_told() -> None:
    assert tell(PATIENT, NOBODY_CONSUMES)[60].notices == ()


def test_bc14_no_more_are_added_to_dynos_that_do_not_consume() -> None:
    roomy = role(target_deadline=300, minimum_dynos=0, maximum_dynos=100)
    told = tell(roomy, every(30, NOBODY_CONSUMES))
    assert len(set(counts_of(told, 150, 420))) == 1


def test_bc15_an_emptied_queue_adds_no_dyno() -> None:
    told = tell(role(), JUST_EMPTIED)
    later = [decision for at, decision in told.items() if at >= 30]
    assert not any(decision.direction is Direction.UP for decision in later)


@pytest.mark.parametrize("rows", [JUST_EMPTIED, every(30, JUST_EMPTIED)], ids=["rare", "often"])
def test_bc15_an_emptied_queue_needs_the_minimum(rows: Sequence[Row]) -> None:
    assert tell(role(), rows)[240].desired == 1


def test_bc19_one_message_wakes_a_sleeping_role_at_the_first_sight() -> None:
    settings = role(processing_time=60, minimum_dynos=0, maximum_dynos=5)
    assert counts_of(tell(settings, ONE_MESSAGE), 0, 600) == [0, 1, 1, 1]


def test_bc19_the_boot_is_part_of_the_promised_wait() -> None:
    settings = role(processing_time=60, minimum_dynos=0, maximum_dynos=5)
    wait = tell(settings, ONE_MESSAGE)[30].predicted_wait
    assert wait == pytest.approx(30 + 60, abs=1)


def test_bc20_six_long_messages_get_the_dynos_that_their_deadline_asks_for() -> None:
    """Not at the first poll, where an average would ask for three, but while it is early enough.

    Until then the one dyno that is up works, and what arrives meanwhile is gathered into the same
    start; nobody pays for what would only finish earlier than asked. See the test below for what
    becomes of the messages.
    """
    told = tell(LONG, every(30, SIX_LONG_ONES))
    asked = [count for count in counts_of(told, 0, 600) if count is not None]
    assert asked[0] == 1
    assert 3 <= max(asked) <= 6
    assert told[300].desired == max(asked)


def test_bc20_all_six_are_done_in_time() -> None:
    scenario = Scenario(
        name="six long ones",
        settings=LONG,
        arrivals=(0.0,) * 6,
        services=(600.0,) * 6,
        duration=3600.0,
        boot_time=30.0,
        initial_dynos=1,
    )
    result = simulate(scenario, desired)
    assert result.on_time == 1.0
    assert result.cut == 0


def test_bc38_more_dynos_that_bring_nothing_are_not_followed_by_more() -> None:
    told = tell(BEHIND_A_STORE, SLOW_STORE)
    assert [told[at].desired for at in (180, 300)] == [30, 30]
    assert told[300].reason is Reason.NO_GAIN


def test_bc38_that_they_bring_nothing_is_told_with_figures() -> None:
    notices = tell(BEHIND_A_STORE, SLOW_STORE)[180].notices
    assert any("throughput per dyno fell from 0.18 to 0.046" in notice for notice in notices)


def test_bc38_dynos_that_somebody_else_adds_do_not_silence_it() -> None:
    forced = [row._replace(dynos=40) if row.at == 300 else row for row in SLOW_STORE]
    decision = tell(BEHIND_A_STORE, forced)[300]
    assert decision.desired == 40
    assert any("throughput per dyno fell from 0.18" in notice for notice in decision.notices)
