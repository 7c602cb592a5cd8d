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

from guv.errors import (
    FieldError,
    GuvError,
    Invalid,
    Unauthorized,
    Unavailable,
    first_reason,
)
from guv.logging import mask
from guv.settings.field_errors import field_errors
from guv.settings.schema import SettingsValues

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
        fields=[fault_of(field) for field in fields],
    )
    return JSONResponse(body.model_dump(), status)


async def _guv_error(_request: Request, error: GuvError) -> JSONResponse:
    answer = error_answer(error.status, error.id, error.message, error.fields)
    if isinstance(error, Unauthorized):
        answer.headers["WWW-Authenticate"] = 'Basic realm="guv"'
    return answer


async def _invalid_request(request: Request, error: RequestValidationError) -> JSONResponse:
    errors = error.errors()
    for one in errors:
        if one["type"] == "json_invalid":
            place = _place(error.body, one["loc"][-1])
            return error_answer(400, "bad_request", f"The body is not valid JSON{place}.")
    fields = field_errors(errors, "setting" if _takes_settings(request) else "field")
    return await _guv_error(request, Invalid(first_reason(fields), fields))


def _place(body: object, position: object) -> str:
    """Return the line and column of a position in a text, where both are known."""
    if not isinstance(body, str) or not isinstance(position, int):
        return ""
    before = body[:position]
    column = position - (before.rfind("\n") + 1) + 1
    return f" (line {before.count(chr(10)) + 1}, column {column})"


def _takes_settings(request: Request) -> bool:
    """Whether the body of the request's route is a level of settings."""
    body = getattr(request.scope.get("route"), "body_field", None)
    return getattr(getattr(body, "field_info", None), "annotation", None) is SettingsValues


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
