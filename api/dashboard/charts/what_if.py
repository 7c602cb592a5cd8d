"""How is a replay's result shown? Side by side with what was recorded, and over time."""

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
    """A field of the settings' form as a variant would fill it in."""

    name: str
    was: str
    text: str


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One run beside the others.

    Attributes:
        run: As it is stored.
        differs: What differs from the role's settings, in words.
        typed: The form that would set it; [] where it is what is set, or was.
        share_more: Its share in time, less that of the recorded run.
        hours_more: Its dyno-hours, less those of the recorded run.
    """

    run: Mapping[str, Any]
    differs: Sequence[str]
    typed: Sequence[FilledField]
    share_more: float | None
    hours_more: float


def what_if_runs(row: ReplayRow, role: Role, chain: tuple[Level, ...]) -> list[ComparedRun]:
    """The recorded run and the variants, each with what would set it.

    Args:
        row: A replay that is done.
        role: Whose.
        chain: The role's levels as they are now, from wide to narrow.
    """
    runs: Sequence[Mapping[str, Any]] = (row.result or {}).get("runs", [])
    settings: list[Mapping[str, Any]] = [{}, *(one["settings"] for one in row.variants)]
    recorded = runs[0]
    return [
        ComparedRun(
            run=run,
            differs=[_differs(name, value) for name, value in values.items()],
            typed=_typed(role, chain, values),
            share_more=_less(run["share_in_time"], recorded["share_in_time"]),
            hours_more=run["dyno_hours"] - recorded["dyno_hours"],
        )
        for run, values in zip(runs, settings, strict=True)
    ]


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _differs(name: str, value: Any) -> str:
    field = FIELDS.get(name)
    return f"{field.title}: {display_text(field, value)}" if field else f"{name}: {value}"


def _typed(role: Role, chain: tuple[Level, ...], values: Mapping[str, Any]) -> list[FilledField]:
    """The form's fields for these values; what would be inherited anyway stays empty."""
    inherited = effective_settings(role.name, chain[:-1])
    found = []
    for name, value in values.items():
        if name not in FIELDS:
            continue
        field, own = FIELDS[name], chain[-1].values.get(name)
        text = "" if value == getattr(inherited, name) else as_text(field, value)
        found.append(FilledField(name, as_text(field, own), text))
    return found


def what_if_figure(result: Mapping[str, Any], zone: ZoneInfo) -> Json:
    """The dynos and messages of all runs over their time."""
    at = [datetime.fromisoformat(one) for one in result["at"]]
    until = datetime.fromisoformat(result["to"])
    clock = AxisClock(until, zone)
    x, data = [clock.text(one) for one in at], list[Json]()
    for run, (color, dash) in zip(result["runs"], LOOKS, strict=False):
        name = plain(run["name"])
        group = {"x": x, "legendgroup": name}
        data.append({**steps_of(0, name, run["dynos"], color, dash), **group})
        messages = line_of(1, name, run["backlog"], color, dash)
        data.append({**messages, **group, "showlegend": False})
    since = datetime.fromisoformat(result["from"])
    return {"data": data, "layout": layout(PANELS, since, until, clock), "refresh_s": None}
