"""Response to an unhandled exception.

The framework's own response would be made outside of the middleware, without security headers and
without the request's id.
"""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Shape, error_answer
from guv.errors import GuvError

_WRONG = "Internal error. guv's operators have been notified."


class UnhandledErrors:
    """Answers unhandled exceptions with 500 and raises them again, for the log.

    Args:
        app: The app behind.
        as_page: Turns a response into a page for requests of a browser.
    """

    def __init__(self, app: ASGIApp, as_page: Shape) -> None:
        self._app, self._as_page = app, as_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request through the app behind.

        Raises:
            Exception: An unhandled one, after it was answered.
        """
        is_begun = scope["type"] != "http"

        async def send_noted(message: Message) -> None:
            nonlocal is_begun
            is_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception:
            if not is_begun:
                answer = error_answer(GuvError.status, GuvError.id, _WRONG)
                await self._as_page(Request(scope), answer)(scope, receive, send)
            raise
