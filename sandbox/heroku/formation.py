"""How a formation changes: what may be asked for, what is refused, which dynos start and stop."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sandbox.heroku import errors
from sandbox.heroku.model import SIZES, App, Dyno, ProcessType

_LIMIT_PER_APP = {"Standard": 100}
_LIMIT_PER_TYPE = {"Eco": 1, "Basic": 1, "Performance": 10, "Private": 10}


@dataclass(frozen=True, slots=True)
class Change:
    """One process type with the quantity and the size that it shall have."""

    process: ProcessType
    quantity: int
    size: str


def read_changes(app: App, updates: Sequence[Mapping[str, Any]]) -> list[Change]:
    """Read the updates of a request, checked as one whole.

    Raises:
        Refusal: One of them cannot be done; nothing may be changed then.
    """
    if app.locked:
        raise errors.locked()
    changes = [_read_change(app, update) for update in updates]
    for change in changes:
        _refuse_above_limit(app, change, changes)
    return changes


def apply(app: App, change: Change, now: datetime) -> None:
    """Start the missing dynos with the next numbers, or stop those with the highest."""
    process = change.process
    del process.dynos[change.quantity :]
    for number in range(process.quantity + 1, change.quantity + 1):
        process.dynos.append(Dyno(uuid4(), process.name, number, now, now + app.boot_delay))
    process.size = change.size
    process.updated_at = now


def _read_change(app: App, update: Mapping[str, Any]) -> Change:
    name = str(update.get("type", ""))
    process = app.find_type(name)
    if process is None:
        raise errors.no_process_type(name)
    quantity = _read_quantity(update.get("quantity", process.quantity), process.quantity)
    return Change(process, quantity, _read_size(update, process.size))


def _read_quantity(wanted: Any, current: int) -> int:
    """Read an absolute number, or a step such as "+1"; Heroku takes numbers as text, too."""
    if isinstance(wanted, bool) or not re.fullmatch(r"[+-]?\d{1,6}", str(wanted)):
        raise errors.invalid("Invalid quantity: must be a number.")
    relative = isinstance(wanted, str) and wanted[0] in "+-"
    quantity = int(wanted) + (current if relative else 0)
    if quantity < 0:
        raise errors.invalid("Invalid quantity: must be at least 0.")
    return quantity


def _read_size(update: Mapping[str, Any], current: str) -> str:
    wanted = update.get("dyno_size", update.get("size", current))
    name = wanted.get("name") if isinstance(wanted, Mapping) else wanted
    for size in SIZES:
        if str(name).lower() == size.lower():
            return size
    known = ", ".join(SIZES)
    raise errors.invalid(f"No such size as {name}. Available dyno sizes are {known}.")


def _refuse_above_limit(app: App, change: Change, changes: Sequence[Change]) -> None:
    """Refuse growth above the limit; a formation that is above it may shrink."""
    if change.quantity <= change.process.quantity and change.size == change.process.size:
        return
    family = change.size.partition("-")[0]
    per_type = app.limit if app.limit is not None else _LIMIT_PER_TYPE.get(family)
    if per_type is not None and change.quantity > per_type:
        raise errors.above_limit(per_type, change.size)
    wanted = {process.name: process.quantity for process in app.types.values()}
    wanted |= {other.process.name: other.quantity for other in changes}
    per_app = _LIMIT_PER_APP.get(family)
    if per_app is not None and sum(wanted.values()) > per_app:
        raise errors.above_limit(per_app, change.size)
