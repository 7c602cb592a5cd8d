"""Request log: one line for each request, with an id that the client sees too."""

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_USABLE = re.compile(r"[A-Za-z0-9-]{8,100}")


class RequestLog:
    """Gives every request an id, and logs a line when it is answered.

    An id from the router in front is kept, so that one id finds the lines of both.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request through the app behind."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        status, started = 500, time.perf_counter()

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        scope.setdefault("state", {})["request_id"] = request_id
        try:
            await self._app(scope, receive, send_named)
        finally:
            structlog.get_logger("api").info(
                "request_answered",
                method=scope["method"],
                path=scope["path"],
                status=status,
                duration_ms=round(1000 * (time.perf_counter() - started), 1),
                request_id=request_id,
                tenant=scope["state"].get("tenant"),
            )


def _request_id(headers: Headers) -> str:
    """Return the request's own id where it is usable, else a new one."""
    given = headers.get("x-request-id", "")
    return given if _USABLE.fullmatch(given) else str(uuid4())
