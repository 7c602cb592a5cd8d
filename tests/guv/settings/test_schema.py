"""Validation of settings values."""

import json
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from pydantic import ValidationError

from guv.scaling.model import Settings
from guv.settings.resolve import Level, effective_settings, scaling_settings
from guv.settings.schema import SettingsValues
from guv.tenants.plans import PLANS

NAMES = sorted(SettingsValues.model_fields)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["deadline", "hold", "both", "auto", "UTC", "08:00", "2027-01-01T00:00:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["until", "minimum_dynos", "after", "dynos", "days", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def dumped(body: Any) -> Any:
    values = SettingsValues.model_validate(body)
    return values.model_dump(mode="json", exclude_none=True, exclude={"notify"})


@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4))
def test_accepted_settings_can_be_stored_read_and_decided_with(body: Any) -> None:
    try:
        values = dumped(body)
    except ValidationError:
        reject()
    text = json.dumps(values, allow_nan=False)
    assert "\\u0000" not in text
    assert dumped(json.loads(text)) == values
    effective = effective_settings("worker", (Level("role", values),))
    assert isinstance(scaling_settings(effective, PLANS["premium"]), Settings)


@given(st.sampled_from(NAMES))
def test_a_null_setting_is_unset(name: str) -> None:
    assert dumped({name: None}) == {}


@pytest.mark.parametrize("value", [True, "3", 3.0, [3], {"a": 3}])
def test_a_count_setting_accepts_integers_only(value: Any) -> None:
    with pytest.raises(ValidationError):
        SettingsValues.model_validate({"minimum_dynos": value})


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("minimum_dynos", 0, 1000),
        ("maximum_dynos", 0, 1000),
        ("percentile", 50, 99.99),
        ("concurrency", 1, 10000),
        ("boot_time", 0, 3600),
        ("interval", 5, 3600),
        ("step_up", 1, 1000),
        ("cooldown_down", 0, 86400),
        ("alert_after", 0, 86400),
    ],
)
def test_both_ends_of_a_settings_range_are_accepted(name: str, least: float, most: float) -> None:
    for good in (least, most):
        assert dumped({name: good}) == {name: good}
    for bad in (least - 1, most + 1):
        with pytest.raises(ValidationError):
            SettingsValues.model_validate({name: bad})


@pytest.mark.parametrize("name", ["target_deadline", "processing_time", "history"])
def test_a_duration_that_must_pass_is_not_zero(name: str) -> None:
    with pytest.raises(ValidationError):
        SettingsValues.model_validate({name: 0})


def test_a_license_key_is_not_in_the_settings_repr() -> None:
    target = {"account_id": 1, "license_key": "license-key-marker"}
    values = SettingsValues.model_validate({"notify": {"new_relic": target}})
    assert "license-key-marker" not in f"{values!r} {values} {values.model_dump(mode='json')}"
