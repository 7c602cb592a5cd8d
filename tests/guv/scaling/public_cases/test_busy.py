"""Public reports of autoscalers that stop what is at work, retold: guv does not.

Rows are: seconds, ready, running, consumers, published, served, dynos.
"""

from collections.abc import Sequence

import pytest

from guv.scaling import Decision, Reason, decide
from tests.guv.scaling.stories import FOLLOWED, START, Row, counts_of, every, role, sample, tell

LONG = role(processing_time=2400, target_deadline=7200, minimum_dynos=0, maximum_dynos=10)
ALL_RUNNING = [
    Row(0, 5, 0, 0, 5, 0, 0),
    Row(60, 5, 0, 0, 5, 0, 5),
    Row(120, 0, 5, 5, 5, 0, 5),
    Row(420, 0, 5, 5, 5, 0, 5),
    Row(2400, 0, 5, 5, 5, 0, 5),
    Row(2520, 0, 0, 5, 5, 5, 5),
    Row(2760, 0, 0, 5, 5, 5, FOLLOWED),
]
TEN_ENDING = [
    Row(0, 0, 10, 10, 100, 90, 10),
    Row(300, 0, 7, 10, 100, 93, 10),
    Row(480, 0, 4, 10, 100, 96, 10),
    Row(620, 0, 0, 10, 100, 100, 10),
    Row(800, 0, 0, 10, 100, 100, FOLLOWED),
]
PROTECTED = role(
    processing_time=600, target_deadline=1800, maximum_dynos=10, busy_protection="always"
)
FAST = role(processing_time=0.5, target_deadline=30, maximum_dynos=40)
FAST_JOBS = [
    Row(0, 0, 15, 15, 1000, 985, 15),
    Row(30, 2, 14, 15, 1900, 1884, 15),
    Row(60, 0, 15, 15, 2800, 2785, 15),
    Row(300, 1, 15, 15, 10000, 9984, 15),
    Row(600, 0, 15, 15, 19000, 18985, 15),
]
AFTER_A_RESTART = [
    Row(0, 200, 15, 15, 1000, 785, 15),
    Row(60, 180, 15, 15, 1100, 905, 15),
    Row(62, 5, 3, 15, 1101, 1093, 15),
    Row(92, 190, 15, 15, 1300, 1095, 15),
]


@pytest.mark.parametrize("rows", [ALL_RUNNING, every(30, ALL_RUNNING)], ids=["rare", "often"])
def test_bc01_an_empty_queue_whose_messages_all_run_keeps_its_dynos(rows: Sequence[Row]) -> None:
    assert set(counts_of(tell(LONG, rows), 120, 2500)) == {5}


def test_bc01_when_the_last_message_is_done_the_dynos_go() -> None:
    assert tell(LONG, ALL_RUNNING)[2760].desired == 0


@pytest.mark.parametrize("rows", [TEN_ENDING, every(30, TEN_ENDING)], ids=["rare", "often"])
def test_bc02_no_dyno_is_given_up_while_any_could_be_the_busy_one(rows: Sequence[Row]) -> None:
    assert set(counts_of(tell(PROTECTED, rows), 0, 619)) == {10}


def test_bc02_the_trail_says_that_messages_run() -> None:
    decision = tell(PROTECTED, TEN_ENDING)[300]
    assert decision.reason is Reason.BUSY
    assert "7 running messages" in decision.trail[-1].note


def test_bc02_once_nothing_runs_the_minimum_is_enough() -> None:
    assert tell(PROTECTED, TEN_ENDING)[800].desired == 1


def test_bc02_the_automatic_protection_holds_in_this_case_too() -> None:
    settings = role(processing_time=600, target_deadline=1800, maximum_dynos=10)
    assert set(counts_of(tell(settings, TEN_ENDING), 0, 619)) == {10}


def test_bc13_fast_jobs_that_never_queue_keep_what_their_rate_needs() -> None:
    asked = counts_of(tell(FAST, FAST_JOBS), 0, 600)
    assert all(count is not None and 15 <= count <= 25 for count in asked)


def test_bc13_fast_jobs_at_a_steady_rate_change_nothing() -> None:
    assert len(set(counts_of(tell(FAST, FAST_JOBS), 0, 600))) == 1


def test_bc18_messages_that_run_take_nothing_off_those_that_wait() -> None:
    settings = role(processing_time=600, target_deadline=900, minimum_dynos=0)
    rows = [
        Row(0, 5, 5, 5, 10, 0, 5),
        Row(60, 5, 5, 5, 10, 0, FOLLOWED),
        Row(540, 5, 5, 5, 10, 0, FOLLOWED),
    ]
    assert counts_of(tell(settings, rows), 0, 540) == [10, 10, 10]


@pytest.mark.parametrize("rows", [AFTER_A_RESTART, AFTER_A_RESTART[2:]], ids=["kept", "lost"])
def test_bc31_a_lull_right_after_a_restart_takes_no_dyno_away(rows: Sequence[Row]) -> None:
    asked = counts_of(tell(role(), rows), 60, 180)
    assert all(count is not None and count >= 15 for count in asked)


def test_bc31_a_restart_changes_no_decision() -> None:
    """A restart forgets no state: the same rows give the same decision."""

    def afresh() -> Decision:
        return decide(role(), [sample(row) for row in AFTER_A_RESTART], START + 92)

    assert afresh() == tell(role(), AFTER_A_RESTART)[92]
