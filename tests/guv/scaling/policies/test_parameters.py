"""Policies read valid parameters of a tenant, and no others."""

from dataclasses import replace
from math import inf, nan

import pytest

from guv.scaling.model import Estimates, Sample, Settings
from guv.scaling.policies import PARAMETERS, POLICIES
from guv.scaling.policies.parameters import Flag, Number, Text

WAIT = Number("wait", 10.0, "s", "how long", least=1.0, most=60.0)
EAGER = Flag("eager", default=False, meaning="at once")
STYLE = Text("style", "calm", "whose", ("calm", "quick"))
NAME = Text("name", "none", "any text")


def told(**parameters: float | str | bool) -> Settings:
    return Settings(policy_parameters=parameters)


def test_a_number_in_its_range_counts() -> None:
    assert WAIT.of(told(wait=30)) == 30


@pytest.mark.parametrize("value", [0.5, 61, nan, inf, True, "30"])
def test_a_number_out_of_range_or_of_another_kind_is_not_set(value: float | str) -> None:
    assert WAIT.of(told(wait=value)) == 10.0
    assert not WAIT.is_set(told(wait=value))


def test_a_number_can_be_asked_whether_it_was_set() -> None:
    assert WAIT.is_set(told(wait=10.0))
    assert not WAIT.is_set(told())


@pytest.mark.parametrize(("value", "expected"), [(True, True), (1, False), ("yes", False)])
def test_a_flag_is_a_yes_or_no_and_nothing_else(value: float | str | bool, expected: bool) -> None:  # noqa: FBT001  # a test's parameter
    assert EAGER.of(told(eager=value)) is expected


@pytest.mark.parametrize(("value", "expected"), [("quick", "quick"), ("wild", "calm"), (3, "calm")])
def test_a_text_is_one_of_its_choices(value: float | str, expected: str) -> None:
    assert STYLE.of(told(style=value)) == expected


def test_a_text_without_choices_is_any() -> None:
    assert NAME.of(told(name="x")) == "x"


def test_every_policy_lists_its_parameters() -> None:
    assert POLICIES.keys() == PARAMETERS.keys()


@pytest.mark.parametrize("name", sorted(set(POLICIES) - {"deadline"}))
def test_parameters_have_names_of_their_own_and_a_meaning(name: str) -> None:
    names = [parameter.name for parameter in PARAMETERS[name]]

    assert len(names) == len(set(names))
    assert all(parameter.meaning for parameter in PARAMETERS[name])


def samples(ready: int | None, dynos: int | None) -> list[Sample]:
    return [
        Sample(
            at=10.0 * k,
            messages_ready=ready,
            messages_unacknowledged=ready,
            published=100 + k,
            served=90 + k,
            consumers=dynos,
            dynos=dynos,
        )
        for k in range(200)
    ]


@pytest.mark.parametrize("name", sorted(set(POLICIES) - {"deadline"}))
@pytest.mark.parametrize("dynos", [0, 1, 3, 5])
@pytest.mark.parametrize("ready", [0, 1, 500])
def test_garbage_parameters_change_nothing(name: str, dynos: int, ready: int) -> None:
    policy, history = POLICIES[name], samples(ready, dynos)
    settings = Settings(policy=name, processing_time=5.0)
    garbage = {parameter.name: nan for parameter in PARAMETERS[name]}
    spoiled = replace(settings, policy_parameters=garbage)

    now = history[-1].at
    assert policy(spoiled, history, Estimates(), now) == policy(settings, history, Estimates(), now)


@pytest.mark.parametrize("name", sorted(set(POLICIES) - {"deadline", "fixed", "schedule"}))
def test_an_unknown_backlog_never_asks_for_fewer(name: str) -> None:
    history = [*samples(0, 3)[:-1], replace(samples(None, 3)[-1], published=None)]

    wish = POLICIES[name](Settings(policy=name), history, Estimates(), history[-1].at)

    assert wish.dynos == 3


@pytest.mark.parametrize("name", sorted(set(POLICIES) - {"deadline"}))
def test_the_same_history_gives_the_same_wish(name: str) -> None:
    history, settings = samples(40, 2), Settings(policy=name, processing_time=5.0)

    first = POLICIES[name](settings, history, Estimates(), 1990.0)
    assert POLICIES[name](settings, history, Estimates(), 1990.0) == first


def test_a_fixed_number_is_the_one_that_was_set() -> None:
    settings = Settings(policy="fixed", policy_parameters={"dynos": 4})

    assert POLICIES["fixed"](settings, samples(0, 1), Estimates(), 0.0).dynos == 4


def test_a_fixed_number_that_was_not_set_is_the_minimum() -> None:
    settings = Settings(policy="fixed", minimum_dynos=2)

    assert POLICIES["fixed"](settings, samples(0, 1), Estimates(), 0.0).dynos == 2
