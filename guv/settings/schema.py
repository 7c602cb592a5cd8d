"""Schema of settings: one entry for each, from which everything about it is made.

The fields of `EffectiveSettings` are the entries. Their types are those of the values that hold;
`Setting` has the rest: default, levels, form field, and the sentence for OpenAPI, forms and
docs/settings.md. `SettingsValues`, the model of one level, and the defaults are made of them.

A value that is None is not set at its level: the next wider level, and in the end the default,
decides. "none" is a value of its own: no limit, measured, no notification, whatever the wider
levels say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import Field, create_model

from guv.settings import field_models as types
from guv.settings.setting import Group, Levels, Setting, Widget

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveSettings:
    """What holds for a role. The fields that have a `Setting` are the schema, in the form's order.

    Attributes:
        sources: The level that each value comes from: default, global, app or role.
        version: The versions of the three levels, such as "0.2.5".
    """

    target_deadline: Annotated[
        types.Seconds,
        Setting(
            "Seconds from publishing a message until it should be done",
            Group.PROMISE,
            "Deadline",
            default=60.0,
            unit="s",
        ),
    ]
    percentile: Annotated[
        types.Percentile,
        Setting(
            "Percent of the messages that must meet the deadline",
            Group.PROMISE,
            "Jobs on time",
            default=99.0,
            unit="%",
        ),
    ]
    minimum_dynos: Annotated[
        types.Count,
        Setting("Never fewer dynos; 0 allowed", Group.PROMISE, "Minimum", default=1, unit="dynos"),
    ]
    maximum_dynos: Annotated[
        types.Count, Setting("Never more dynos", Group.PROMISE, "Maximum", default=5, unit="dynos")
    ]
    monthly_dyno_hours: Annotated[
        types.DynoHours | None,
        Setting(
            "Spend cap in dyno-hours a month",
            Group.PROMISE,
            "Spend cap",
            unit="dyno-hours a month",
            may_be_none=True,
        ),
    ]
    dry_run: Annotated[
        types.Yes,
        Setting(
            "Decide and record, and change nothing",
            Group.PROMISE,
            "Dry run",
            default=False,
            widget=Widget.CHOICE,
        ),
    ]
    schedules: Annotated[
        Sequence[Json],
        Setting(
            "Windows with other bounds; the first that contains the present counts",
            Group.PROMISE,
            "Schedule",
            default=[],
            widget=Widget.PAGE,
            stored=types.ScheduleWindows,
        ),
    ]
    override: Annotated[
        Json | None,
        Setting(
            "Other bounds until an instant",
            Group.PROMISE,
            "Override",
            widget=Widget.PAGE,
            levels=Levels.ROLE,
            stored=types.OverrideBounds,
        ),
    ]
    signal: Annotated[
        Literal["queue", "web"],
        Setting(
            "What it is scaled on: messages in queues, or web requests",
            Group.WORK,
            "Scaled on",
            default="queue",
            widget=Widget.CHOICE,
            levels=Levels.ROLE,
        ),
    ]
    queues: Annotated[
        types.QueueNames,
        Setting(
            "The queues that feed it; their work adds up. Default: its name",
            Group.WORK,
            "Queues",
            widget=Widget.LINES,
            levels=Levels.ROLE,
        ),
    ]
    process_type: Annotated[
        types.ProcessType,
        Setting(
            "The Heroku process type it scales. Default: its name",
            Group.WORK,
            "Process type",
            widget=Widget.TEXT,
            levels=Levels.ROLE,
        ),
    ]
    concurrency: Annotated[
        types.Concurrency,
        Setting(
            "Messages that one dyno works on at a time",
            Group.WORK,
            "Concurrency",
            default=1,
            unit="jobs per dyno",
        ),
    ]
    processing_time: Annotated[
        types.Seconds | None,
        Setting(
            "Seconds that one message takes; none: measured",
            Group.WORK,
            "Processing time",
            unit="s",
            may_be_none=True,
            is_measured=True,
        ),
    ]
    processing_time_stddev: Annotated[
        types.Stddev | None,
        Setting(
            "Its standard deviation in seconds",
            Group.WORK,
            "Processing time, standard deviation",
            unit="s",
            may_be_none=True,
            is_measured=True,
        ),
    ]
    boot_time: Annotated[
        types.BootTime | None,
        Setting(
            "Seconds from asking for a dyno to its first message",
            Group.WORK,
            "Boot time",
            unit="s",
            may_be_none=True,
            is_measured=True,
        ),
    ]
    policy: Annotated[
        types.PolicyName,
        Setting(
            "The way of scaling", Group.POLICY, "Policy", default="deadline", widget=Widget.CHOICE
        ),
    ]
    policy_parameters: Annotated[
        types.Parameters,
        Setting(
            "That policy's own parameters by name",
            Group.POLICY,
            "Policy parameters",
            default={},
            widget=Widget.PAIRS,
        ),
    ]
    interval: Annotated[
        types.Interval,
        Setting(
            "Seconds between ticks, a multiple of 5", Group.POLICY, "Interval", default=10, unit="s"
        ),
    ]
    history: Annotated[
        types.Seconds,
        Setting(
            "Stabilization window in seconds, for policies that use one",
            Group.POLICY,
            "Stabilization window",
            default=120.0,
            unit="s",
        ),
    ]
    step_up: Annotated[
        types.Steps | None,
        Setting(
            "Most dynos added by one decision",
            Group.CHANGES,
            "Largest step up",
            unit="dynos",
            may_be_none=True,
        ),
    ]
    step_down: Annotated[
        types.Steps | None,
        Setting(
            "Most dynos removed by one decision",
            Group.CHANGES,
            "Largest step down",
            unit="dynos",
            may_be_none=True,
        ),
    ]
    cooldown_up: Annotated[
        types.UpToADay | None,
        Setting(
            "Seconds after a change in which none are added",
            Group.CHANGES,
            "Cooldown before scaling up",
            unit="s",
            may_be_none=True,
        ),
    ]
    cooldown_down: Annotated[
        types.UpToADay | None,
        Setting(
            "Seconds after a change in which none are removed",
            Group.CHANGES,
            "Cooldown before scaling down",
            unit="s",
            may_be_none=True,
        ),
    ]
    change_budget: Annotated[
        types.Steps | None,
        Setting("Most changes in an hour", Group.CHANGES, "Changes per hour", may_be_none=True),
    ]
    busy_protection: Annotated[
        Literal["auto", "always", "never"],
        Setting(
            "Whether going down waits for running jobs; auto: for long ones",
            Group.PROTECTION,
            "Protection of running jobs",
            default="auto",
            widget=Widget.CHOICE,
        ),
    ]
    busy_protection_limit: Annotated[
        types.Seconds,
        Setting(
            "Seconds for which it may wait for them",
            Group.PROTECTION,
            "Longest wait for running jobs",
            default=1800.0,
            unit="s",
        ),
    ]
    no_data: Annotated[
        Literal["hold"] | Json,
        Setting(
            "What to do without data: hold, or a count after some seconds",
            Group.PROTECTION,
            "Action without data",
            default="hold",
            widget=Widget.TEXT,
            stored=Literal["hold"] | types.NoDataCount,
        ),
    ]
    pause: Annotated[
        Json | None,
        Setting(
            "A pause of scaling",
            Group.PROTECTION,
            "Pause",
            widget=Widget.PAGE,
            levels=Levels.APP_AND_ROLE,
            may_be_none=True,
            stored=types.PauseScaling,
        ),
    ]
    alert_after: Annotated[
        types.UpToADay,
        Setting(
            "Seconds that a miss must last before it pages",
            Group.PROTECTION,
            "Alert delay",
            default=60.0,
            unit="s",
        ),
    ]
    notify: Annotated[
        str | None,
        Setting(
            "Where incidents are sent",
            Group.PROTECTION,
            "Notifications",
            widget=Widget.PAGE,
            may_be_none=True,
            stored=types.Notify,
        ),
    ]
    sources: Mapping[str, str] = field(default_factory=dict)
    version: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return every setting's value by name, as JSON values."""
        return {name: getattr(self, name) for name in SETTINGS}


def _read_schema() -> tuple[dict[str, Setting], dict[str, Any]]:
    """Return each entry by name, and the type of its value at a level."""
    hints = get_type_hints(EffectiveSettings, include_extras=True)
    entries, level_types = {}, {}
    for name, hint in hints.items():
        if get_origin(hint) is not Annotated:
            continue
        held, *ranges, entry = get_args(hint)
        value_type = Annotated[(held, *ranges)] if ranges else held
        entries[name], level_types[name] = entry, _level_type(entry.stored or value_type, entry)
    return entries, level_types


def _level_type(held: Any, entry: Setting) -> Any:
    """Return the type of a value at a level: also unset and, where that is allowed, "none"."""
    is_union = get_origin(held) in {Union, UnionType}
    variants = (
        [variant for variant in get_args(held) if variant is not NoneType] if is_union else [held]
    )
    unset = (types.Nothing, None) if entry.may_be_none else (None,)
    return Union[(*variants, *unset)]


def _level_model() -> Any:
    """Build the model of one level: every setting with its range, None where it is not set."""
    prefixes = {Levels.ALL: "", Levels.ROLE: "Role only. "}
    prefixes[Levels.APP_AND_ROLE] = "App and role only. "
    fields: dict[str, Any] = {
        name: (_TYPES[name], Field(None, description=f"{prefixes[entry.levels]}{entry.sentence}"))
        for name, entry in SETTINGS.items()
    }
    made = create_model("SettingsValues", __base__=types.Strict, __module__=__name__, **fields)
    made.__doc__ = "The settings of one level."
    return made


SETTINGS, _TYPES = _read_schema()
DEFAULTS: Mapping[str, Any] = {name: entry.default for name, entry in SETTINGS.items()}
ROLE_ONLY = frozenset(name for name, entry in SETTINGS.items() if entry.levels is Levels.ROLE)
NOT_GLOBAL = frozenset(name for name, entry in SETTINGS.items() if entry.levels is not Levels.ALL)
MAY_BE_NONE = frozenset(name for name, entry in SETTINGS.items() if entry.may_be_none)


def choices_of(name: str) -> tuple[str, ...]:
    """Return what can be chosen for a setting, besides unset; empty: it is not a choice."""
    held = _TYPES[name]
    values = [
        choice for one in get_args(held) for choice in get_args(one) if isinstance(choice, str)
    ]
    return tuple(choice for choice in values if choice != "none")


if TYPE_CHECKING:

    class SettingsValues(types.Strict):
        """The settings of one level; at run time its fields are those of the schema."""

        def __init__(self, **values: object) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

else:
    SettingsValues = _level_model()
