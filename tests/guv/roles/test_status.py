"""Role states in words, the most severe first."""

from dataclasses import replace
from datetime import datetime, timedelta
from math import inf
from typing import Any

import pytest

from guv.roles.status import Facts, State, Tick, Tone, Trouble, role_state
from guv.settings.resolve import Level, effective_settings
from tests.builders import NOON

NOW = NOON + timedelta(minutes=30)


def write(at: datetime) -> str:
    return f"{at:%H:%M}"


def a_tick(**values: Any) -> Tick:
    given: dict[str, Any] = {
        "at": NOW - timedelta(seconds=5),
        "reason": "steady",
        "outcome": "held",
        "current": 2,
        "desired": 2,
        "predicted_wait": 20.0,
    }
    return Tick(**{**given, **values})


def facts(tick: Tick | None = None, *troubles: Trouble, **values: Any) -> Facts:
    """Return the facts of a healthy role, with the given changes."""
    return Facts(
        settings=effective_settings("worker", (Level("role", values),)),
        interval=10.0,
        has_broker=True,
        authorization="authorized",
        tick=tick or a_tick(),
        troubles=troubles,
    )


def changed(**fields: Any) -> Facts:
    well = facts()
    names = ("settings", "interval", "has_broker", "authorization", "tick", "troubles")
    return Facts(**{**{name: getattr(well, name) for name in names}, **fields})


def since_four_past(cause: str, title: str = "", *, is_open: bool = True) -> Trouble:
    return Trouble(cause, title, NOON + timedelta(minutes=4), is_open)


UNTIL_TWO = {"until": "2026-11-25T14:00:00Z"}
OVER = {"until": "2026-11-25T12:10:00Z"}
LATE = a_tick(predicted_wait=90.4)


@pytest.mark.parametrize(
    ("given", "state", "tone", "text"),
    [
        (facts(), State.IN_TIME, "good", "within deadline"),
        (facts(a_tick(predicted_wait=60.0)), State.IN_TIME, "good", "within deadline"),
        (changed(has_broker=False), State.NO_BROKER, "watch", "needs a broker"),
        (changed(tick=None), State.NEW, "rest", "no decision yet"),
        (
            changed(authorization="needs_authorization"),
            State.NEEDS_AUTHORIZATION,
            "bad",
            "needs authorization",
        ),
        (
            changed(
                authorization="needs_authorization",
                troubles=[since_four_past("authorization_lost")],
            ),
            State.NEEDS_AUTHORIZATION,
            "bad",
            "needs authorization since 12:04",
        ),
        (
            facts(a_tick(at=NOON + timedelta(minutes=4))),
            State.OVERDUE,
            "bad",
            "no decision since 12:04",
        ),
        (
            facts(
                a_tick(misses_at_maximum=True, predicted_wait=500.0),
                since_four_past("deadline_missed"),
            ),
            State.MISSES_AT_MAXIMUM,
            "bad",
            "at maximum and missing the deadline since 12:04",
        ),
        (
            facts(a_tick(misses_at_maximum=True)),
            State.MISSES_AT_MAXIMUM,
            "bad",
            "at maximum and missing the deadline",
        ),
        (
            facts(None, since_four_past("foreign_changes", "Another tool sets the dynos")),
            State.IN_TROUBLE,
            "bad",
            "another tool sets the dynos since 12:04",
        ),
        (
            facts(a_tick(reason="no_data", predicted_wait=None), since_four_past("no_data")),
            State.NO_DATA,
            "watch",
            "holding: no data since 12:04",
        ),
        (facts(a_tick(reason="no_data")), State.NO_DATA, "watch", "holding: no data"),
        (facts(a_tick(reason="no_gain")), State.NO_GAIN, "watch", "more dynos do not help"),
        (facts(pause=UNTIL_TWO), State.PAUSED, "watch", "paused until 14:00"),
        (facts(pause={}), State.PAUSED, "watch", "paused"),
        (
            facts(pause={"direction": "down", **UNTIL_TWO}),
            State.PAUSED,
            "watch",
            "scaling down paused until 14:00",
        ),
        (facts(pause=OVER), State.IN_TIME, "good", "within deadline"),
        (facts(LATE), State.LATE, "watch", "late by 30 s"),
        (
            facts(a_tick(predicted_wait=90.0, outcome="scaled", desired=3)),
            State.LATE,
            "watch",
            "late by 30 s, 1 more dyno on the way",
        ),
        (facts(a_tick(predicted_wait=inf)), State.LATE, "watch", "no worker consumes its queue"),
        (
            facts(a_tick(predicted_wait=None)),
            State.UNKNOWN,
            "rest",
            "unknown when jobs will be done",
        ),
        (facts(dry_run=True), State.DRY_RUN, "rest", "dry run"),
        (facts(a_tick(desired=4), dry_run=True), State.DRY_RUN, "rest", "dry run: would run 4"),
    ],
)
def test_each_role_state_has_its_text(given: Facts, state: State, tone: str, text: str) -> None:
    shown = role_state(given, NOW, write)
    assert (shown.state, shown.tone, shown.text) == (state, Tone(tone), text)
    assert shown.also == ()


@pytest.mark.parametrize(
    ("given", "also"),
    [
        (facts(override={"maximum_dynos": 9, **UNTIL_TWO}), "override until 14:00: at most 9"),
        (
            facts(override={"minimum_dynos": 0, "maximum_dynos": 9, **UNTIL_TWO}),
            "override until 14:00: at least 0 and at most 9",
        ),
        (facts(LATE, dry_run=True), "dry run"),
        (facts(a_tick(misses_at_maximum=True), pause=UNTIL_TWO), "paused until 14:00"),
    ],
)
def test_a_role_state_shows_further_conditions(given: Facts, also: str) -> None:
    shown = role_state(given, NOW, write)
    assert shown.also == (also,)
    assert also not in shown.text


def test_a_role_state_omits_an_expired_override() -> None:
    assert role_state(facts(override={"maximum_dynos": 9, **OVER}), NOW, write).also == ()


def test_the_dry_run_state_keeps_further_conditions() -> None:
    shown = role_state(facts(dry_run=True, override={"maximum_dynos": 9, **UNTIL_TWO}), NOW, write)
    assert (shown.state, shown.also) == (State.DRY_RUN, ("override until 14:00: at most 9",))


def test_a_failure_without_an_incident_is_not_a_role_state() -> None:
    pending = since_four_past("foreign_changes", "Another tool sets the dynos", is_open=False)
    assert role_state(facts(None, pending), NOW, write).state is State.IN_TIME


def test_a_role_with_a_long_interval_is_not_overdue_before_three_ticks() -> None:
    slow = {"interval": 600.0, "tick": a_tick(at=NOW - timedelta(minutes=29))}
    assert role_state(changed(**slow), NOW, write).state is State.IN_TIME
    slow["tick"] = a_tick(at=NOW - timedelta(minutes=31))
    assert role_state(changed(**slow), NOW, write).state is State.OVERDUE


@pytest.mark.parametrize(
    ("wait", "parameters", "state", "text"),
    [
        (0.31, {}, State.IN_TIME, "responses within 0.5 s"),
        (0.31, {"response_time": 0.2}, State.LATE, "responses take 0.31 s"),
        (0.31, {"response_time": "soon"}, State.IN_TIME, "responses within 0.5 s"),
        (inf, {}, State.LATE, "more requests than dynos answer"),
    ],
)
def test_web_dynos_are_judged_by_their_response_time_and_need_no_broker(
    wait: float, parameters: dict[str, Any], state: State, text: str
) -> None:
    given = facts(
        a_tick(predicted_wait=wait),
        signal="web",
        policy="response_time",
        policy_parameters=parameters,
    )
    shown = role_state(replace(given, has_broker=False), NOW, write)
    assert (shown.state, shown.text) == (state, text)


def test_web_dynos_without_a_target_are_as_many_as_they_need() -> None:
    given = facts(a_tick(predicted_wait=9.0), signal="web", policy="requests")
    assert role_state(given, NOW, write).text == "enough dynos for its requests"
