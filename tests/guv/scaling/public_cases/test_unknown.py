"""Public reports of autoscalers that read no answer, or an odd one, as a number, retold.

Rows are: seconds, ready, running, consumers, published, served, dynos.
"""

from collections.abc import Sequence

import pytest

from guv.scaling import Reason, Sample, decide
from tests.guv.scaling.stories import (
    FOLLOWED,
    START,
    Row,
    counts_of,
    no_answer,
    role,
    sample,
    tell,
)

YEAR = 31_536_000.0
BROKER_DOWN = [
    Row(0, 28, 10, 10, 5000, 4962, 10),
    *(no_answer(at, 10) for at in range(60, 661, 30)),
    Row(690, 400, 10, 10, 6200, 5790, 10),
    Row(750, 430, 10, 10, 6320, 5880, FOLLOWED),
]
LOGIN_REFUSED = [
    Row(0, 50, 5, 5, 1000, 945, 5),
    *(no_answer(at, 5) for at in (120, 480, 900)),
    Row(930, 90, 5, 5, 1400, 1305, 5),
    Row(990, 95, 5, 5, 1440, 1340, FOLLOWED),
]
DEPLOY_LOCKS = [
    Row(0, 300, 5, 5, 900, 595, 5),
    no_answer(30, 5),
    no_answer(210, 5),
    Row(240, 420, 5, 5, 1100, 675, 5),
    Row(270, 430, 5, 5, 1120, 685, 5),
]
RIGHTS_LOST = [
    Row(0, 100, 5, 5, 600, 495, 5),
    *(no_answer(at, 5) for at in (30, 3600, 3660)),
    Row(3690, 300, 5, 5, 2000, 1695, 5),
    Row(3720, 310, 5, 5, 2030, 1715, FOLLOWED),
]
BUSY_TENANT = [Row(0, 400, 5, 5, 900, 495, 5), Row(60, 430, 5, 5, 960, 525, FOLLOWED)]


def test_bc06_a_broker_that_is_down_changes_nothing() -> None:
    told = tell(role(), BROKER_DOWN)
    assert set(counts_of(told, 60, 680)) == {10}


def test_bc06_every_decision_without_data_says_so() -> None:
    told = tell(role(), BROKER_DOWN)
    assert {told[at].reason for at in range(60, 661, 30)} == {Reason.NO_DATA}


def test_bc06_the_first_answer_after_an_outage_is_acted_on() -> None:
    decision = tell(role(), BROKER_DOWN)[690]
    assert decision.desired is not None
    assert decision.desired >= 15


def test_bc07_a_refused_login_holds_the_dynos() -> None:
    assert set(counts_of(tell(role(), LOGIN_REFUSED), 120, 900)) == {5}


def test_bc07_new_credentials_are_enough_to_scale_again() -> None:
    decision = tell(role(), LOGIN_REFUSED)[990]
    assert decision.desired is not None
    assert decision.desired >= 8


def test_bc08_a_queue_that_is_not_there_holds_its_own_role() -> None:
    rows = [no_answer(at, 3) for at in range(0, 601, 30)]
    assert set(counts_of(tell(role(), rows), 0, 600)) == {3}


@pytest.mark.parametrize(
    ("row", "least", "most"),
    [
        (Row(0, 300, 10, 10, 900, 590, 10), 15, 20),
        (Row(0, 0, 0, 1, 50, 50, 1), 1, 1),
    ],
    ids=["late", "idle"],
)
def test_bc08_the_roles_beside_it_scale_as_usual(row: Row, least: int, most: int) -> None:
    desired = tell(role(), [row])[0].desired
    assert desired is not None
    assert least <= desired <= most


def test_bc26_what_was_wished_before_a_deploy_is_wished_anew_after_it() -> None:
    told = tell(role(maximum_dynos=30), DEPLOY_LOCKS)
    assert all(count is not None and count >= 20 for count in counts_of(told, 240, 275))


def test_bc28_an_app_whose_rights_are_lost_is_left_as_it_is() -> None:
    assert set(counts_of(tell(role(), RIGHTS_LOST), 30, 3660)) == {5}


def test_bc28_rights_that_are_back_are_enough_to_scale_again() -> None:
    told = tell(role(), RIGHTS_LOST)
    assert all(count is not None and count >= 15 for count in counts_of(told, 3690, 3725))


def odd(at: float) -> list[Sample]:
    """A history whose only sample says that it was read at that time."""
    return [sample(Row(at, 10, 1, 1, 100, 89, 1))]


@pytest.mark.parametrize("at", [YEAR, -YEAR, float("nan"), float("inf")])
def test_bc33_a_sample_that_cannot_be_of_now_is_left_out(at: float) -> None:
    decision = decide(role(), odd(at), START)
    assert (decision.desired, decision.reason) == (None, Reason.NO_DATA)


@pytest.mark.parametrize("rows", [BUSY_TENANT, BUSY_TENANT[:1]], ids=["two", "one"])
def test_bc33_other_tenants_are_scaled_whatever_one_of_them_sends(rows: Sequence[Row]) -> None:
    history = [sample(row._replace(dynos=5)) for row in rows]
    now = history[-1].at
    alone = decide(role(), history, now)
    decide(role(), odd(YEAR), now)
    beside = decide(role(), history, now)
    assert beside == alone
    assert alone.desired is not None
    assert alone.desired >= 15


def test_bc33_a_good_history_with_an_odd_sample_in_it_is_a_good_history() -> None:
    good = [sample(row._replace(dynos=5)) for row in BUSY_TENANT]
    mixed = [*good, *odd(YEAR)]
    assert decide(role(), mixed, START + 60) == decide(role(), good, START + 60)


def test_bc42_messages_for_next_week_in_another_queue_start_nothing() -> None:
    """A role's samples count its own queues; its delay and dead-letter queues are not in them."""
    rows = [Row(at, 0, 0, 0, 100, 100, 0) for at in range(0, 601, 30)]
    assert set(counts_of(tell(role(minimum_dynos=0), rows), 0, 600)) == {0}


def test_bc45_two_apps_with_the_same_process_type_start_from_their_own_dynos() -> None:
    one = tell(role(), [Row(0, 300, 10, 10, 800, 490, 10)])[0]
    two = tell(role(), [Row(at, 0, 0, 1, 50, 50, 1) for at in range(0, 301, 30)])
    assert (one.current, one.desired) == (10, 20)
    assert set(counts_of(two, 0, 300)) == {1}
