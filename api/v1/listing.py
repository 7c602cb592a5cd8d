"""Lists: whose rows, of which time, which fields, in which pages, and exports of all of them.

A cursor stands for the last row shown, by its time and its id, so that a page goes on where the
previous one ended whatever was added meanwhile. An export streams rows from a cursor inside the
database over a connection of its own; few may run at the same time, so that pages always find one.
"""

import base64
import binascii
import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from threading import BoundedSemaphore
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi.responses import StreamingResponse
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from sqlalchemy import Engine, RowMapping, Select
from sqlmodel import Session

from guv.apps.queries import find_app
from guv.errors import FieldError, Invalid, Unavailable
from guv.roles.queries import find_roles
from guv.settings.field_types import (
    STORABLE,
    RoleName,
    known_zone,
    restore_plus,
    within_calendar,
)
from guv.tenants.models import Tenant

MOST_DIGITS = 18  # of a row's id, which is a 64-bit integer in PostgreSQL
Place = tuple[datetime, str]


def cursor_of(at: datetime, id_: object) -> str:
    """Make the cursor of a row."""
    text = json.dumps([at.isoformat(), str(id_)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str) -> Place:
    """Return the time and the id in a cursor.

    Raises:
        Invalid: The cursor is malformed.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, id_ = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        place = datetime.fromisoformat(at), str(id_)
    except (binascii.Error, UnicodeDecodeError, ValueError, TypeError):
        raise bad_cursor() from None
    if place[0].tzinfo is None:
        raise bad_cursor()
    return place


def bad_cursor() -> Invalid:
    """Make the error for a malformed cursor."""
    message = "is not a cursor; use next_cursor of the previous page, or leave it out"
    return Invalid("The cursor is malformed.", [FieldError("cursor", message)])


def row_of(cursor: str) -> tuple[datetime, int]:
    """Return the time and the numeric id in a cursor.

    Raises:
        Invalid: The cursor is malformed.
    """
    at, id_ = place_of(cursor)
    if not (id_.isdecimal() and id_.isascii() and len(id_) <= MOST_DIGITS):
        raise bad_cursor()
    return at, int(id_)


def place_with_uuid(cursor: str) -> tuple[datetime, UUID]:
    """Return the time and the UUID in a cursor.

    Raises:
        Invalid: The cursor is malformed.
    """
    at, id_ = place_of(cursor)
    try:
        return at, UUID(id_)
    except ValueError:
        raise bad_cursor() from None


Name = Annotated[str, Field(max_length=100, pattern=STORABLE)]
Limit = Annotated[int, Field(ge=1, le=200)]
Time = Annotated[datetime, BeforeValidator(restore_plus), AfterValidator(within_calendar)]
Cursor = Annotated[str, Field(max_length=300)]


class RoleChoice(BaseModel):
    """The rows of an app or a role; without a name, of all."""

    model_config = ConfigDict(extra="forbid")

    app: Name | None = Field(
        None, description="An app's name, or Heroku's UUID of it", examples=["shop"]
    )
    role: RoleName | None = Field(None, description="A role's name", examples=["worker"])


class RoleRange(RoleChoice):
    """The rows of an app or a role in a time range."""

    timezone: Annotated[str, AfterValidator(known_zone)] | None = Field(
        None,
        max_length=60,
        description="IANA name of the zone that `from` and `to` without an offset are in",
        examples=["Europe/Berlin"],
    )
    since: Time | None = Field(
        None,
        alias="from",
        description="Start: with an offset, or local with `timezone`; a date is midnight",
        examples=["2026-11-25T10:00:00Z"],
    )
    until: Time | None = Field(
        None, alias="to", description="End, not included", examples=["2026-11-26T10:00:00Z"]
    )

    @field_validator("since", "until")
    @classmethod
    def _in_zone(cls, at: datetime | None, info: ValidationInfo) -> datetime | None:
        zone = info.data.get("timezone")
        if at is None or at.tzinfo is not None:
            return at
        if zone is None:
            raise ValueError("must have an offset, such as Z, or timezone must be set")
        return at.replace(tzinfo=ZoneInfo(zone))

    @field_validator("until")
    @classmethod
    def _after_since(cls, until: datetime | None, info: ValidationInfo) -> datetime | None:
        since = info.data.get("since")
        if until is not None and since is not None and since >= until:
            raise ValueError("must be after from")
        return until


def chosen_roles(
    session: Session, tenant: Tenant, app: str | None, role: str | None
) -> Sequence[UUID] | None:
    """Return the ids of an app's and a name's roles; None: neither is given, so all.

    Raises:
        NotFound: The tenant has no such app, or never had such a role.
    """
    if app is None and role is None:
        return None
    app_row = find_app(session, tenant, app) if app is not None else None
    return find_roles(session, tenant, app_row, role)


def wanted_fields(text: str | None, known: Sequence[str]) -> list[str]:
    """Parse a comma-separated list of fields; [] stands for all.

    Raises:
        Invalid: A field is not known.
    """
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Invalid(
            "Some of these fields are not known.", [_unknown(name, known) for name in unknown]
        )
    return list(dict.fromkeys(names))


def pick(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return a row's chosen fields, nested as they were; all fields where none is chosen."""
    if not names:
        return dict(row)
    picked: dict[str, Any] = {}
    for name in names:
        outer, _, inner = name.partition(".")
        if not inner:
            picked[outer] = row[outer]
        elif not isinstance(picked.get(outer), dict) or outer not in names:
            picked.setdefault(outer, {})[inner] = (row[outer] or {}).get(inner)
    return picked


def flat(row: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    """Return a row's fields as cells of CSV: nested ones as JSON, unknown ones empty."""
    return [_cell(_value(row, name)) for name in names]


def _value(row: Mapping[str, Any], name: str) -> Any:
    outer, _, inner = name.partition(".")
    return (row[outer] or {}).get(inner) if inner else row[outer]


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else value


def _unknown(name: str, known: Sequence[str]) -> FieldError:
    close = get_close_matches(name[:60], known, n=1)
    advice = f"; did you mean {close[0]}?" if close else ""
    return FieldError("fields", f"has the unknown field {name[:60]!r}{advice}")


MOST_EXPORTS = 4  # at once in a process, each with a database connection of its own
ROWS_AT_ONCE = 500  # in memory during an export
MEDIA = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
_free = BoundedSemaphore(MOST_EXPORTS)


@dataclass(frozen=True, slots=True)
class Export:
    """An export of rows.

    Attributes:
        name: The file's name without its extension.
        query: Chooses and orders the rows.
        shape: Converts a row to an answer.
        names: The chosen fields, which are the columns of CSV; [] for all fields in NDJSON.
    """

    name: str
    query: Select[Any]
    shape: Callable[[RowMapping], dict[str, Any]]
    names: Sequence[str]


def stream(engine: Engine, export: Export, kind: str) -> StreamingResponse:
    """Stream all rows as CSV or NDJSON.

    Raises:
        Unavailable: Too many exports are running.
    """
    if not _free.acquire(blocking=False):
        raise Unavailable(f"{MOST_EXPORTS} exports are running. Try again when one is done.")
    lines = _csv(export) if kind == "csv" else _ndjson(export)
    headers = {"Content-Disposition": f'attachment; filename="{export.name}.{kind}"'}
    return StreamingResponse(
        _guarded(engine, export, lines), media_type=MEDIA[kind], headers=headers
    )


def _guarded(
    engine: Engine, export: Export, lines: Callable[[Sequence[dict[str, Any]]], str]
) -> Iterator[str]:
    try:
        yield lines([])
        yield from (lines(rows) for rows in parts(engine, export))
    finally:
        _free.release()


def parts(engine: Engine, export: Export) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows as answers, `ROWS_AT_ONCE` at a time."""
    with engine.connect() as connection:
        streaming = connection.execution_options(yield_per=ROWS_AT_ONCE)
        for rows in streaming.execute(export.query).mappings().partitions():
            yield [export.shape(row) for row in rows]


def _csv(export: Export) -> Callable[[Sequence[dict[str, Any]]], str]:
    """Make a formatter for CSV; for no rows it returns the header."""

    def lines(rows: Sequence[dict[str, Any]]) -> str:
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        writer.writerows(
            [flat(row, export.names) for row in rows] if rows else [list(export.names)]
        )
        return buffer.getvalue()

    return lines


def _ndjson(export: Export) -> Callable[[Sequence[dict[str, Any]]], str]:
    def lines(rows: Sequence[dict[str, Any]]) -> str:
        return "".join(f"{json.dumps(pick(row, export.names))}\n" for row in rows)

    return lines
