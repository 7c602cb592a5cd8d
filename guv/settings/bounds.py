"""Can the bounds of a window work with those that hold beside it? Judged for every window alone."""

from collections.abc import Mapping
from typing import Any

from guv.errors import FieldError

Bounds = Mapping[str, Any]


def crossed_bounds(values: Bounds) -> list[FieldError]:
    """Windows and counts that the other settings contradict, with what would be right."""
    found = []
    for index, window in enumerate(values["schedules"]):
        found += crossed(f"schedules.{index}", window, values)
    no_data, most = values["no_data"], values["maximum_dynos"]
    if isinstance(no_data, Mapping) and no_data["dynos"] > most:
        message = (
            f"is {no_data['dynos']}, above maximum_dynos {most}; at most {most} would be right"
        )
        found.append(FieldError("no_data.dynos", message))
    return found


def crossed(where: str, own: Bounds, values: Bounds) -> list[FieldError]:
    """The fault of bounds of which only one is named, where the other one contradicts it.

    Args:
        where: Path of the bounds.
        own: The bounds; None where they name none.
        values: The settings, whose bounds hold where `own` names none.
    """
    low, high = own.get("minimum_dynos"), own.get("maximum_dynos")
    if own.get("dynos") is not None or (low is None) == (high is None):
        return []
    if low is not None and low > values["maximum_dynos"]:
        return [_fault(f"{where}.minimum_dynos", f"{low}, above", "maximum_dynos", values)]
    if high is not None and high < values["minimum_dynos"]:
        return [_fault(f"{where}.maximum_dynos", f"{high}, below", "minimum_dynos", values)]
    return []


def _fault(field: str, beyond: str, other: str, values: Bounds) -> FieldError:
    message = f"is {beyond} {other} {values[other]} of the settings; give {other} here as well"
    return FieldError(field, message)
