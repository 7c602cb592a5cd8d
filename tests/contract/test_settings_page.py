"""docs/settings.md names every setting, with the default and the levels that it really has."""

import re
from pathlib import Path

from guv.settings.schema import DEFAULTS, MAY_BE_NONE, NOT_GLOBAL, ROLE_ONLY, SettingsValues

TEXT = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()
SECTIONS = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", TEXT, flags=re.MULTILINE | re.DOTALL))


def test_every_setting_is_there_and_no_other() -> None:
    assert sorted(SECTIONS) == sorted(SettingsValues.model_fields)


def test_each_says_its_default() -> None:
    for name, text in SECTIONS.items():
        first, default = text.splitlines()[0], DEFAULTS[name]
        if isinstance(default, bool | str):
            assert str(default).lower() in first, name
        elif isinstance(default, int | float):
            assert f"Default {default:g}." in first, name
        else:
            assert re.match(r"Default(:| none| measured)", first), name


def test_each_says_at_which_levels_it_is_set() -> None:
    role_only = {name for name, text in SECTIONS.items() if "Role only." in text.splitlines()[0]}
    not_global = {n for n, text in SECTIONS.items() if "App and role only." in text.splitlines()[0]}
    assert role_only == ROLE_ONLY
    assert role_only | not_global == NOT_GLOBAL


def test_each_says_whether_it_may_be_none() -> None:
    said = {name for name, text in SECTIONS.items() if "`none` allowed" in text.splitlines()[0]}
    assert said == MAY_BE_NONE


def test_each_says_more_than_its_range() -> None:
    short = [name for name, text in SECTIONS.items() if len(text.strip()) < 60]
    assert short == []
