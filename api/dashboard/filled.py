"""What did a form ask for, and could it be done? A refused change leaves nothing behind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from api.deps import Access
from guv.errors import BadRequest, Conflict, FieldError, GuvError, Invalid, PreconditionFailed
from guv.settings.field_errors import field_errors

Model = TypeVar("Model", bound=BaseModel)
TOLD_ON_THE_PAGE = (BadRequest, Conflict, Invalid, PreconditionFailed)


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
    typed: Mapping[str, str] = field(default_factory=dict)


def built(model: type[Model], values: Mapping[str, Any]) -> Model:
    """The model of these values.

    Raises:
        Invalid: They are none; each field is named.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Invalid("Please look at what is marked.", field_errors(error.errors())) from None


def attempt(
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
    except TOLD_ON_THE_PAGE as error:
        access.session.rollback()
        return _refusal(error, typed or {})
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


def _number(text: str, name: str, kind: Callable[[str], float]) -> float:
    try:
        return kind(text)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise Invalid(
            "Please look at what is marked.", [FieldError(name, f"{wanted} is needed")]
        ) from None


def _refusal(error: GuvError, typed: Mapping[str, str]) -> Refusal:
    found: dict[str, str] = {}
    for one in error.fields:
        found[one.field] = (
            f"{found[one.field]}; {one.message}" if one.field in found else one.message
        )
    return Refusal(error.status, error.message, found, typed)
