"""Fields of the settings form, and the conversion between text and values.

An empty field inherits. Only fields whose text differs from the original text count as changed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.dashboard.forms.validation import validated
from guv.errors import FieldError, Invalid
from guv.settings.field_models import NONE
from guv.settings.schema import SETTINGS, SettingsValues, choices_of
from guv.settings.setting import Group, Setting, Widget

_WHOLE, _NUMBER = re.compile(r"[-+]?\d+"), re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_WORDS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Field:
    """A setting's field in the form.

    Attributes:
        name: The setting's name.
        title: Its label.
        kind: "number", "text", "lines", "pairs" or "choice".
        unit: The unit of the number.
        choices: The options besides inheriting.
    """

    name: str
    title: str
    kind: str = "number"
    unit: str = ""
    choices: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """The meaning of the setting."""
        return SETTINGS[self.name].sentence

    @property
    def may_be_none(self) -> bool:
        """Whether "none" can replace the value of a wider level."""
        return SETTINGS[self.name].may_be_none


def _field(name: str, entry: Setting) -> Field:
    choices: tuple[str, ...] = ()
    if entry.widget is Widget.CHOICE:
        choices = ("yes", "no") if isinstance(entry.default, bool) else choices_of(name)
    return Field(name, entry.title, entry.widget.value, entry.unit, choices)


GROUPS: tuple[tuple[str, tuple[Field, ...]], ...] = tuple(
    (
        group.value,
        tuple(
            _field(name, entry)
            for name, entry in SETTINGS.items()
            if entry.group is group and entry.widget is not Widget.PAGE
        ),
    )
    for group in Group
)
FIELDS: Mapping[str, Field] = {field.name: field for _, group in GROUPS for field in group}


def as_text(field: Field, value: Any) -> str:
    """Return the text of a value in the form; empty where it is not set."""
    if value is None:
        return ""
    if field.name == "no_data" and isinstance(value, Mapping):
        return f"{value['dynos']} after {value['after']:g}"
    if field.kind == "lines":
        return "\n".join(value)
    if field.kind == "pairs":
        return "\n".join(f"{name} = {_plain(part)}" for name, part in value.items())
    return _plain(value, words=("yes", "no"))


def as_values(typed: Mapping[str, str]) -> SettingsValues:
    """Parse the texts of fields; an empty text resets its setting.

    Raises:
        Invalid: A text is not a value of its setting.
    """
    faults: list[FieldError] = []
    values: dict[str, Any] = {}
    for name, text in typed.items():
        try:
            values[name] = _value(FIELDS[name], text)
        except ValueError as error:
            faults.append(FieldError(name, str(error)))
    if faults:
        raise Invalid("Some values are not valid.", faults)
    return validated(SettingsValues, values)


def _value(field: Field, text: str) -> Any:
    if not text:
        return None
    if field.kind == "lines":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if field.kind == "pairs":
        return dict(_pair(line) for line in text.splitlines() if line.strip())
    if field.name == "no_data":
        return _no_data(text)
    if field.name == "dry_run":
        return {"yes": True, "no": False}.get(text, text)
    return _number(text) if field.kind == "number" else text


def _pair(line: str) -> tuple[str, Any]:
    name, sign, text = (part.strip() for part in line.partition("="))
    if not (name and sign and text):
        raise ValueError("must have one line per parameter, such as target = 10")
    return name, _WORDS.get(text, _number(text))


def _no_data(text: str) -> Any:
    """Parse "hold", or a number of dynos after seconds: "5 after 300"."""
    if text == "hold":
        return text
    dynos, word, after = text.partition(" after ")
    if not word:
        raise ValueError("must be hold, or a number of dynos and seconds such as 5 after 300")
    return {"dynos": _number(dynos.strip()), "after": _number(after.strip().removesuffix("s"))}


def _number(text: str) -> Any:
    """Parse a number; return any other text as it is, for the model to refuse."""
    text = text.strip()
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _plain(value: Any, words: tuple[str, str] = ("true", "false")) -> str:
    if isinstance(value, bool):
        return words[0] if value else words[1]
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def display_text(field: Field, value: Any) -> str:
    """Format an effective value for people, with its unit."""
    if value is None or value == NONE:
        return "measured" if SETTINGS[field.name].is_measured else "none"
    text = as_text(field, value).replace("\n", ", ") or "none"
    unit = "dyno" if (text, field.unit) == ("1", "dynos") else field.unit
    return f"{text} {unit}".strip() if field.kind == "number" else text
