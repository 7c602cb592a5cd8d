"""Error responses: one form for every error, in Heroku's own words.

`{"id": "invalid_params", "message": "...", "fields": [{"field": "...", "message": "..."}]}`;
`fields` is empty where no field is to blame. A message never repeats what was sent.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from guv.errors import FieldError, GuvError, Invalid, Unauthorized, Unavailable
from guv.logging import mask
from guv.settings.field_errors import field_errors

_IDS = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    415: "unsupported_media_type",
}


class FieldFault(BaseModel):
    """A field that cannot be accepted."""

    field: str = Field(description="Path of the field, such as schedules.0.start")
    message: str = Field(description="What is wrong, and what would be right")


class ErrorBody(BaseModel):
    """The body of every error response."""

    id: str = Field(description="Identifies the kind of error", examples=["invalid_params"])
    message: str = Field(description="What is wrong, as a sentence")
    fields: list[FieldFault] = Field(description="The fields at fault; [] if none is")


def fault_of(error: FieldError) -> FieldFault:
    """Convert a field error to its form in a response."""
    return FieldFault(field=error.field, message=error.message)


def error_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of a route for these statuses."""
    return {status: {"model": ErrorBody} for status in statuses}


Handler = Callable[..., Awaitable[JSONResponse]]
Shape = Callable[[Request, JSONResponse], Response]


def install_error_handlers(app: FastAPI, as_page: Shape) -> None:
    """Answer every error in the one form, or with a page where a person would see it.

    Args:
        app: Gets the handlers.
        as_page: Turns a response into a page for requests of a browser.
    """
    handlers: dict[type[Exception], Handler] = {
        GuvError: _guv_error,
        RequestValidationError: _invalid_request,
        HTTPException: _http_error,
        DataError: _unstorable,
        OperationalError: _database_away,
        PoolTimeout: _database_away,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, _shaped(handler, as_page))


def _shaped(handler: Handler, as_page: Shape) -> Callable[[Request, Any], Awaitable[Response]]:
    async def shaped(request: Request, error: Exception) -> Response:
        return as_page(request, await handler(request, error))

    return shaped


def error_answer(
    status: int, id_: str, message: str, fields: Sequence[FieldError] = ()
) -> JSONResponse:
    """Make an error response, its message masked."""
    body = ErrorBody(
        id=id_,
        message=mask(message),
        fields=[fault_of(one) for one in fields],
    )
    return JSONResponse(body.model_dump(), status)


async def _guv_error(_request: Request, error: GuvError) -> JSONResponse:
    answer = error_answer(error.status, error.id, error.message, error.fields)
    if isinstance(error, Unauthorized):
        answer.headers["WWW-Authenticate"] = 'Basic realm="guv"'
    return answer


async def _invalid_request(request: Request, error: RequestValidationError) -> JSONResponse:
    errors = error.errors()
    malformed = next((one for one in errors if one["type"] == "json_invalid"), None)
    if malformed is not None:
        message = _not_json(str(error.body or ""), int(malformed["loc"][-1]))
        return error_answer(400, "bad_request", message)
    fields = field_errors(errors)
    return await _guv_error(request, Invalid(_first_reason(fields), fields))


def _not_json(text: str, position: int) -> str:
    before = text[:position]
    line, column = before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
    return f"The body is not valid JSON (line {line}, column {column})."


def _first_reason(fields: Sequence[FieldError]) -> str:
    """Return the first reason as a sentence, with the number of further ones."""
    first, more = fields[0], len(fields) - 1
    reason = (
        f"{first.field} {first.message}"
        if first.field
        else f"The request cannot be accepted: {first.message}"
    )
    return reason.removesuffix(".") + (f" (and {more} more)." if more else ".")


async def _http_error(request: Request, error: HTTPException) -> JSONResponse:
    id_ = _IDS.get(error.status_code, "error")
    message = {
        404: f"{request.url.path} does not exist.",
        405: f"{request.method} is not allowed on {request.url.path}.",
    }.get(error.status_code, f"{error.detail}.".replace("..", "."))
    answer = error_answer(error.status_code, id_, message)
    answer.headers.update(error.headers or {})
    return answer


async def _unstorable(request: Request, _error: DataError) -> JSONResponse:
    message = "A value contains a character or a number that cannot be stored."
    return await _guv_error(request, Invalid(message))


async def _database_away(request: Request, _error: Exception) -> JSONResponse:
    message = "guv's database does not answer. Try again in a moment."
    return await _guv_error(request, Unavailable(message))
