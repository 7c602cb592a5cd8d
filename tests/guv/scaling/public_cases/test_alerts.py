"""Public reports of alarms that nobody needs, and of one that somebody does, retold.

A decision says whether the deadline is missed at the maximum; an incident opens once that has
lasted, which the tests of the worker's incidents show.

Rows are: seconds, ready, running, consumers, published, served, dynos.
"""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from tests.guv.scaling.stories import FOLLOWED, Row, every, role, tell

TEN = role(maximum_dynos=10)
FULL_AND_FINE = [
    Row(0, 20, 10, 10, 1000, 970, 10),
    Row(600, 18, 10, 10, 1600, 1572, 10),
    Row(3600, 22, 10, 10, 4600, 4568, 10),
]
PINNED = role(minimum_dynos=3, maximum_dynos=3)
THREE_ON_PURPOSE = [
    Row(0, 5, 3, 3, 100, 92, 3),
    Row(3600, 6, 3, 3, 1100, 1091, 3),
]
A_TRUE_MISS = [
    Row(0, 40, 10, 10, 1000, 950, 10),
    Row(120, 80, 10, 10, 1160, 1070, 10),
    Row(600, 90, 10, 10, 1650, 1550, 10),
    Row(660, 45, 10, 10, 1665, 1610, 10),
    Row(720, 75, 10, 10, 1755, 1670, 10),
    Row(1800, 10, 8, 10, 2768, 2750, 10),
    Row(2100, 0, 5, 10, 2905, 2900, FOLLOWED),
]
MINUTE = 60.0
RESOLVES_AFTER = 300.0


@pytest.mark.parametrize("rows", [FULL_AND_FINE, every(30, FULL_AND_FINE)], ids=["rare", "often"])
def test_bc34_a_role_at_its_maximum_that_is_in_time_misses_nothing(rows: Sequence[Row]) -> None:
    assert not any(decision.misses_at_maximum for decision in tell(TEN, rows).values())


@pytest.mark.parametrize("rows", [FULL_AND_FINE, every(30, FULL_AND_FINE)], ids=["rare", "often"])
def test_bc34_it_is_told_of_nothing(rows: Sequence[Row]) -> None:
    assert not any(decision.notices for decision in tell(TEN, rows).values())


@pytest.mark.parametrize(
    "rows", [THREE_ON_PURPOSE, every(30, THREE_ON_PURPOSE)], ids=["rare", "often"]
)
def test_bc35_a_pinned_role_that_is_in_time_misses_nothing(rows: Sequence[Row]) -> None:
    told = tell(PINNED, rows)
    assert not any(decision.misses_at_maximum for decision in told.values())
    assert {decision.desired for decision in told.values()} == {3}


def test_bc35_a_pinned_role_that_is_late_misses() -> None:
    assert tell(PINNED, [Row(0, 90, 3, 3, 187, 94, 3)])[0].misses_at_maximum


def test_bc36_a_miss_that_lasts_is_seen_in_every_decision_of_its_first_four_minutes() -> None:
    told = tell(TEN, every(30, A_TRUE_MISS))
    assert all(told[at].misses_at_maximum for at in range(60, 241, 30))


def test_bc36_no_dip_is_long_enough_to_close_the_incident() -> None:
    told = tell(TEN, every(30, A_TRUE_MISS))
    late = [at for at, decision in told.items() if decision.misses_at_maximum and at <= 720]
    assert max(b - a for a, b in pairwise(late)) < RESOLVES_AFTER


def test_bc36_it_is_well_for_long_enough_to_close_the_incident() -> None:
    told = tell(TEN, every(30, A_TRUE_MISS))
    assert not any(told[at].misses_at_maximum for at in told if at >= 2100 - RESOLVES_AFTER)


def test_bc36_a_miss_comes_with_the_wait_and_the_maximum_that_would_do() -> None:
    decision = tell(TEN, A_TRUE_MISS)[120]
    assert decision.dynos_to_meet is not None
    assert decision.dynos_to_meet > 10
    assert decision.predicted_wait is not None
    assert decision.predicted_wait > MINUTE


def test_bc36_the_sentence_names_the_deadline() -> None:
    assert "60 s" in tell(TEN, A_TRUE_MISS)[120].explanation
