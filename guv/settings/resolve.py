"""What holds for a role? Defaults, then the tenant's global values, the app's, and its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from guv.scaling.model import Memory, Override, Pause, Settings, Window
from guv.scaling.policies import ANY, WEB
from guv.settings.schema import MAY_BE_NONE, NONE
from guv.tenants.plans import Plan

DEFAULTS: Mapping[str, Any] = {
    "queues": None,  # the role's own name
    "process_type": None,  # the role's own name
    "minimum_dynos": 1,
    "maximum_dynos": 5,
    "target_deadline": 60.0,
    "percentile": 99.0,
    "processing_time": None,  # measured; until then 10 seconds
    "processing_time_stddev": None,  # measured; until then half of it
    "concurrency": 1,
    "boot_time": None,  # measured; until then 30 seconds
    "signal": "queue",
    "policy": "deadline",  # of a web role: response_time
    "policy_parameters": {},
    "interval": 10,
    "history": 120.0,
    "step_up": None,
    "step_down": None,
    "cooldown_up": None,
    "cooldown_down": None,
    "change_budget": None,
    "busy_protection": "auto",
    "busy_protection_limit": 1800.0,
    "schedules": [],
    "override": None,
    "pause": None,
    "dry_run": False,
    "no_data": "hold",
    "monthly_dyno_hours": None,
    "notify": None,
    "alert_after": 60.0,
}


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


@dataclass(frozen=True, slots=True)
class EffectiveSettings:
    """What holds for a role.

    Attributes:
        values: Every setting by name, as JSON values.
        sources: The level each comes from: "default", "global", "app" or "role".
        version: The versions of the three levels, such as "0.2.5".
    """

    values: Mapping[str, Any]
    sources: Mapping[str, str]
    version: str


def effective_settings(role_name: str, levels: tuple[Level, ...]) -> EffectiveSettings:
    """The settings that hold for a role, each with the level it comes from.

    Args:
        role_name: The default for its queue and its process type.
        levels: From wide to narrow; the narrower one wins.
    """
    values: dict[str, Any] = dict(DEFAULTS)
    sources = dict.fromkeys(DEFAULTS, "default")
    for level in levels:
        for name, value in level.values.items():
            if name in values and value is not None:
                values[name], sources[name] = _meant(name, value), level.name
    if values["signal"] == "web" and values["policy"] not in WEB | ANY and not _is_own(sources):
        values["policy"], sources["policy"] = "response_time", "default"
    values["queues"] = values["queues"] or [role_name]
    values["process_type"] = values["process_type"] or role_name
    return EffectiveSettings(values, sources, ".".join(str(level.version) for level in levels))


def _is_own(sources: Mapping[str, str]) -> bool:
    """Whether the role itself says its policy; what wider levels say is meant for queues."""
    return sources["policy"] == "role"


def _meant(name: str, value: Any) -> Any:
    """What a level's value says; None where it says that there is none."""
    return None if value == NONE and name in MAY_BE_NONE else value


def scaling_settings(
    effective: EffectiveSettings,
    plan: Plan,
    *,
    platform_limit: int | None = None,
    dyno_hours_used: float | None = None,
    memory: Memory | None = None,
) -> Settings:
    """The same settings as the scaling mathematics takes them.

    Args:
        effective: The role's settings.
        plan: The tenant's plan; its shortest interval holds where none was set.
        platform_limit: Most dynos that Heroku said it allows; None: unknown.
        dyno_hours_used: Dyno-hours used this month; None: unknown.
        memory: What is known of the time before its samples; None: nothing.
    """
    values = effective.values
    same = {
        name: values[name]
        for name in Settings.__dataclass_fields__
        if name in values and name not in {"schedules", "override", "pause", "no_data", "interval"}
    }
    no_data = values["no_data"] if isinstance(values["no_data"], Mapping) else {}
    return Settings(
        **same,
        interval=float(tick_interval(effective, plan)),
        schedules=tuple(_window(window) for window in values["schedules"]),
        override=_override(values["override"]),
        pause=_pause(values["pause"]),
        no_data=no_data.get("after"),
        no_data_dynos=no_data.get("dynos"),
        platform_limit=platform_limit,
        dyno_hours_used=dyno_hours_used,
        memory=memory or Memory(),
    )


def tick_interval(effective: EffectiveSettings, plan: Plan) -> int:
    """Seconds between a role's ticks: its own setting, but not shorter than the plan allows."""
    return max(int(effective.values["interval"]), plan.interval)


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
