"""Where does each log line of a delivery begin and end? Octet counting, as Logplex sends it.

A body is `LENGTH SPACE LINE` again and again; LENGTH counts bytes (RFC 6587).
"""

MOST_DIGITS = 7  # of a length; a body has at most a million bytes


class BadFrames(ValueError):
    """A body that is not made of whole frames; its text holds nothing of what was sent."""


def split_frames(body: bytes) -> list[bytes]:
    """The lines of a body, in order.

    Raises:
        BadFrames: A length is no number, or longer than what follows.
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
    """The body of these lines."""
    return b"".join(b"%d %s" % (len(line), line) for line in lines)
