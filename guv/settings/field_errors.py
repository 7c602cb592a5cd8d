"""Sentences about wrong fields: the one table for the API, the command line, files and pages.

pydantic says which rule a value breaks; what a user reads is said here, so that words of a library
never reach one. A sentence goes on from the field's name: "minimum_dynos must be a whole number".
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

from guv.errors import FieldError
from guv.scaling.model import counted
from guv.settings.field_models import (
    NewRelicTarget,
    NoDataCount,
    Notify,
    OverrideBounds,
    PauseScaling,
    ScheduleWindow,
    WebhookTarget,
)
from guv.settings.field_types import PATTERN_MESSAGES
from guv.settings.schema import SETTINGS, SettingsValues

_OUTER = frozenset({"body", "query", "path", "header"})
_BRANCHES = frozenset(  # pydantic's names for the forms that a union's value can have
    {"bool", "float", "int", "constrained-str", "constrained-float", "constrained-int"}
)
_SHORTEST_PART = 3  # characters that are enough to look for names which contain them
_LONGEST_NAME = 60  # characters of a wrong name that are compared with the known ones
_MUST_BE = "must be "
_WHOLE = "must be a whole number"
_NUMBER = "must be a number"
_BOOLEAN = "must be true or false"
_TEXT = "must be text"
_OBJECT = "must be an object, such as {...}"
_BODY = "the body must be a JSON object, sent with Content-Type: application/json"
_INSTANT = "must be a date and time with its offset from UTC, such as 2027-01-31T18:00:00Z"
_DATE = "must be a date such as 2027-01-31"
_ID = "must be a UUID"
_URL = "must be a URL"
_SENTENCES: Mapping[str, str] = {
    "missing": "is required",
    "none_required": "must be null",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "must be a finite number",
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "string_type": _TEXT,
    "string_unicode": "must be text in UTF-8",
    "bytes_type": _TEXT,
    "list_type": "must be a list, such as [...]",
    "tuple_type": "must be a list, such as [...]",
    "set_type": "must be a list, such as [...]",
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "datetime_object_invalid": _INSTANT,
    "timezone_aware": "needs an offset from UTC, such as Z or +01:00",
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "uuid_type": _ID,
    "uuid_parsing": _ID,
    "uuid_version": _ID,
    "url_type": _URL,
    "url_parsing": _URL,
    "url_syntax_violation": _URL,
    "url_scheme": _URL,
    "url_too_long": "is too long for a URL",
    "json_invalid": "must be valid JSON",
    "json_type": "must be JSON",
}
_LIMITS: Mapping[str, tuple[str, str]] = {  # the words before a limit, and its name in the error
    "greater_than": ("must be above", "gt"),
    "greater_than_equal": ("must be at least", "ge"),
    "less_than": ("must be below", "lt"),
    "less_than_equal": ("must be at most", "le"),
    "multiple_of": ("must be a multiple of", "multiple_of"),
}
_LENGTHS: Mapping[str, tuple[str, str, str, str]] = {
    "too_short": ("must have at least", "min_length", "entry", "entries"),
    "too_long": ("must have at most", "max_length", "entry", "entries"),
    "string_too_short": ("must have at least", "min_length", "character", "characters"),
    "string_too_long": ("must have at most", "max_length", "character", "characters"),
}
_PARTS: dict[str, type[BaseModel]] = {
    "schedules": ScheduleWindow,
    "override": OverrideBounds,
    "pause": PauseScaling,
    "no_data": NoDataCount,
    "notify": Notify,
    "new_relic": NewRelicTarget,
    "webhook": WebhookTarget,
}


def field_errors(errors: Iterable[Mapping[str, Any]], noun: str = "field") -> list[FieldError]:
    """Return pydantic's errors as fields with sentences of ours, one for each field.

    Args:
        errors: The errors of a validation.
        noun: What an unknown name should have been: a field, or a setting.
    """
    located = [(_path(error["loc"]), error) for error in errors]
    names = [".".join(path) for path, _ in located]
    sentences: dict[str, list[str]] = {}
    for name, (path, error) in zip(names, located, strict=True):
        # A value of several forms has an error for each. Where one of them is inside the value,
        # that it could also be a word such as "none" does not help.
        if error["type"] == "literal_error" and any(one.startswith(f"{name}.") for one in names):
            continue
        sentence = _sentence(error, path, noun)
        said = sentences.setdefault(name, [])
        if sentence not in said:
            said.append(sentence)
    return [FieldError(name, _joined(alternatives)) for name, alternatives in sentences.items()]


def _path(location: Sequence[str | int]) -> list[str]:
    """Return the field's path as a client writes it, without the request's part or a union's."""
    parts = list(location[1:] if location and location[0] in _OUTER else location)
    return [
        str(part)
        for part in parts
        if isinstance(part, int) or (part not in _BRANCHES and part.islower() and "[" not in part)
    ]


def _sentence(error: Mapping[str, Any], path: Sequence[str], noun: str) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if not path and kind in {"missing", "model_type", "model_attributes_type", "dict_type"}:
        return _BODY
    if kind in _LIMITS:
        words, limit = _LIMITS[kind]
        return f"{words} {_amount(context[limit], path)}"
    if kind in _LENGTHS:
        words, limit, one, many = _LENGTHS[kind]
        return f"{words} {counted(context[limit], one, many)}"
    if kind == "extra_forbidden":
        near = nearest_name(path) if path else None
        return f"is not a known {noun}" + (f"; did you mean {near}?" if near else "")
    return _from_context(kind, context) or _SENTENCES.get(kind, "is not valid")


def _from_context(kind: str, context: Mapping[str, Any]) -> str:
    if kind in {"literal_error", "enum"}:
        return _MUST_BE + str(context["expected"]).replace("'", "")
    if kind == "string_pattern_mismatch":
        return PATTERN_MESSAGES.get(context["pattern"], f"must match {context['pattern']}")
    return str(context["error"]) if kind == "value_error" else ""


def _amount(limit: float, path: Sequence[str]) -> str:
    """Write a limit with its unit; times are the settings whose numbers are easily misread."""
    number = f"{limit:.0f}" if float(limit).is_integer() else f"{limit:g}"
    entry = SETTINGS.get(path[0]) if len(path) == 1 else None
    return f"{number} s" if entry is not None and entry.unit == "s" else number


def _joined(alternatives: Sequence[str]) -> str:
    """Join what a value may be, as in "must be a number or none"."""
    if len(alternatives) == 1:
        return alternatives[0]
    if not all(one.startswith(_MUST_BE) and ";" not in one for one in alternatives):
        return "; or ".join(alternatives)
    *others, last = (one.removeprefix(_MUST_BE) for one in alternatives)
    return f"{_MUST_BE}{', '.join(others)} or {last}"


def nearest_name(path: Sequence[str]) -> str | None:
    """Return the known name that a wrong one, at the end of its path, probably stands for.

    >>> nearest_name(["minimun_dynos"]), nearest_name(["max"]), nearest_name(["override", "till"])
    ('minimum_dynos', 'maximum_dynos', 'until')
    """
    inside = [_PARTS[name] for name in path[:-1] if name in _PARTS]
    known = list((inside[-1] if inside else SettingsValues).model_fields)
    wrong = path[-1][:_LONGEST_NAME].lower()
    close = get_close_matches(wrong, known, n=1)
    is_long = len(wrong) >= _SHORTEST_PART
    related = [name for name in known if is_long and (wrong in name or name in wrong)]
    names = [name for name in close or sorted(related, key=len) if name != path[-1]]
    return names[0] if names else None
