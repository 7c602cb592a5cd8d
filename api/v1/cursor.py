"""Where does the next page begin? The place of the last row shown, opaque to clients.

A place is an instant and an id, so that a page goes on where the last one ended, whatever was
added meanwhile.
"""

import base64
import binascii
import json
from datetime import datetime
from uuid import UUID

from guv.errors import FieldError, Invalid

MOST_DIGITS = 18  # of a row's id, which PostgreSQL keeps in 64 bits
Place = tuple[datetime, str]


def cursor_of(at: datetime, id_: object) -> str:
    """The cursor that stands for a row."""
    text = json.dumps([at.isoformat(), str(id_)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str) -> Place:
    """The row's instant and id that a cursor stands for.

    Raises:
        Invalid: It is none of ours.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, id_ = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        place = datetime.fromisoformat(at), str(id_)
    except (binascii.Error, UnicodeDecodeError, ValueError, TypeError):
        raise bad_cursor() from None
    if place[0].tzinfo is None:
        raise bad_cursor()
    return place


def bad_cursor() -> Invalid:
    """The error for a cursor that is none of ours."""
    message = "is no cursor of guv's; give next_cursor of the page before, or none"
    return Invalid("The cursor cannot be read.", [FieldError("cursor", message)])


def row_of(cursor: str) -> tuple[datetime, int]:
    """The instant and the numeric id that a cursor stands for.

    Raises:
        Invalid: It is none of ours.
    """
    at, id_ = place_of(cursor)
    if not (id_.isdecimal() and id_.isascii() and len(id_) <= MOST_DIGITS):
        raise bad_cursor()
    return at, int(id_)


def place_with_uuid(cursor: str) -> tuple[datetime, UUID]:
    """The instant and the UUID that a cursor stands for.

    Raises:
        Invalid: It is none of ours.
    """
    at, id_ = place_of(cursor)
    try:
        return at, UUID(id_)
    except ValueError:
        raise bad_cursor() from None
