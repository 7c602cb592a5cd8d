"""What did a person fill in? The fields of a form, as text."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData

from guv.errors import BadRequest

MOST_FIELDS = 2000


async def _read_form(request: Request) -> FormData:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise BadRequest("A form is needed, as a browser sends it.")
    return await request.form(max_files=0, max_fields=MOST_FIELDS)


RawFormDep = Annotated[FormData, Depends(_read_form)]


def field(form: FormData, name: str) -> str:
    """The field's text without white space around it; empty: it is not there."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def fields(form: FormData) -> dict[str, str]:
    """All fields as they came; of those that came twice, the last."""
    return {name: value for name, value in form.items() if isinstance(value, str)}
