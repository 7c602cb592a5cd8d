"""Form of a schedule's time windows, one row a window; empty rows are ignored."""

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
    """A time window in the form.

    Attributes:
        days: Weekdays on which it starts; 0 is Monday.
        texts: Texts of the other fields by name.
        faults: Messages about its fields.
    """

    days: tuple[int, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    faults: Sequence[str] = ()

    def text(self, name: str) -> str:
        """Return the text of a field."""
        return self.texts.get(name, "")

    @property
    def is_empty(self) -> bool:
        """Whether nothing but the time zone is filled in, which has a default."""
        return not self.days and not any(
            text for name, text in self.texts.items() if name != "timezone"
        )


def row_of(window: Mapping[str, Any]) -> Row:
    """Fill in the row of a stored window."""
    texts = {name: str(window[name]) for name in TEXTS if window.get(name) is not None}
    return Row(tuple(window.get("days") or ()), texts)


def read_rows(form: FormData) -> list[Row]:
    """Read the filled-in rows in order, without those to remove."""
    count = min(int(text) if (text := text_of(form, "rows")).isdecimal() else 0, MOST_ROWS)
    rows = [_read(form, index) for index in range(count) if not text_of(form, f"remove.{index}")]
    return [row for row in rows if not row.is_empty]


def windows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Build the windows of the rows, not yet validated.

    Raises:
        Invalid: A number is not whole; the field is named like `schedules.0.dynos`.
    """
    return [_window(row, index) for index, row in enumerate(rows)]


def with_faults(rows: Sequence[Row], faults: Mapping[str, str]) -> list[Row]:
    """Add faults to the rows; `faults` is keyed by paths such as schedules.0.start."""
    by_row: dict[int, list[str]] = {}
    for path, message in faults.items():
        parts = path.split(".")
        if parts[0] == "schedules" and len(parts) > 1 and parts[1].isdecimal():
            by_row.setdefault(int(parts[1]), []).append(f"{' '.join(parts[2:])} {message}".strip())
    return [replace(row, faults=by_row.get(index, ())) for index, row in enumerate(rows)]


def _read(form: FormData, index: int) -> Row:
    texts = {name: text for name in TEXTS if (text := text_of(form, f"{name}.{index}"))}
    days = {int(day) for day in form.getlist(f"days.{index}") if day in set("0123456")}
    return Row(tuple(sorted(days)), texts)


def _window(row: Row, index: int) -> dict[str, Any]:
    counts = {
        name: whole_number(row.text(name), f"schedules.{index}.{name}")
        for name in COUNTS
        if row.text(name)
    }
    texts = {name: text for name, text in row.texts.items() if name not in COUNTS}
    return {"days": list(row.days), **texts, **counts}
