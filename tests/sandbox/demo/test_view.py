"""The demo's table and lines, also where a value is unknown."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from sandbox.demo.outcome import Outcome
from sandbox.demo.state import Moment, change, finish, waiting
from sandbox.demo.view import decision_lines, incident_lines, summary_line, table
from sandbox.newrelic import Incident
from sandbox.workload import Stats

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def a_decision(**changes: Any) -> Mapping[str, Any]:
    usual = {
        "id": 7,
        "at": "2026-01-01T10:00:00Z",
        "current": 2,
        "desired": 4,
        "direction": "up",
        "outcome": "scaled",
        "predicted_wait": 12.4,
        "never_done": False,
        "explanation": "goes from 2 to 4 dynos",
        "sample": {"messages_ready": 30, "messages_unacknowledged": 2},
    }
    return usual | changes


def a_moment(*decisions: Mapping[str, Any], **changes: Any) -> Moment:
    usual = Moment(61.0, 2.5, 2, 1, Stats(published=10, done=8, late=2), decisions, [])
    return replace(usual, **changes)


def an_incident(closed_at: datetime | None) -> Incident:
    return Incident("1", {}, "shop / worker", "high", "guv", NOW, closed_at, 1, "too late")


OUTCOME = Outcome(2, 1, most=5, decisions=True, alerts=1, resolved=1, on_time=0.876)


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, "in 12 s"),
        ({"predicted_wait": None}, "?"),
        ({"predicted_wait": None, "never_done": True}, "never"),
        ({"predicted_wait": 0.0}, "in 0 s"),
    ],
)
def test_the_predicted_finish_is_seconds_never_or_unknown(
    changes: dict[str, Any], shown: str
) -> None:
    assert finish(a_decision(**changes)) == shown


@pytest.mark.parametrize(
    ("current", "desired", "shown"),
    [(2, 4, "2 -> 4"), (3, 3, "3"), (0, 1, "0 -> 1"), (None, None, "?"), (2, None, "2 -> ?")],
)
def test_a_change_shows_both_counts(current: int | None, desired: int | None, shown: str) -> None:
    assert change(a_decision(current=current, desired=desired)) == shown


@pytest.mark.parametrize("sample", [None, {"messages_ready": None}])
def test_messages_that_guv_could_not_count_are_unknown(sample: dict[str, Any] | None) -> None:
    assert waiting(a_decision(sample=sample)) == (None, None)


def test_a_decision_is_one_line_with_its_explanation() -> None:
    [line] = decision_lines(a_moment(a_decision()), after=0)
    assert "30 + 2" in line
    assert "2 -> 4" in line
    assert line.endswith("goes from 2 to 4 dynos")


def test_only_newer_decisions_are_told_oldest_first() -> None:
    moment = a_moment(*(a_decision(id=id_, explanation=f"no {id_}") for id_ in (9, 8, 7)))
    assert [line[-4:] for line in decision_lines(moment, after=7)] == ["no 8", "no 9"]


def test_incidents_are_open_or_resolved() -> None:
    moment = a_moment(incidents=[an_incident(NOW), an_incident(None)])
    assert [line.split()[0] for line in incident_lines(moment)] == ["resolved", "open"]


def test_the_summary_counts_jobs_and_dynos() -> None:
    line = summary_line(a_moment())
    assert "2 up + 1 starting" in line
    assert "done 8 of 10, 75% within 15 s" in line


def test_before_the_first_job_the_share_is_unknown() -> None:
    assert "? within" in summary_line(a_moment(stats=Stats()))


def shown(moment: Moment, lines: int) -> str:
    console = Console(width=160)
    with console.capture() as captured:
        console.print(table(moment, "the links", lines))
    return captured.get()


def test_the_table_shows_decisions_incidents_and_links() -> None:
    text = shown(a_moment(a_decision(), incidents=[an_incident(None)]), lines=40)
    for part in ("30 + 2", "goes from 2 to 4 dynos", "in 12 s", "too late", "the links"):
        assert part in text


def test_the_table_fits_the_terminal_and_keeps_the_newest_decision() -> None:
    decisions = [a_decision(id=id_, explanation=f"number {id_} ") for id_ in range(20, 0, -1)]
    text = shown(a_moment(*decisions), lines=24)
    assert len(text.splitlines()) <= 24
    assert "number 20 " in text
    assert "number 1 " not in text


def test_a_demo_that_showed_everything_misses_nothing() -> None:
    assert OUTCOME.missing == []
    assert "Scaled up: 2, scaled down: 1" in str(OUTCOME)
    assert "87.6%" in str(OUTCOME)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"ups": 0}, "dynos added"),
        ({"downs": 0}, "dynos removed"),
        ({"decisions": False}, "decisions stored"),
        ({"alerts": 0}, "exactly one alert (there were 0)"),
        ({"alerts": 2}, "exactly one alert (there were 2)"),
        ({"resolved": 0}, "the alert resolved"),
    ],
)
def test_what_a_demo_did_not_show_is_named(change: dict[str, Any], what: str) -> None:
    poor = replace(OUTCOME, **change)
    assert poor.missing == [what]
    assert f"Not shown: {what}." in str(poor)
