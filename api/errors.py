"""What does a client hear when something is wrong? One form, in Heroku's own words.

`{"id": "invalid_params", "message": "...", "fields": [{"field": "...", "message": "..."}]}`;
`fields` is empty where no field is to blame. What was sent is never repeated in a message.
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
    """One field that cannot be accepted."""

    field: str = Field(description="Path of the field, such as schedules.0.start")
    message: str = Field(description="What is wrong, and what would be right")


class ErrorBody(BaseModel):
    """The form of every error."""

    id: str = Field(description="A word for programs", examples=["invalid_params"])
    message: str = Field(description="A sentence for people")
    fields: list[FieldFault] = Field(description="The fields to blame, where there are any")


def fault_of(error: FieldError) -> FieldFault:
    """The error as clients see it."""
    return FieldFault(field=error.field, message=error.message)


def error_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entries of a route for these statuses."""
    return {status: {"model": ErrorBody} for status in statuses}


Handler = Callable[..., Awaitable[JSONResponse]]
Shape = Callable[[Request, JSONResponse], Response]


def install_error_handlers(app: FastAPI, as_page: Shape) -> None:
    """Nothing; every error of the app is answered in the one form, or as a page to a person.

    Args:
        app: Gets the handlers.
        as_page: Makes a page of an answer where a person would see it.
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
    """An error in the one form, its message masked."""
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
    if any(one["type"] == "json_invalid" for one in error.errors()):
        return error_answer(400, "bad_request", "The body is no JSON.")
    found = field_errors(error.errors())
    named = ", ".join(one.field for one in found if one.field)
    message = f"These cannot be accepted: {named}." if named else "The request cannot be accepted."
    return await _guv_error(request, Invalid(message, found))


async def _http_error(request: Request, error: HTTPException) -> JSONResponse:
    id_ = _IDS.get(error.status_code, "error")
    message = {
        404: f"There is no {request.url.path}.",
        405: f"{request.method} is not possible on {request.url.path}.",
    }.get(error.status_code, f"{error.detail}.".replace("..", "."))
    answer = error_answer(error.status_code, id_, message)
    answer.headers.update(error.headers or {})
    return answer


async def _unstorable(request: Request, _error: DataError) -> JSONResponse:
    message = "A value holds a character or a number that cannot be stored."
    return await _guv_error(request, Invalid(message))


async def _database_away(request: Request, _error: Exception) -> JSONResponse:
    message = "guv's database does not answer. Try again in a moment."
    return await _guv_error(request, Unavailable(message))
