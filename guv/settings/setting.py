"""Description of a setting: what is known of it beside the type of its value."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Levels(StrEnum):
    """At which levels a setting can be set."""

    ALL = "all"
    APP_AND_ROLE = "app and role"
    ROLE = "role"


class Widget(StrEnum):
    """The control that edits a setting in a form."""

    NUMBER = "number"
    TEXT = "text"
    LINES = "lines"  # one entry a line
    PAIRS = "pairs"  # one "name = value" a line
    CHOICE = "choice"
    PAGE = "page"  # has a page of its own


class Group(StrEnum):
    """The headings that settings stand under in forms."""

    PROMISE = "Deadline and limits"
    WORK = "Workload"
    POLICY = "Scaling policy"
    CHANGES = "Limits on changes"
    PROTECTION = "Protection and alerts"


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of a setting beside the type of its value.

    Attributes:
        sentence: What it means, for OpenAPI, forms and the docs.
        group: The heading that it stands under.
        title: Its label in a form.
        default: The value that holds where none is set, as JSON.
        widget: The control that edits it there.
        unit: What its number counts.
        levels: Where it can be set.
        may_be_none: Whether "none" takes away what a wider level sets.
        stored: Type of the value at a level, where that is another than the one that holds.
        is_measured: Whether guv measures the value where none is set.
    """

    sentence: str
    group: Group
    title: str
    default: Any = None
    widget: Widget = Widget.NUMBER
    unit: str = ""
    levels: Levels = Levels.ALL
    may_be_none: bool = False
    stored: Any = None
    is_measured: bool = False
