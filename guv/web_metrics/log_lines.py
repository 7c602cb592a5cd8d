"""Log lines of Logplex: frames of a delivery, and the events in lines.

A line is `<PRI>1 TIME host APP PROCESS MSGID MESSAGE`; some senders put a `-` for structured data
before the message. An app's own lines are never read, and nothing personal of a request: neither
path nor address. A delivery is a series of lines, each after its length in bytes.
"""

import re
from dataclasses import dataclass
from datetime import datetime

HEADER_WORDS = 6
_PAIR = re.compile(rb'([a-z_]+)=("(?:[^"\\]|\\.)*"|\S*)')
_CHANGE = re.compile(rb"State changed from ([a-z]+) to ([a-z]+)\s*$")
_SCALED = re.compile(rb"([-\w]{1,128})@(\d{1,5})(?::[-\w]+)?")
_LOST = re.compile(rb"Error L1\d \([^)]*\): (\d{1,12}) messages? dropped")
_DYNO = re.compile(rb"[-\w]{1,128}(?:\.\d{1,6})?")


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the router saw it.

    Attributes:
        at: When it was finished, Unix seconds.
        dyno: The dyno that answered, such as "web.1"; "": none.
        status: The HTTP status; 0: unknown.
        error: The router's error, such as "H12"; "": none.
        connect: Seconds until the dyno accepted the connection; None: it did not.
        service: Seconds until the dyno had answered; None: it did not.
    """

    at: float
    dyno: str
    status: int
    error: str
    connect: float | None
    service: float | None


@dataclass(frozen=True, slots=True)
class DynoChange:
    """A dyno's change of state, such as from "starting" to "up"."""

    at: float
    dyno: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Scaled:
    """Requested quantities by process type."""

    at: float
    quantities: dict[str, int]


@dataclass(frozen=True, slots=True)
class Lost:
    """Lines that were lost before this one."""

    at: float
    count: int


Event = Request | DynoChange | Scaled | Lost


def is_wanted(line: bytes) -> bool:
    """Whether it is a line of Heroku's that may hold an event; an app's own lines are not."""
    words = line.split(b" ", HEADER_WORDS - 1)
    if len(words) < HEADER_WORDS:
        return False
    if words[3] == b"heroku":
        return b" sample#" not in line
    return words[3] == b"app" and words[4] == b"api" and b"Scaled to " in line


def read_line(line: bytes) -> Event | None:
    """Parse the event of a line; None: it holds none, or is malformed."""
    words = line.split(b" ", HEADER_WORDS)
    if len(words) <= HEADER_WORDS:
        return None
    at = _instant(words[1])
    if at is None:
        return None
    source, process, message = words[3], words[4], words[6]
    if source == b"heroku" and process == b"router":
        return _request(at, message)
    if source == b"heroku" and process == b"logplex":
        match = _LOST.search(message)
        return Lost(at, int(match[1])) if match else None
    if source == b"heroku":
        return _change(at, process, message)
    return _scaled(at, process, message) if source == b"app" else None


def _request(at: float, message: bytes) -> Request | None:
    pairs = dict(_PAIR.findall(message))
    if b"status" not in pairs or b"service" not in pairs:
        return None
    dyno, status, error = (pairs.get(name, b"") for name in (b"dyno", b"status", b"code"))
    return Request(
        at=at,
        dyno=dyno.decode() if _DYNO.fullmatch(dyno) else "",
        status=int(status) if status.isdigit() and len(status) == 3 else 0,  # noqa: PLR2004
        error=error.decode() if error.isalnum() and len(error) == 3 else "",  # noqa: PLR2004
        connect=_seconds(pairs.get(b"connect", b"")),
        service=_seconds(pairs[b"service"]),
    )


def _change(at: float, process: bytes, message: bytes) -> DynoChange | None:
    match = _CHANGE.search(message)
    if match is None or not _DYNO.fullmatch(process):
        return None
    return DynoChange(at, process.decode(), match[1].decode(), match[2].decode())


def _scaled(at: float, process: bytes, message: bytes) -> Scaled | None:
    _, marker, rest = message.partition(b"Scaled to ")
    if process != b"api" or not marker:
        return None
    quantities = {name.decode(): int(count) for name, count in _SCALED.findall(rest)}
    return Scaled(at, quantities) if quantities else None


def _instant(text: bytes) -> float | None:
    try:
        instant = datetime.fromisoformat(text.decode())
    except ValueError:
        return None
    return instant.timestamp() if instant.tzinfo is not None else None


def _seconds(text: bytes) -> float | None:
    """Parse a duration such as "459ms"; None: it is empty or malformed."""
    digits = text.removesuffix(b"ms")
    if digits == text or not digits.isdigit() or len(digits) > 9:  # noqa: PLR2004 - eleven days
        return None
    return int(digits) / 1000.0


MOST_DIGITS = 7  # of a length; a body has at most a million bytes


class BadFrames(ValueError):
    """A body that is not a series of whole frames; the text repeats nothing of it."""


def split_frames(body: bytes) -> list[bytes]:
    """Split a body into its lines.

    Raises:
        BadFrames: A length is not a number, or longer than what follows.
    """
    lines: list[bytes] = []
    place, end = 0, len(body)
    while place < end:
        space = body.find(b" ", place, place + MOST_DIGITS + 1)
        digits = body[place : max(space, place)]
        if not digits.isdigit() or digits.startswith(b"0"):
            raise BadFrames(f"line {len(lines) + 1} does not begin with its length in bytes")
        place = space + 1 + int(digits)
        if place > end:
            raise BadFrames(f"line {len(lines) + 1} is shorter than its length says")
        lines.append(body[space + 1 : place])
    return lines


def join_frames(lines: list[bytes]) -> bytes:
    """Make the body of these lines."""
    return b"".join(b"%d %s" % (len(line), line) for line in lines)
