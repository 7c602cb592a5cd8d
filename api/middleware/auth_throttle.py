"""Who tries keys and passwords that are none? Counted by address; too many are not looked at.

A password of the add-on's or a sign-on is then not even compared. A tenant's key is: apps on Heroku
share their addresses, so nobody may lock others out, and a key has 256 random bits. Only its wrong
answers become 429. Each door has its own count, and only these doors: a page that is left open
after its visit, or Logplex with a drain that is gone, must send nobody away. Where Redis is away
nobody is counted.
"""

from asyncio import to_thread
from ipaddress import IPv4Address, IPv6Network, ip_address

from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis import Redis, RedisError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Shape, error_answer
from guv import agent
from guv.errors import Forbidden, TooMany, Unauthorized

MINUTES = 5
LINE_BITS = 64  # of an IPv6 address that are its network's
GUARDED = ("/heroku/resources", "/sso/")
DOORS = (*GUARDED, "/v1/")
_TOO_MANY = "Too many wrong keys or passwords came from this address. Try again in some minutes."


class WrongKeys:
    """How many wrong keys and passwords came from each address in the last minutes.

    Args:
        redis: Where they are counted; nothing connects before the first.
        most: How many an address may try.
    """

    def __init__(self, redis: Redis, most: int) -> None:
        self._item = RateLimitItemPerMinute(most, MINUTES, namespace="guv:strangers")
        storage = RedisStorage("redis://", connection_pool=redis.connection_pool)
        self._limiter = FixedWindowRateLimiter(storage)

    def are_too_many(self, door: str, address: str) -> bool:
        """Whether the address has none left at this door."""
        try:
            return not self._limiter.test(self._item, door, address)
        except RedisError:
            return False

    def count(self, door: str, address: str) -> bool:
        """Whether the address may go on; one wrong key more was tried from it."""
        agent.measure("Api/wrong_keys")
        try:
            return self._limiter.hit(self._item, door, address)
        except RedisError:
            return True


class Strangers:
    """Answers addresses that tried too many wrong keys with 429.

    Args:
        app: The app behind.
        wrong_keys: Counts them.
        as_page: Makes a page of an answer where a person would see it.
    """

    def __init__(self, app: ASGIApp, wrong_keys: WrongKeys, as_page: Shape) -> None:
        self._app, self._as_page = app, as_page
        self._wrong_keys = wrong_keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Nothing; the request is answered here or by the app behind."""
        door = _door(scope)
        if door is None:
            await self._app(scope, receive, send)
            return
        address = address_of(scope)
        is_guarded = door in GUARDED
        if is_guarded and await to_thread(self._wrong_keys.are_too_many, door, address):
            await self._refusal(scope)(scope, receive, send)
            return
        is_refused = False

        async def counted(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start" and _is_wrong(message, door):
                is_refused = not await to_thread(self._wrong_keys.count, door, address)
                if is_refused:
                    await self._refusal(scope)(scope, receive, send)
            if not is_refused:
                await send(message)

        await self._app(scope, receive, counted)

    def _refusal(self, scope: Scope) -> Response:
        answer = error_answer(TooMany.status, TooMany.id, _TOO_MANY)
        shaped = self._as_page(Request(scope), answer)
        shaped.headers["Retry-After"] = str(MINUTES * 60)
        return shaped


def address_of(scope: Scope) -> str:
    """Whose request it is: whom Heroku's router saw, which is the last that the header names.

    Of an IPv6 address the network: one line has at least 2**64 addresses to come from.
    """
    forwarded = Headers(scope=scope).get("x-forwarded-for", "").rpartition(",")[2].strip()
    client = scope.get("client")
    return _line_of(forwarded[:100] or (client[0] if client else "unknown"))


def _line_of(address: str) -> str:
    try:
        parsed = ip_address(address.partition("%")[0].strip("[]"))
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or IPv6Network((parsed, LINE_BITS), strict=False))


def _door(scope: Scope) -> str | None:
    """Which of the doors a request comes to; None: none of them."""
    path = scope["path"] if scope["type"] == "http" else ""
    return next((door for door in DOORS if path.startswith(door)), None)


def _is_wrong(message: Message, door: str) -> bool:
    is_sign_on = door == "/sso/" and message["status"] == Forbidden.status
    return message["status"] == Unauthorized.status or is_sign_on
