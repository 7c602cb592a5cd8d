"""Who is looking at the pages? People whom Heroku signed on, each for as long as a visit lasts.

A visit is kept in Redis under the digest of what the browser holds in its cookie, so that whoever
reads Redis can take over none. It ends when the person signs out, after an hour without a click,
or after twelve hours.
"""

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from redis import Redis, RedisError
from starlette.responses import Response

from guv.clock import unix_seconds
from guv.errors import Unavailable

IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
_NOTED_EVERY_S = 60.0
_AWAY = "guv cannot look up who you are right now. Try again in a moment."


@dataclass(frozen=True, slots=True)
class Visit:
    """One person's visit to one tenant's pages.

    Attributes:
        tenant: The tenant's id.
        person: Who it is, for the change log.
        csrf: What every form of the visit carries; nobody else can know it.
        began: Unix seconds of the sign-on.
        seen: Unix seconds of a click at most a minute older than the newest one.
    """

    tenant: str
    person: str
    csrf: str
    began: float
    seen: float

    @property
    def tenant_id(self) -> UUID:
        """The tenant's id."""
        return UUID(self.tenant)

    def is_over(self, now: float) -> bool:
        """Whether it has ended by itself, at these Unix seconds."""
        idle, age = now - self.seen, now - self.began
        return idle > IDLE.total_seconds() or age > LONGEST.total_seconds()


class Visits:
    """The visits that go on.

    Args:
        redis: Where they are kept; nothing connects before the first of them.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def begin(self, tenant: UUID, person: str, now: datetime) -> str:
        """The new visit's token, for the cookie; this is the only time it can be seen.

        Raises:
            Unavailable: Redis does not answer.
        """
        at, token = unix_seconds(now), secrets.token_urlsafe(32)
        visit = Visit(str(tenant), person, secrets.token_urlsafe(32), at, at)
        self._keep(token, visit, only_if_there=False)
        return token

    def find(self, token: str, now: datetime, *, by_itself: bool = False) -> Visit | None:
        """The visit of that token; None: it is over, or never was.

        Args:
            token: What the browser holds.
            now: Tells whether it is over.
            by_itself: Whether a page asks and no person, so that the visit does not last longer.

        Raises:
            Unavailable: Redis does not answer.
        """
        with _reached():
            stored: Any = self._redis.get(_place("visit", token))
        visit = Visit(**json.loads(stored)) if stored else None
        at = unix_seconds(now)
        if visit is None or visit.is_over(at):
            return None
        if at - visit.seen > _NOTED_EVERY_S and not by_itself:
            visit = replace(visit, seen=at)
            self._keep(token, visit, only_if_there=True)  # signing out meanwhile stays so
        return visit

    def end(self, token: str) -> None:
        """Nothing; the token opens no page any more.

        Raises:
            Unavailable: Redis does not answer.
        """
        with _reached():
            self._redis.delete(_place("visit", token))

    def use_once(self, token: str, seconds: float) -> bool:
        """Whether that sign-on token was not used before; from now on it was.

        Args:
            token: What Heroku signed.
            seconds: For how long it would be believed.

        Raises:
            Unavailable: Redis does not answer.
        """
        with _reached():
            place, kept_s = _place("sso", token), max(1, round(seconds))
            return bool(self._redis.set(place, 1, ex=kept_s, nx=True))

    def _keep(self, token: str, visit: Visit, *, only_if_there: bool) -> None:
        text, seconds = json.dumps(asdict(visit)), round(IDLE.total_seconds())
        with _reached():
            self._redis.set(_place("visit", token), text, ex=seconds, xx=only_if_there)


@contextmanager
def _reached() -> Iterator[None]:
    """Nothing; where Redis does not answer, the person is told so."""
    try:
        yield
    except RedisError:
        raise Unavailable(_AWAY) from None


def cookie_name(public_url: str) -> str:
    """The cookie's name; over HTTPS one that no other host and no plain page can set."""
    return "__Host-guv" if _is_secure(public_url) else "guv"


def token_of(cookies: Mapping[str, str], public_url: str) -> str | None:
    """The visit's token that the browser sent; None: it has none."""
    return cookies.get(cookie_name(public_url)) or None


def hand_out(answer: Response, token: str, public_url: str) -> None:
    """Nothing; the browser keeps the token until it is closed or the visit is too old.

    Lax, since the person comes from Heroku's site: a stricter cookie would not come along.
    """
    answer.set_cookie(
        cookie_name(public_url),
        token,
        max_age=round(LONGEST.total_seconds()),
        path="/",
        secure=_is_secure(public_url),
        httponly=True,
        samesite="lax",
    )


def take_back(answer: Response, public_url: str) -> None:
    """Nothing; the browser forgets its token."""
    answer.delete_cookie(
        cookie_name(public_url),
        path="/",
        secure=_is_secure(public_url),
        httponly=True,
        samesite="lax",
    )


def _is_secure(public_url: str) -> bool:
    return public_url.startswith("https://")


def _place(kind: str, token: str) -> str:
    return f"guv:{kind}:{hashlib.sha256(token.encode()).hexdigest()}"
