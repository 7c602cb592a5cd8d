"""Every setting stands in the schema and, made of it or checked, everywhere else exactly once."""

import re
from collections import Counter
from dataclasses import fields
from pathlib import Path

from api.dashboard.forms.role_fields import FIELDS, GROUPS
from guv.scaling.model import Settings
from guv.settings.resolve import effective_settings
from guv.settings.schema import DEFAULTS, SETTINGS, SettingsValues
from guv.settings.setting import Widget

DOCS = Path(__file__).parents[2] / "docs"


def test_the_effective_values_and_the_levels_have_every_setting() -> None:
    effective = effective_settings("worker", ())
    assert list(effective.as_json()) == list(SETTINGS)
    assert list(effective.sources) == list(SETTINGS) == list(SettingsValues.model_fields)
    held = effective.as_json() | {"queues": None, "process_type": None}
    assert held == DEFAULTS


def test_a_form_has_every_setting_without_a_page_of_its_own_once() -> None:
    in_form = [field.name for _, group in GROUPS for field in group]
    assert in_form == list(FIELDS)
    assert Counter(in_form) == Counter(
        name for name, entry in SETTINGS.items() if entry.widget is not Widget.PAGE
    )


def test_the_page_of_settings_has_a_section_for_every_setting_once() -> None:
    sections = re.findall(r"^### `(\w+)`$", (DOCS / "settings.md").read_text(), re.MULTILINE)
    assert Counter(sections) == Counter(list(SETTINGS))


def test_openapi_has_every_sentence() -> None:
    properties = SettingsValues.model_json_schema()["properties"]
    assert list(properties) == list(SETTINGS)
    for name, entry in SETTINGS.items():
        assert properties[name]["description"].endswith(entry.sentence)


def test_the_arithmetic_of_scaling_has_the_same_defaults() -> None:
    plain = Settings()
    named = {field.name for field in fields(Settings)} & SETTINGS.keys()
    apart = {"schedules", "no_data"}  # other types, which scaling_settings converts
    assert {name: getattr(plain, name) for name in named - apart} == {
        name: DEFAULTS[name] for name in named - apart
    }
