"""Types of single fields, shared by every door: names, local times, instants and time zones.

A door is whatever a text of a user comes in by: the API's paths, queries and bodies, the YAML
file, the options of `heroku addons:create`, forms, and the standalone command.
"""

import re
from datetime import date, datetime
from difflib import get_close_matches
from functools import cache
from typing import Annotated, TypeVar
from zoneinfo import available_timezones

from pydantic import AfterValidator, AwareDatetime, StringConstraints

FIRST_YEAR, LAST_YEAR = 1970, 2199  # every calendar can show the hours around an instant in these
LOCAL_TIME = r"^([01]\d|2[0-3]):[0-5]\d$"
LOCAL_DATE = r"^\d{4}-\d{2}-\d{2}$"
ROLE_NAME = r"^[-_A-Za-z0-9]{1,100}$"
PROCESS_TYPE = r"^[-_A-Za-z0-9]{1,128}$"
STORABLE = r"^[^\x00]*$"
ONE_LINE = r"^[^\x00-\x1f]*$"
VISIBLE = r"^[!-~]+$"

PATTERN_MESSAGES = {
    LOCAL_TIME: "must be a time of day from 00:00 to 23:59, such as 08:30",
    LOCAL_DATE: "must be a day such as 2027-01-31",
    ROLE_NAME: "must be 1 to 100 letters, digits, - and _",
    PROCESS_TYPE: "must be 1 to 128 letters, digits, - and _",
    STORABLE: "must not contain the character U+0000",
    ONE_LINE: "must be a single line without control characters",
    VISIBLE: "must be letters, digits and punctuation without spaces",
}

_SPACE_FOR_PLUS = re.compile(r"^(.*\d:\d\d\S*) (\d\d:?\d\d)$")
_ROLE_NAME = re.compile(ROLE_NAME.removeprefix("^").removesuffix("$"))
_LONGEST_ZONE = 60  # characters of a wrong zone's name that are compared with the known ones
Day = TypeVar("Day", date, datetime)
known_timezones = cache(available_timezones)  # reading them from disk takes milliseconds


def role_name(name: object) -> str:
    """Return the name of a role unchanged.

    Raises:
        ValueError: It is not a role's name. `RoleName` is the same rule for models.
    """
    if not isinstance(name, str) or not _ROLE_NAME.fullmatch(name):
        raise ValueError(PATTERN_MESSAGES[ROLE_NAME])
    return name


def restore_plus(text: object) -> object:
    """Restore the plus sign of an offset: in an address a bare + means a space."""
    return _SPACE_FOR_PLUS.sub(r"\1+\2", text) if isinstance(text, str) else text


def within_calendar(day: Day) -> Day:
    """Return the same day or instant.

    Raises:
        ValueError: Its year is outside `FIRST_YEAR` to `LAST_YEAR`.
    """
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"must be in a year from {FIRST_YEAR} to {LAST_YEAR}")
    return day


def calendar_date(text: str) -> str:
    """Return the text of a day, YYYY-MM-DD, unchanged.

    Raises:
        ValueError: The calendar has no such day, or its year is out of range.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a day of the calendar") from None
    within_calendar(day)
    return text


def known_zone(name: str) -> str:
    """Return the name of an IANA time zone unchanged.

    Raises:
        ValueError: It is unknown; the message suggests a similar one.
    """
    if name in known_timezones():
        return name
    lower = {zone.lower(): zone for zone in known_timezones()}
    near = get_close_matches(name[:_LONGEST_ZONE].lower(), lower, n=1, cutoff=0.75)
    advice = f"did you mean {lower[near[0]]}?" if near else "one is Europe/Berlin, another UTC"
    raise ValueError(f"is not an IANA time zone; {advice}")


RoleName = Annotated[str, StringConstraints(pattern=ROLE_NAME)]
Instant = Annotated[AwareDatetime, AfterValidator(within_calendar)]
