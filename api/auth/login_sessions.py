"""Login sessions of the dashboard, in Redis.

A session is stored under the digest of the token in the browser's cookie, so that nobody who reads
Redis can take one over. It ends when the person signs out, after an hour without a click, or after
twelve hours.
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
_NOTED_EVERY_S = 60.0  # a click is written down at most this often
_AWAY = "guv cannot check your session right now. Try again in a moment."


@dataclass(frozen=True, slots=True)
class LoginSession:
    """A person's login session on one tenant's pages.

    Attributes:
        tenant: The tenant's id.
        person: Email address or description of the person, for the change log.
        csrf: Token that every form of the session carries.
        began: Unix seconds of the sign-on.
        seen: Unix seconds of the last click, at most a minute old.
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
        """Whether the session has timed out, at these Unix seconds."""
        idle, age = now - self.seen, now - self.began
        return idle > IDLE.total_seconds() or age > LONGEST.total_seconds()


class LoginSessions:
    """The login sessions.

    Args:
        redis: Where they are kept; nothing connects before the first of them.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def begin(self, tenant: UUID, person: str, now: datetime) -> str:
        """Start a session and return its token, which is stored nowhere.

        Raises:
            Unavailable: Redis does not answer.
        """
        at, token = unix_seconds(now), secrets.token_urlsafe(32)
        visit = LoginSession(str(tenant), person, secrets.token_urlsafe(32), at, at)
        self._keep(token, visit, only_if_there=False)
        return token

    def find(self, token: str, now: datetime, *, by_itself: bool = False) -> LoginSession | None:
        """Return the session of a token; None: it is over or never was.

        Args:
            token: From the browser's cookie.
            now: The present.
            by_itself: Whether the page polls by itself, which does not keep the session alive.

        Raises:
            Unavailable: Redis does not answer.
        """
        with _reached():
            stored: Any = self._redis.get(_place("visit", token))
        visit = LoginSession(**json.loads(stored)) if stored else None
        at = unix_seconds(now)
        if visit is None or visit.is_over(at):
            return None
        if at - visit.seen > _NOTED_EVERY_S and not by_itself:
            visit = replace(visit, seen=at)
            self._keep(token, visit, only_if_there=True)  # not after a sign-out in between
        return visit

    def end(self, token: str) -> None:
        """End the session of a token.

        Raises:
            Unavailable: Redis does not answer.
        """
        with _reached():
            self._redis.delete(_place("visit", token))

    def use_once(self, token: str, seconds: float) -> bool:
        """Mark a sign-on token as used; returns whether it was still unused.

        Args:
            token: Signed by Heroku.
            seconds: How long the token would be accepted.

        Raises:
            Unavailable: Redis does not answer.
        """
        with _reached():
            place, kept_s = _place("sso", token), max(1, round(seconds))
            return bool(self._redis.set(place, 1, ex=kept_s, nx=True))

    def _keep(self, token: str, visit: LoginSession, *, only_if_there: bool) -> None:
        text, seconds = json.dumps(asdict(visit)), round(IDLE.total_seconds())
        with _reached():
            self._redis.set(_place("visit", token), text, ex=seconds, xx=only_if_there)


@contextmanager
def _reached() -> Iterator[None]:
    """Report an unreachable Redis to the person."""
    try:
        yield
    except RedisError:
        raise Unavailable(_AWAY) from None


def cookie_name(public_url: str) -> str:
    """Return the cookie's name; over HTTPS a prefix keeps other hosts and HTTP from setting it."""
    return "__Host-guv" if _is_secure(public_url) else "guv"


def token_of(cookies: Mapping[str, str], public_url: str) -> str | None:
    """Return the session's token from the cookies; None: there is none."""
    return cookies.get(cookie_name(public_url)) or None


def hand_out(answer: Response, token: str, public_url: str) -> None:
    """Set the session's cookie.

    It is SameSite=Lax: a strict cookie would not be sent when the person comes from Heroku's site.
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
    """Delete the session's cookie."""
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
