"""Limit for the size of request bodies, checked by Content-Length and while reading."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Shape, error_answer

MOST_BODY_BYTES = 1_000_000
_TOO_LARGE = f"The body is too large: at most {MOST_BODY_BYTES:,} bytes are allowed."


class BodyLimit:
    """Refuses bodies above `MOST_BODY_BYTES`.

    Args:
        app: The app behind.
        as_page: Turns a response into a page for requests of a browser.
    """

    def __init__(self, app: ASGIApp, as_page: Shape) -> None:
        self._app, self._as_page = app, as_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request through the app behind, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _declared_length(scope) > MOST_BODY_BYTES:
            answer = error_answer(413, "payload_too_large", _TOO_LARGE)
            await self._as_page(Request(scope), answer)(scope, receive, send)
        else:
            await self._app(scope, _limited(receive), send)


def _declared_length(scope: Scope) -> int:
    """Return the length in the Content-Length header, in bytes; 0 if there is none."""
    length = Headers(scope=scope).get("content-length", "")
    return int(length[:20]) if length.isdecimal() else 0


def _limited(receive: Receive) -> Receive:
    """Wrap `receive` to fail once more than the limit was received."""
    total = 0

    async def limited() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > MOST_BODY_BYTES:
            raise HTTPException(413, _TOO_LARGE)
        return message

    return limited
