"""Which windows did a person fill in? A row of the form for each; an empty row is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.datastructures import FormData

from api.dashboard.forms.validation import whole_number
from api.dependencies import field as text_of

MOST_ROWS = 100
COUNTS = ("minimum_dynos", "maximum_dynos", "dynos")
TEXTS = ("date", "start", "end", "timezone", *COUNTS)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Row:
    """One window as it stands in the form.

    Attributes:
        days: Weekdays on which it begins; 0 is Monday.
        texts: What the other fields hold, by name.
        faults: What is wrong, each with its field.
    """

    days: tuple[int, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    faults: Sequence[str] = ()

    def text(self, name: str) -> str:
        """What a field holds."""
        return self.texts.get(name, "")

    @property
    def is_empty(self) -> bool:
        """Whether nothing was filled in but the zone, which is there from the beginning."""
        return not self.days and not any(
            text for name, text in self.texts.items() if name != "timezone"
        )


def row_of(window: Mapping[str, Any]) -> Row:
    """The row of a window that is set."""
    texts = {name: str(window[name]) for name in TEXTS if window.get(name) is not None}
    return Row(tuple(window.get("days") or ()), texts)


def read_rows(form: FormData) -> list[Row]:
    """The rows that were filled in and are not to be removed, in their order."""
    count = min(int(text) if (text := text_of(form, "rows")).isdecimal() else 0, MOST_ROWS)
    rows = [_read(form, index) for index in range(count) if not text_of(form, f"remove.{index}")]
    return [row for row in rows if not row.is_empty]


def windows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The windows that the rows ask for, to be validated.

    Raises:
        Invalid: A count is no whole number; the field is named as `schedules.0.dynos`.
    """
    return [_window(row, index) for index, row in enumerate(rows)]


def with_faults(rows: Sequence[Row], faults: Mapping[str, str]) -> list[Row]:
    """The rows with what is wrong in each; `faults` are by path, such as schedules.0.start."""
    found: dict[int, list[str]] = {}
    for path, message in faults.items():
        parts = path.split(".")
        if parts[0] == "schedules" and len(parts) > 1 and parts[1].isdecimal():
            found.setdefault(int(parts[1]), []).append(f"{' '.join(parts[2:])} {message}".strip())
    return [replace(row, faults=found.get(index, ())) for index, row in enumerate(rows)]


def _read(form: FormData, index: int) -> Row:
    texts = {name: text for name in TEXTS if (text := text_of(form, f"{name}.{index}"))}
    days = {int(one) for one in form.getlist(f"days.{index}") if one in set("0123456")}
    return Row(tuple(sorted(days)), texts)


def _window(row: Row, index: int) -> dict[str, Any]:
    counts = {
        name: whole_number(row.text(name), f"schedules.{index}.{name}")
        for name in COUNTS
        if row.text(name)
    }
    texts = {name: text for name, text in row.texts.items() if name not in COUNTS}
    return {"days": list(row.days), **texts, **counts}
