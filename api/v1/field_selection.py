"""Which fields of a row are wanted? Named with dots, such as sample.messages_ready."""

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from guv.errors import FieldError, Invalid


def wanted_fields(text: str | None, known: Sequence[str]) -> list[str]:
    """The fields that a comma-separated text names; [] where it is None: all.

    Raises:
        Invalid: It names one that there is not.
    """
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Invalid("There are no such fields.", [_unknown(name, known) for name in unknown])
    return list(dict.fromkeys(names))


def pick(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The row with only those fields, nested as they were; the whole row where none is named."""
    if not names:
        return dict(row)
    found: dict[str, Any] = {}
    for name in names:
        outer, _, inner = name.partition(".")
        if not inner:
            found[outer] = row[outer]
        elif not isinstance(found.get(outer), dict) or outer not in names:
            found.setdefault(outer, {})[inner] = (row[outer] or {}).get(inner)
    return found


def flat(row: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    """The values of those fields for a line of CSV; what is nested as JSON, unknown as empty."""
    return [_cell(_value(row, name)) for name in names]


def _value(row: Mapping[str, Any], name: str) -> Any:
    outer, _, inner = name.partition(".")
    return (row[outer] or {}).get(inner) if inner else row[outer]


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else value


def _unknown(name: str, known: Sequence[str]) -> FieldError:
    near = get_close_matches(name[:60], known, n=1)
    advice = f"; did you mean {near[0]}?" if near else ""
    return FieldError("fields", f"{name[:60]!r} is none{advice}")
