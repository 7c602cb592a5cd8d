"""Which field is wrong, and what would be right? Validation errors in words of the API."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

from guv.errors import FieldError
from guv.scaling.formatting import counted
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
from guv.settings.schema import SettingsValues

_OUTER = frozenset({"body", "query", "path", "header"})
_FORMS = frozenset(
    {"bool", "float", "int", "constrained-str", "constrained-float", "constrained-int"}
)
_SHOULD = "Input should "  # as pydantic begins most of its messages
_OBJECTS = ("model_attributes_type", "dict_type", "model_type")
_WHOLE = {  # what is wrong with the body as a whole
    "missing": "a JSON object is needed as the body, with Content-Type: application/json",
    **dict.fromkeys(
        _OBJECTS, "the body must be a JSON object, sent with Content-Type: application/json"
    ),
}
_KINDS = {
    "list_type": "must be a list, such as [...]",
    "missing": "is needed",
    "timezone_aware": "needs an offset from UTC, such as Z or +01:00",
    **dict.fromkeys(_OBJECTS, "must be an object, such as {...}"),
}
_LENGTHS = {  # what is too short or too long, and what its length counts
    "too_short": ("at least", "min_length", "entry", "entries"),
    "too_long": ("at most", "max_length", "entry", "entries"),
    "string_too_short": ("at least", "min_length", "character", "characters"),
    "string_too_long": ("at most", "max_length", "character", "characters"),
}

_LEAST = 3  # letters that say enough to look for names that contain them
_MOST = 60  # letters of a name that are worth comparing
_PARTS: dict[str, type[BaseModel]] = {
    "schedules": ScheduleWindow,
    "override": OverrideBounds,
    "pause": PauseScaling,
    "no_data": NoDataCount,
    "notify": Notify,
    "new_relic": NewRelicTarget,
    "webhook": WebhookTarget,
}


def field_errors(errors: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """The errors of pydantic as fields and messages, one a field, in their order.

    A value that may have several forms has an error for each; their messages are joined. Where
    the error is inside of it, that it is no word such as "none" is no help, and left out.
    """
    found: dict[str, list[str]] = {}
    all_ = list(errors)
    fields = [".".join(_path(error["loc"])) for error in all_]
    for error, name in zip(all_, fields, strict=True):
        if error["type"] == "literal_error" and any(one.startswith(f"{name}.") for one in fields):
            continue
        path = _path(error["loc"])
        messages = found.setdefault(".".join(path), [])
        message = _message(error, path)
        if message not in messages:
            messages.append(message)
    return [FieldError(field, "; or ".join(messages)) for field, messages in found.items()]


def _path(location: Sequence[str | int]) -> list[str]:
    """The field's path as a client writes it: without where it came in and which form was tried."""
    parts = list(location[1:] if location and location[0] in _OUTER else location)
    return [str(part) for part in parts if isinstance(part, int) or _is_name(part)]


def _is_name(part: str) -> bool:
    """Whether it is a name of ours, and not pydantic's word for one form of a union."""
    return part not in _FORMS and part.islower() and "[" not in part


def _length(error: Mapping[str, Any]) -> str:
    which, name, one, many = _LENGTHS[error["type"]]
    return f"must have {which} {counted(error['ctx'][name], one, many)}"


def _message(error: Mapping[str, Any], path: Sequence[str]) -> str:
    kind, name = error["type"], path[-1] if path else None
    if kind == "extra_forbidden":
        near = nearest_name(path) if name else None
        return f"is no known name; did you mean {near}?" if near else "is no known name"
    if name is None and kind in _WHOLE:
        return _WHOLE[kind]
    if kind == "string_pattern_mismatch":
        return PATTERN_MESSAGES.get(
            error["ctx"]["pattern"], f"must match {error['ctx']['pattern']}"
        )
    if kind in _LENGTHS:
        return _length(error)
    said = str(error["msg"]).removeprefix("Value error, ")
    other = f"must {said.removeprefix(_SHOULD)}" if said.startswith(_SHOULD) else said
    return _KINDS.get(kind, other)


def nearest_name(path: Sequence[str]) -> str | None:
    """The known name that the wrong one at the end of the path probably stands for, or None.

    >>> nearest_name(["minimun_dynos"]), nearest_name(["max"]), nearest_name(["override", "till"])
    ('minimum_dynos', 'maximum_dynos', 'until')
    """
    inside = [_PARTS[name] for name in path[:-1] if name in _PARTS]
    known = list((inside[-1] if inside else SettingsValues).model_fields)
    wrong = path[-1][:_MOST].lower()
    close = get_close_matches(wrong, known, n=1)
    related = [one for one in known if len(wrong) >= _LEAST and (wrong in one or one in wrong)]
    found = [one for one in close or sorted(related, key=len) if one != path[-1]]
    return found[0] if found else None
