"""Results of a replay: the recorded run beside the variants, and all of them over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from api.dashboard.charts.panels import AxisClock, Json, layout, line_of, steps_of
from api.dashboard.formatting import plain
from api.dashboard.forms.role_fields import FIELDS, as_text, display_text
from guv.replays.models import ReplayRow
from guv.roles.models import Role
from guv.settings.resolve import Level, effective_settings

PANELS = (("dynos", (0.56, 0.94)), ("jobs", (0.02, 0.44)))
LOOKS = (
    ("--chart-1", "solid"),
    ("--chart-2", "dot"),
    ("--chart-mark", "dash"),
    ("--chart-4", "dashdot"),
    ("--chart-bad", "longdash"),
    ("--chart-limit", "longdashdot"),
)


@dataclass(frozen=True, slots=True)
class FilledField:
    """A field of the settings form, filled in as a variant asks."""

    name: str
    was: str
    text: str


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A run in the comparison.

    Attributes:
        run: The stored run.
        differs: How its settings differ from the role's, as text.
        typed: Fields of the form that would set its settings; empty where there is nothing to set.
        share_more: Its share on time minus that of the recorded run.
        hours_more: Its dyno-hours minus those of the recorded run.
    """

    run: Mapping[str, Any]
    differs: Sequence[str]
    typed: Sequence[FilledField]
    share_more: float | None
    hours_more: float


def what_if_runs(row: ReplayRow, role: Role, chain: tuple[Level, ...]) -> list[ComparedRun]:
    """Compare the recorded run with the variants.

    Args:
        row: A finished replay.
        role: The replayed role.
        chain: The role's present levels, from wide to narrow.
    """
    runs: Sequence[Mapping[str, Any]] = (row.result or {}).get("runs", [])
    settings: list[Mapping[str, Any]] = [{}, *(variant["settings"] for variant in row.variants)]
    recorded = runs[0]
    return [
        ComparedRun(
            run=run,
            differs=[_differs(name, value) for name, value in values.items()],
            typed=_typed(role, chain, values),
            share_more=_difference(run["share_in_time"], recorded["share_in_time"]),
            hours_more=run["dyno_hours"] - recorded["dyno_hours"],
        )
        for run, values in zip(runs, settings, strict=True)
    ]


def _difference(value: float | None, base: float | None) -> float | None:
    return None if value is None or base is None else value - base


def _differs(name: str, value: Any) -> str:
    field = FIELDS.get(name)
    return f"{field.title}: {display_text(field, value)}" if field else f"{name}: {value}"


def _typed(role: Role, chain: tuple[Level, ...], values: Mapping[str, Any]) -> list[FilledField]:
    """Fill in the form for these values; values that are inherited anyway stay empty."""
    inherited = effective_settings(role.name, chain[:-1])
    fields = []
    for name, value in values.items():
        if name not in FIELDS:
            continue
        field, own = FIELDS[name], chain[-1].values.get(name)
        text = "" if value == getattr(inherited, name) else as_text(field, value)
        fields.append(FilledField(name, as_text(field, own), text))
    return fields


def what_if_figure(result: Mapping[str, Any], zone: ZoneInfo) -> Json:
    """Draw the dynos and jobs of all runs over time."""
    at = [datetime.fromisoformat(text) for text in result["at"]]
    until = datetime.fromisoformat(result["to"])
    clock = AxisClock(until, zone)
    x, data = [clock.text(time) for time in at], list[Json]()
    for run, (color, dash) in zip(result["runs"], LOOKS, strict=False):
        name = plain(run["name"])
        group = {"x": x, "legendgroup": name}
        data.append({**steps_of(0, name, run["dynos"], color, dash), **group})
        messages = line_of(1, name, run["backlog"], color, dash)
        data.append({**messages, **group, "showlegend": False})
    since = datetime.fromisoformat(result["from"])
    return {"data": data, "layout": layout(PANELS, since, until, clock), "refresh_s": None}
