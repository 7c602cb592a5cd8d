"""A role's picture as data: what is drawn where, and what is said of it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from api.dashboard.charts.panels import MARKED_POINTS, AxisClock
from api.dashboard.charts.role import role_figure
from api.dashboard.charts.role_data import ChartData, with_gaps
from guv.history.series import Change, Point, SeriesFilter
from guv.settings.past_settings import Limits

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def drawn(*points: Point, maximum: int = 5, changes: tuple[Change, ...] = ()) -> dict[str, Any]:
    wanted = SeriesFilter(uuid4(), NOON, NOON + 60 * MINUTE, MINUTE)
    limits = [Limits(1, maximum, 60.0) for _ in points]
    return role_figure(ChartData(wanted, points, limits, changes, []), ZoneInfo("UTC"))


def named(picture: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in picture["data"] if one.get("meta", one["name"]) == name]
    return dict(found)


def a_change(outcome: str = "scaled", current: int = 1, desired: int = 2, **other: Any) -> Change:
    given = {"reason": "step_limit", "explanation": "so it is", "count": 1, **other}
    return Change(NOON, 7, current, desired, outcome=outcome, **given)


def test_a_maximum_far_above_the_running_dynos_is_named_and_not_drawn() -> None:
    picture = drawn(Point(NOON, dynos=2), maximum=100)
    assert named(picture, "maximum")["y"] == [None]
    assert named(picture, "minimum")["name"] == "limits (maximum 100)"
    assert picture["layout"]["yaxis2"]["range"][1] < 10


def test_a_maximum_near_the_running_dynos_is_drawn() -> None:
    assert named(drawn(Point(NOON, dynos=2)), "maximum")["y"] == [5]


def test_an_endless_wait_is_marked_at_the_deadline_of_the_chart() -> None:
    picture = drawn(Point(NOON, never_done=True), Point(NOON + MINUTE, predicted_wait=3.0))
    assert named(picture, "never finished")["y"] == [60.0, None]
    assert named(picture, "predicted wait")["y"] == [None, 3.0]


def test_a_web_roles_target_is_no_deadline_of_the_time_before_it_was_one() -> None:
    points = (Point(NOON), Point(NOON + MINUTE, predicted_wait=0.4))
    wanted = SeriesFilter(uuid4(), NOON, NOON + 60 * MINUTE, MINUTE)
    limits = [Limits(1, 5, 60.0), Limits(1, 5, 0.5, is_web=True)]
    picture = role_figure(ChartData(wanted, points, limits, (), []), ZoneInfo("UTC"))
    assert named(picture, "target")["y"] == [None, 0.5]


def test_a_decision_mark_shows_direction_and_outcome() -> None:
    changes = (a_change(), a_change(desired=0), a_change("refused"))
    marks = named(drawn(Point(NOON), changes=changes), "decision")
    assert marks["marker"]["symbol"] == ["triangle-up", "triangle-down", "x"]


def test_a_decision_mark_has_its_reason_in_short_lines_and_its_count() -> None:
    change = a_change(explanation="word " * 40 + "<b>", count=3)
    (told,) = named(drawn(Point(NOON), changes=(change,)), "decision")["text"]
    assert told.startswith("1 to 2 dynos, step limit, scaled<br>")
    assert told.endswith("&lt;b&gt;<br>and 2 more in this step")
    assert max(len(line) for line in told.split("<br>")) <= 60


def test_lines_of_few_points_mark_each_of_them() -> None:
    many = [Point(NOON + n * MINUTE, dynos=1) for n in range(MARKED_POINTS + 1)]
    assert named(drawn(*many[:1]), "dynos")["mode"] == "lines+markers"
    assert named(drawn(*many), "dynos")["mode"] == "lines"


def test_a_gap_breaks_the_lines_of_a_chart_and_a_late_tick_does_not() -> None:
    at = [NOON, NOON + 2 * MINUTE, NOON + 9 * MINUTE]
    found = with_gaps([Point(one, dynos=1) for one in at], MINUTE)
    assert [one.at for one in found] == [at[0], at[1], at[1] + MINUTE, at[2]]
    assert found[2] == Point(at[1] + MINUTE)


def test_no_time_of_a_chart_repeats_when_clocks_are_put_back() -> None:
    clock = AxisClock(datetime(2026, 10, 25, 2, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    hours = [datetime(2026, 10, 24, 22, tzinfo=UTC) + timedelta(hours=n) for n in range(6)]
    texts = [clock.text(one) for one in hours]
    assert texts == sorted(set(texts))
    assert clock.title == "time in Europe/Berlin (UTC+01:00)"
