"""What does a client hear of a fault of ours? That there was one, with what every answer has.

The framework's own answer to it would be made outside of everything that stands around the app:
without the safe headers and without the request's id.
"""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Shape, error_answer
from guv.errors import GuvError

_WRONG = "Something went wrong in guv. Its operators can see it."


class Unexpected:
    """Answers with 500 what nobody expected; the exception goes on to the log.

    Args:
        app: The app behind.
        as_page: Makes a page of an answer where a person would see it.
    """

    def __init__(self, app: ASGIApp, as_page: Shape) -> None:
        self._app, self._as_page = app, as_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Nothing; the request is answered by the app behind, or here.

        Raises:
            Exception: What nobody expected, after it was answered.
        """
        is_begun = scope["type"] != "http"

        async def noted(message: Message) -> None:
            nonlocal is_begun
            is_begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception:
            if not is_begun:
                answer = error_answer(GuvError.status, GuvError.id, _WRONG)
                await self._as_page(Request(scope), answer)(scope, receive, send)
            raise
