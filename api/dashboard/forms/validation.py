"""What did a form ask for, and could it be done? A refused change leaves nothing behind."""

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
    """Why a form was not accepted, for the page that shows it again.

    Attributes:
        status: The HTTP status of the page.
        message: A sentence.
        fields: What is wrong by the form's field.
        typed: What was filled in.
    """

    status: int
    message: str
    fields: Mapping[str, str]
    typed: Mapping[str, str] = part(default_factory=dict)


def validated(model: type[Model], values: Mapping[str, Any]) -> Model:
    """The model of these values.

    Raises:
        Invalid: They are none; each field is named.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Invalid(CORRECT_FIELDS, field_errors(error.errors())) from None


def try_change(
    access: Access, change: Callable[[], object], typed: Mapping[str, str] | None = None
) -> Refusal | None:
    """Why a change was refused; None: it was made.

    Args:
        access: Its transaction is rolled back where the change is refused.
        change: Makes it.
        typed: What was filled in, without secrets.
    """
    try:
        change()
    except SHOWN_ON_PAGE as error:
        access.session.rollback()
        return refusal_of(error, typed)
    return None


def whole_number(text: str, name: str) -> int:
    """The whole number that was typed.

    Raises:
        Invalid: It is none.
    """
    return int(_number(text, name, int))


def seconds(text: str, name: str) -> float:
    """The number of seconds that was typed; errors as in `whole_number`."""
    return float(_number(text, name, float))


def instant(text: str, name: str, zone: ZoneInfo) -> datetime | None:
    """The instant that was typed as a local time; None: nothing was; errors as in `whole_number`.

    A time that clocks show twice is the first of them; one that they skip is as before the change.
    """
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone, fold=0)
    except ValueError:
        raise field_error(name, "must be a date and time such as 2026-12-24T18:00") from None


def fields_of_pause(form: FormData, zone: ZoneInfo) -> PauseScaling:
    """The pause that a form asks for.

    Raises:
        Invalid: It is none.
    """
    until = instant(field(form, "pause_until"), "pause_until", zone)
    return validated(PauseScaling, {"direction": field(form, "direction"), "until": until})


def field_error(name: str, message: str) -> Invalid:
    """The error of that field, as its name stands in the form."""
    return Invalid(CORRECT_FIELDS, [FieldError(name, message)])


def _number(text: str, name: str, kind: Callable[[str], float]) -> float:
    try:
        return kind(text)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise field_error(name, f"must be {wanted}") from None


def refusal_of(error: GuvError, typed: Mapping[str, str] | None = None) -> Refusal:
    """Why the error's form was not accepted, for the page that shows it again."""
    found: dict[str, str] = {}
    for one in error.fields:
        before = f"{found[one.field]}; " if one.field in found else ""
        found[one.field] = before + one.message
    return Refusal(error.status, error.message, found, typed or {})
