"""Is a body too large? Said before it is read where its length is told, else while it is read."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Shape, error_answer

MOST_BODY_BYTES = 1_000_000
_TOO_LARGE = f"A body may have at most {MOST_BODY_BYTES} bytes."


class BodyLimit:
    """Refuses bodies that are too large, in the form of all errors.

    Args:
        app: The app behind.
        as_page: Makes a page of an answer where a person would see it.
    """

    def __init__(self, app: ASGIApp, as_page: Shape) -> None:
        self._app, self._as_page = app, as_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Nothing; the request is answered here or by the app behind."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _told_length(scope) > MOST_BODY_BYTES:
            answer = error_answer(413, "payload_too_large", _TOO_LARGE)
            await self._as_page(Request(scope), answer)(scope, receive, send)
        else:
            await self._app(scope, _limited(receive), send)


def _told_length(scope: Scope) -> int:
    """The length that the request says its body has, in bytes; 0: it does not say."""
    told = Headers(scope=scope).get("content-length", "")
    return int(told[:20]) if told.isdecimal() else 0


def _limited(receive: Receive) -> Receive:
    """The same, but an error once more than the limit was received."""
    total = 0

    async def limited() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > MOST_BODY_BYTES:
            raise HTTPException(413, _TOO_LARGE)
        return message

    return limited
