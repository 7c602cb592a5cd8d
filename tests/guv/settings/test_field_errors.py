"""Sentences about wrong fields, with suggestions for misspelled names."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from guv.settings.contradictions import misplaced
from guv.settings.field_errors import field_errors, nearest_name
from guv.settings.schema import SETTINGS, SettingsValues


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("minimum_dyno", "minimum_dynos"),
        ("MAXIMUM_DYNOS", "maximum_dynos"),
        ("targetdeadline", "target_deadline"),
        # the names of guv 0.3
        ("min", "minimum_dynos"),
        ("max", "maximum_dynos"),
        ("minimum", "minimum_dynos"),
        ("deadline", "target_deadline"),
        ("processing", "processing_time"),
        ("pollinterval", "interval"),
        ("queue", "queues"),
        ("xyzzy", None),
        ("p", None),
        ("", None),
    ],
)
def test_a_field_error_suggests_the_nearest_name(wrong: str, meant: str | None) -> None:
    assert nearest_name([wrong]) == meant


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        (["schedules", "0", "begin"], None),
        (["schedules", "0", "day"], "days"),
        (["schedules", "0", "tz", "time_zone"], "timezone"),
        (["notify", "new_relic", "account"], "account_id"),
        (["pause", "unti"], "until"),
    ],
)
def test_a_field_error_suggests_names_inside_nested_values(
    path: list[str], meant: str | None
) -> None:
    assert nearest_name(path) == meant


def test_a_suggestion_for_a_very_long_name_is_fast() -> None:
    assert nearest_name(["x" * 1_000_000]) is None


def test_the_role_level_accepts_every_setting() -> None:
    assert misplaced(SettingsValues.model_fields, "role") == []


@pytest.mark.parametrize(
    ("level", "refused"),
    [
        ("global", ["override", "pause", "process_type", "queues", "signal"]),
        ("app", ["override", "process_type", "queues", "signal"]),
    ],
)
def test_wider_levels_refuse_settings_of_narrower_levels(level: str, refused: list[str]) -> None:
    assert [fault.field for fault in misplaced(SettingsValues.model_fields, level)] == refused


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=8), values),
    max_leaves=6,
)
NAMES = st.sampled_from([*SETTINGS, "min_dyno"])
LIBRARY = re.compile(r"Input should|Extra inputs|Field required|Value error|valid (integer|number)")


def errors_of(values: Any) -> dict[str, str]:
    try:
        SettingsValues.model_validate(values)
    except ValidationError as error:
        return {fault.field: fault.message for fault in field_errors(error.errors(), "setting")}
    return {}


@given(st.dictionaries(NAMES, JSON, max_size=4))
def test_no_words_of_the_library_reach_a_user(values: dict[str, Any]) -> None:
    for message in errors_of(values).values():
        assert not LIBRARY.search(message)
        assert re.match(r"must |is |needs |names |minimum_dynos |schedules\.", message)


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"minimum_dynos": 1.5}, {"minimum_dynos": "must be a whole number"}),
        ({"target_deadline": 0}, {"target_deadline": "must be above 0 s"}),
        ({"min_dyno": 1}, {"min_dyno": "is not a known setting; did you mean minimum_dynos?"}),
        ({"no_data": {"after": 60}}, {"no_data.dynos": "is required"}),
        ({"boot_time": "soon"}, {"boot_time": "must be a number or none"}),
        ({"signal": "http"}, {"signal": "must be queue or web"}),
        ({"queues": []}, {"queues": "must have at least 1 entry"}),
    ],
)
def test_a_field_error_names_the_field_and_the_correction(
    values: dict[str, Any], errors: dict[str, str]
) -> None:
    assert errors_of(values) == errors
