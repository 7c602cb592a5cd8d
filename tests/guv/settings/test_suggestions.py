"""Which setting was meant, and where it may be set."""

import pytest

from guv.settings.contradictions import misplaced
from guv.settings.field_errors import nearest_name
from guv.settings.schema import SettingsValues


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
def test_finds_the_name_that_was_meant(wrong: str, meant: str | None) -> None:
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
def test_looks_inside_the_value_that_the_name_is_in(path: list[str], meant: str | None) -> None:
    assert nearest_name(path) == meant


def test_a_very_long_name_takes_no_time() -> None:
    assert nearest_name(["x" * 1_000_000]) is None


def test_a_role_may_set_everything() -> None:
    assert misplaced(SettingsValues.model_fields, "role") == []


@pytest.mark.parametrize(
    ("level", "refused"),
    [
        ("global", ["override", "pause", "process_type", "queues", "signal"]),
        ("app", ["override", "process_type", "queues", "signal"]),
    ],
)
def test_wider_levels_refuse_what_belongs_to_narrower_ones(level: str, refused: list[str]) -> None:
    assert [one.field for one in misplaced(SettingsValues.model_fields, level)] == refused
