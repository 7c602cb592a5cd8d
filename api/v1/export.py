"""How does a month of rows leave guv? Line by line, from a cursor inside the database.

An export has a connection of its own until its last line; few may run at the same time, so that
pages always find one.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any

from fastapi.responses import StreamingResponse
from sqlalchemy import Engine, RowMapping, Select

from api.v1.field_selection import flat, pick
from guv.errors import Unavailable

MOST_EXPORTS = 4  # at once in a process
ROWS_AT_ONCE = 500
MEDIA = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
_free = BoundedSemaphore(MOST_EXPORTS)


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be streamed.

    Attributes:
        name: The file's name without its ending.
        query: Chooses and orders the rows.
        shape: Makes an answer of a row.
        names: The fields wanted, and the columns of CSV; [] for all of NDJSON.
    """

    name: str
    query: Select[Any]
    shape: Callable[[RowMapping], dict[str, Any]]
    names: Sequence[str]


def stream(engine: Engine, export: Export, kind: str) -> StreamingResponse:
    """The rows as CSV or NDJSON, as many as there are.

    Raises:
        Unavailable: Too many exports run already.
    """
    if not _free.acquire(blocking=False):
        raise Unavailable(f"{MOST_EXPORTS} exports are running. Try again when one has ended.")
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
    """The rows as answers, a few hundred at a time; no more are ever in memory."""
    with engine.connect() as connection:
        streaming = connection.execution_options(yield_per=ROWS_AT_ONCE)
        for some in streaming.execute(export.query).mappings().partitions():
            yield [export.shape(row) for row in some]


def _csv(export: Export) -> Callable[[Sequence[dict[str, Any]]], str]:
    """Lines of CSV; the header where there are no rows."""

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
