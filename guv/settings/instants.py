"""Which instants and days can be meant? Those around which guv can count hours in every zone."""

import re
from datetime import date, datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime

FIRST_YEAR, LAST_YEAR = 1970, 2199
_LOST_PLUS = re.compile(r"^(.*\d:\d\d\S*) (\d\d:?\d\d)$")
Day = TypeVar("Day", date, datetime)


def with_plus(text: object) -> object:
    """An instant as it was meant: in an address a bare + is a space, also that of an offset."""
    return _LOST_PLUS.sub(r"\1+\2", text) if isinstance(text, str) else text


def in_reach(day: Day) -> Day:
    """The same day or instant.

    Raises:
        ValueError: It is so far away that no calendar could show the hours around it.
    """
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"must be in a year from {FIRST_YEAR} to {LAST_YEAR}")
    return day


def real_date(text: str) -> str:
    """The text of a day, YYYY-MM-DD.

    Raises:
        ValueError: The calendar has no such day, or it is out of reach.
    """
    in_reach(date.fromisoformat(text))
    return text


Instant = Annotated[AwareDatetime, AfterValidator(in_reach)]
