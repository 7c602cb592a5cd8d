"""Inheritance of settings: defaults, then the tenant's values, the app's, and the role's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from guv.scaling.model import Memory, Override, Pause, Settings, Window
from guv.scaling.policies import ANY, WEB
from guv.settings.field_models import NONE
from guv.settings.schema import DEFAULTS, MAY_BE_NONE, SETTINGS, EffectiveSettings
from guv.tenants.plans import Plan


@dataclass(frozen=True, slots=True)
class Level:
    """The values set at one level, and the version they have there.

    Attributes:
        name: "global", "app" or "role".
        values: Name to JSON value; a name that is missing is not set.
        version: Counts the changes; 0 means never set.
    """

    name: str
    values: Mapping[str, Any]
    version: int = 0


def effective_settings(role_name: str, levels: tuple[Level, ...]) -> EffectiveSettings:
    """Return the settings that hold for a role, each with the level it comes from.

    Args:
        role_name: The default for its queue and its process type.
        levels: From wide to narrow; the narrower one wins.
    """
    values: dict[str, Any] = dict(DEFAULTS)
    sources = dict.fromkeys(DEFAULTS, "default")
    for level in levels:
        for name, value in level.values.items():
            if name in values and value is not None:
                is_none = value == NONE and name in MAY_BE_NONE
                values[name], sources[name] = None if is_none else value, level.name
    # A policy of a wider level is meant for queues; only the role's own says how web dynos scale.
    is_for_queues = values["policy"] not in WEB | ANY and sources["policy"] != "role"
    if values["signal"] == "web" and is_for_queues:
        values["policy"], sources["policy"] = "response_time", "default"
    values["queues"] = values["queues"] or [role_name]
    values["process_type"] = values["process_type"] or role_name
    version = ".".join(str(level.version) for level in levels)
    return EffectiveSettings(**values, sources=sources, version=version)


def scaling_settings(
    effective: EffectiveSettings,
    plan: Plan,
    *,
    platform_limit: int | None = None,
    dyno_hours_used: float | None = None,
    memory: Memory | None = None,
) -> Settings:
    """Return the settings as the scaling mathematics takes them.

    Args:
        effective: The role's settings.
        plan: The tenant's plan; its shortest interval holds where none was set.
        platform_limit: Most dynos that Heroku said it allows; None: unknown.
        dyno_hours_used: Dyno-hours used this month; None: unknown.
        memory: What is known of the time before its samples; None: nothing.
    """
    no_data = effective.no_data if isinstance(effective.no_data, Mapping) else {}
    return Settings(
        **{name: getattr(effective, name) for name in _SAME},
        interval=float(tick_interval(effective, plan)),
        schedules=tuple(_window(window) for window in effective.schedules),
        override=_override(effective.override),
        pause=_pause(effective.pause),
        no_data=no_data.get("after"),
        no_data_dynos=no_data.get("dynos"),
        platform_limit=platform_limit,
        dyno_hours_used=dyno_hours_used,
        memory=memory or Memory(),
    )


# Settings that the scaling mathematics takes by the same name and as they are.
_SAME = (Settings.__dataclass_fields__.keys() & SETTINGS.keys()) - {
    "schedules",
    "override",
    "pause",
    "no_data",
    "interval",
}


def tick_interval(effective: EffectiveSettings, plan: Plan) -> int:
    """Return the seconds between a role's ticks: its setting, or the plan's shortest interval."""
    return max(effective.interval, plan.interval)


def _window(window: Mapping[str, Any]) -> Window:
    return Window(**{**window, "days": tuple(window.get("days") or ())})


def _override(value: Mapping[str, Any] | None) -> Override | None:
    if value is None:
        return None
    until = datetime.fromisoformat(value["until"]).timestamp()
    return Override(until, value.get("minimum_dynos"), value.get("maximum_dynos"))


def _pause(value: Mapping[str, Any] | None) -> Pause | None:
    if value is None:
        return None
    until = value.get("until")
    return Pause(
        value.get("direction", "both"),
        datetime.fromisoformat(until).timestamp() if until is not None else None,
    )
