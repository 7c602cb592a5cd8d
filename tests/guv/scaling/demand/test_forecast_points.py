"""What must have begun by when: known for what waits, forecast for what comes."""

import pytest

from guv.scaling.demand.forecast import Flow, coming_points, expected, known_points
from guv.scaling.estimate.arrivals import Curve

A_CURVE = Curve([0.0, 10.0, 20.0, 30.0], [-9.0, -6.0, -6.0, 0.0])


def test_the_oldest_waiting_message_has_the_first_deadline() -> None:
    first = known_points(A_CURVE, now=30.0, waiting=6, patience=60.0)[0]
    assert 30.0 < first.seconds < 60.0
    assert first.messages == 1.0


def test_the_last_deadline_asks_for_all() -> None:
    last = known_points(A_CURVE, now=30.0, waiting=6, patience=60.0)[-1]
    assert (last.seconds, last.messages) == (60.0, 6.0)


def test_a_point_is_late_when_its_time_is_over() -> None:
    first = known_points(A_CURVE, now=200.0, waiting=9, patience=60.0)[0]
    assert first.seconds < 0.0


def test_nothing_that_waits_has_no_points() -> None:
    assert known_points(A_CURVE, now=30.0, waiting=0, patience=60.0) == []


def test_messages_older_than_the_history_are_as_old_as_it() -> None:
    points = known_points(A_CURVE, now=30.0, waiting=500, patience=60.0)
    assert points[0].seconds == pytest.approx(30.0)
    assert points[-1].messages == 500


def test_a_single_sample_is_taken_for_fresh() -> None:
    points = known_points(Curve([30.0], [0.0]), now=30.0, waiting=7, patience=60.0)
    assert {(p.seconds, p.messages) for p in points} == {(60.0, 1.0), (60.0, 7.0)}


def test_many_samples_give_few_points() -> None:
    curve = Curve([float(k) for k in range(400)], [float(k - 399) for k in range(400)])
    assert len(known_points(curve, now=400.0, waiting=399, patience=600.0)) < 40


def test_coming_messages_have_their_deadlines_after_the_patience() -> None:
    flow = Flow(rate=0.5, dispersion=1.0, caution=0.0)
    points = coming_points(flow, waiting=3, patience=60.0, horizon=90.0, step=10.0)
    assert [p.seconds for p in points] == [70.0, 80.0, 90.0, 100.0]
    assert [p.messages for p in points] == [8.0, 13.0, 18.0, 23.0]


def test_caution_expects_more_than_the_mean() -> None:
    assert expected(Flow(0.5, 4.0, 1.0), 50.0) == pytest.approx(25.0 + 10.0)
