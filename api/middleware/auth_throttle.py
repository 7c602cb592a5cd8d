"""Throttle for wrong keys and passwords, counted by address.

Above the limit, the add-on's password and a sign-on are not even compared. A tenant's key still is:
apps on Heroku share their addresses, so nobody may lock others out, and a key has 256 random bits;
only the answers to wrong keys become 429. Each guarded path has its own count. Other paths have
none: a page left open after its session, or Logplex with a removed drain, must not block an
address. Without Redis nothing is counted.
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

MINUTES = 5  # over which wrong keys are counted
LINE_BITS = 64  # network part of an IPv6 address; one customer has at least 2**64 of them
GUARDED = ("/heroku/resources", "/sso/")
DOORS = (*GUARDED, "/v1/")
_TOO_MANY = "Too many wrong keys or passwords from this address. Try again in five minutes."


class WrongKeyCounter:
    """Counts wrong keys and passwords by address over the last minutes.

    Args:
        redis: Where they are counted; nothing connects before the first.
        most: Attempts allowed for an address.
    """

    def __init__(self, redis: Redis, most: int) -> None:
        self._item = RateLimitItemPerMinute(most, MINUTES, namespace="guv:strangers")
        storage = RedisStorage("redis://", connection_pool=redis.connection_pool)
        self._limiter = FixedWindowRateLimiter(storage)

    def are_too_many(self, door: str, address: str) -> bool:
        """Whether the address has no attempts left at this path."""
        try:
            return not self._limiter.test(self._item, door, address)
        except RedisError:
            return False

    def count(self, door: str, address: str) -> bool:
        """Count a wrong key; returns whether the address may try again."""
        agent.measure("Api/wrong_keys")
        try:
            return self._limiter.hit(self._item, door, address)
        except RedisError:
            return True


class AuthThrottle:
    """Answers addresses with too many wrong keys with 429.

    Args:
        app: The app behind.
        wrong_keys: Counts wrong keys.
        as_page: Turns a response into a page for requests of a browser.
    """

    def __init__(self, app: ASGIApp, wrong_keys: WrongKeyCounter, as_page: Shape) -> None:
        self._app, self._as_page = app, as_page
        self._wrong_keys = wrong_keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request through the app behind, or refuse it."""
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
    """Return the client's address as Heroku's router saw it: the last in X-Forwarded-For.

    An IPv6 address is reduced to its network.
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
    """Return the guarded path that a request is for; None: it is not guarded."""
    path = scope["path"] if scope["type"] == "http" else ""
    return next((door for door in DOORS if path.startswith(door)), None)


def _is_wrong(message: Message, door: str) -> bool:
    is_sign_on = door == "/sso/" and message["status"] == Forbidden.status
    return message["status"] == Unauthorized.status or is_sign_on
