"""Validation of forms, and the refusal that a page shows with the form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as part
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData

from api.dependencies import field
from guv.errors import BadRequest, Conflict, FieldError, GuvError, Invalid, PreconditionFailed
from guv.settings.field_errors import field_errors
from guv.settings.field_models import PauseScaling
from guv.settings.levels import Access

Model = TypeVar("Model", bound=BaseModel)
CORRECT_FIELDS = "Please correct the highlighted fields."
SHOWN_ON_PAGE = (BadRequest, Conflict, Invalid, PreconditionFailed)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a form was refused, for the page that shows it again.

    Attributes:
        status: The HTTP status of the page.
        message: The reason as a sentence.
        fields: Messages by the form's fields.
        typed: The submitted texts, without secrets.
    """

    status: int
    message: str
    fields: Mapping[str, str]
    typed: Mapping[str, str] = part(default_factory=dict)


def validated(model: type[Model], values: Mapping[str, Any]) -> Model:
    """Validate values against a model.

    Raises:
        Invalid: Fields have faults, each of which is named.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Invalid(CORRECT_FIELDS, field_errors(error.errors())) from None


def try_change(
    access: Access, change: Callable[[], object], typed: Mapping[str, str] | None = None
) -> Refusal | None:
    """Make a change; return the refusal, or None if it was made.

    Args:
        access: The transaction, rolled back if the change is refused.
        change: Makes the change.
        typed: The submitted texts, without secrets.
    """
    try:
        change()
    except SHOWN_ON_PAGE as error:
        access.session.rollback()
        return refusal_of(error, typed)
    return None


def whole_number(text: str, name: str) -> int:
    """Parse a whole number.

    Raises:
        Invalid: The text is not one; the field is named.
    """
    return int(_number(text, name, int))


def seconds(text: str, name: str) -> float:
    """Parse a number of seconds; errors as in `whole_number`."""
    return float(_number(text, name, float))


def local_time(text: str, name: str, zone: ZoneInfo) -> datetime | None:
    """Parse a local date and time; return None for an empty text; errors as in `whole_number`.

    A time that clocks show twice means the first; a time that they skip counts from before the
    change.
    """
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone, fold=0)
    except ValueError:
        raise field_error(name, "must be a date and time such as 2026-12-24T18:00") from None


def fields_of_pause(form: FormData, zone: ZoneInfo) -> PauseScaling:
    """Read the form of a pause.

    Raises:
        Invalid: Fields have faults, each of which is named.
    """
    until = local_time(field(form, "pause_until"), "pause_until", zone)
    return validated(PauseScaling, {"direction": field(form, "direction"), "until": until})


def field_error(name: str, message: str) -> Invalid:
    """Build the error of a field of the form."""
    return Invalid(CORRECT_FIELDS, [FieldError(name, message)])


def _number(text: str, name: str, kind: Callable[[str], float]) -> float:
    try:
        return kind(text)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise field_error(name, f"must be {wanted}") from None


def refusal_of(error: GuvError, typed: Mapping[str, str] | None = None) -> Refusal:
    """Build the refusal for an error."""
    messages: dict[str, str] = {}
    for fault in error.fields:
        before = f"{messages[fault.field]}; " if fault.field in messages else ""
        messages[fault.field] = before + fault.message
    return Refusal(error.status, error.message, messages, typed or {})
