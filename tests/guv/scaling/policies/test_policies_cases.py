"""Each policy decides as the system it comes from: cases as data, one decision each.

Where guv deliberately differs, the case says what the earlier system did (`theirs`) and why.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from guv.scaling.decide import decide
from guv.scaling.model import Estimates, Sample, Settings
from guv.scaling.policies import PARAMETERS, POLICIES
from guv.scaling.policies.proportional import target

FOLDER = Path(__file__).parent / "cases"
NOW = 1_767_571_200.0  # a Monday, 00:00 UTC
DAY = 86_400.0

Case = dict[str, Any]


def load(*names: str) -> list[Case]:
    return [case for name in names for case in json.loads((FOLDER / name).read_text())["cases"]]


ALL = load("proportional.json", "band.json", "ratio.json", "others.json")


def named(cases: list[Case]) -> list[Any]:
    return [pytest.param(case, id=f"{case['policy']}: {case['case']}") for case in cases]


def settings_of(case: Case) -> Settings:
    return Settings(
        **case["settings"], policy=case["policy"], policy_parameters=case.get("parameters", {})
    )


def now_of(case: Case) -> float:
    hour, minute = case.get("clock", "00:00").split(":")
    return NOW + DAY + int(hour) * 3600 + int(minute) * 60


def samples_of(case: Case) -> list[Sample]:
    """The case's counts as samples, one per interval, the last one at present."""
    ready, running, dynos = case["ready"], case.get("running", [0]), case["dynos"]
    length, now = max(len(ready), len(running)), now_of(case)
    interval = settings_of(case).interval

    def at(counts: Any, number: int) -> int | None:
        if not isinstance(counts, list):
            return counts  # type: ignore[no-any-return]  # a number or null out of JSON
        return counts[number] if len(counts) > 1 else counts[0]  # type: ignore[no-any-return]  # same

    return [
        Sample(
            at=now - (length - 1 - number) * interval,
            messages_ready=at(ready, number),
            messages_unacknowledged=at(running, number),
            consumers=at(dynos, number),
            dynos=at(dynos, number),
        )
        for number in range(length)
    ]


def variants(cases: list[Case]) -> Iterator[Case]:
    """One case per expected number, where a case asks for several."""
    for case in cases:
        if "asks" not in case or not isinstance(case["asks"], list):
            yield case
            continue
        for number, asks in enumerate(case["asks"]):
            counts = case.get("running", [0])
            one = counts[number] if isinstance(counts[0], list) else counts
            ready = case["ready"] if isinstance(case["ready"], list) else [case["ready"]]
            yield case | {
                "case": f"{case['case']} ({number + 1})",
                "asks": asks,
                "running": one,
                "ready": ready,
                "dynos": case["dynos"][number],
            }


DECISIONS = [
    case
    for case in variants(ALL)
    if "asks" in case and case["policy"] != "latency" and case.get("through") is None
]


@pytest.mark.parametrize("case", named(DECISIONS))
def test_proportional_asks_for_the_dynos_of_the_case(case: Case) -> None:
    policy = POLICIES[case["policy"]]

    wish = policy(settings_of(case), samples_of(case), Estimates(), now_of(case))

    assert wish.dynos == case["asks"]


@pytest.mark.parametrize("case", named([case for case in ALL if "target" in case]))
def test_the_time_left_for_a_message_is_that_of_the_case(case: Case) -> None:
    assert target(settings_of(case)) == pytest.approx(case["target"], abs=1e-3)


@pytest.mark.parametrize("case", named([case for case in ALL if case.get("through")]))
def test_without_a_known_formation_the_decision_holds(case: Case) -> None:
    decision = decide(settings_of(case), samples_of(case), now_of(case))

    assert decision.desired == case["asks"]


@pytest.mark.parametrize("case", named([case for case in ALL if "defaults" in case]))
def test_the_documented_defaults_hold(case: Case) -> None:
    defaults = {parameter.name: parameter.default for parameter in PARAMETERS[case["policy"]]}

    assert case["defaults"].items() <= defaults.items()


@pytest.mark.parametrize("case", named([c for c in variants(ALL) if c["policy"] == "latency"]))
def test_slow_answers_ask_for_one_more_within_the_bounds(case: Case) -> None:
    """The age of the oldest message stands for the response time that was measured there."""
    settings, now = settings_of(case), now_of(case)
    waiting = case["ready"][-1]
    samples = [
        Sample(
            at=now - ago,
            messages_ready=waiting,
            messages_unacknowledged=0,
            published=waiting,
            served=0,
            consumers=case["dynos"],
            dynos=case["dynos"],
        )
        for ago in range(1200, -1, -10)
    ]

    assert POLICIES["latency"](settings, samples, Estimates(), now).dynos == case["asks"]


def test_every_case_that_differs_says_why() -> None:
    assert all(bool(case.get("why")) == ("theirs" in case) for case in ALL)


def test_no_case_of_the_earlier_systems_is_dropped() -> None:
    grids = json.loads((FOLDER / "proportional_grids.json").read_text())["cases"]
    pairs = sum(len(grid["dynos"]) for grid in grids)
    series = len(load("proportional_series.json"))

    assert len(ALL) + pairs + series + len(load("elsewhere.json")) == 333


def test_cases_that_no_policy_decides_say_where_they_belong() -> None:
    elsewhere = json.loads((FOLDER / "elsewhere.json").read_text())

    assert all(case["where"] in elsewhere["where"] for case in elsewhere["cases"])
