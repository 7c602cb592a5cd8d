"""Inheritance of settings, compared with a simple model."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from guv.settings.field_models import NONE
from guv.settings.resolve import Level, effective_settings
from guv.settings.schema import DEFAULTS, MAY_BE_NONE

NAMES = sorted(DEFAULTS.keys() - {"queues", "process_type"})
LEVELS = ("global", "app", "role")
VALUES = st.one_of(st.none(), st.integers(0, 9), st.just(NONE))
SETTINGS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)


def model(name: str, levels: list[dict[str, Any]]) -> tuple[Any, str]:
    """Return the effective settings by a search from the narrowest level."""
    for place, values in zip(reversed(LEVELS), reversed(levels), strict=True):
        value = values.get(name)
        if value is not None:
            return (None if value == NONE and name in MAY_BE_NONE else value), place
    return DEFAULTS[name], "default"


@given(st.lists(SETTINGS, min_size=3, max_size=3))
def test_settings_inheritance_matches_its_model(levels: list[dict[str, Any]]) -> None:
    chain = tuple(Level(name, values) for name, values in zip(LEVELS, levels, strict=True))
    effective = effective_settings("worker", chain)
    holds = {name: (getattr(effective, name), effective.sources[name]) for name in NAMES}
    assert holds == {name: model(name, levels) for name in NAMES}
