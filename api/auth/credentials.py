"""Credentials of the Authorization header."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BasicCredentials:
    """User and password of Basic authorization; never printed."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "BasicCredentials()"


def parse_basic(header: str | None) -> BasicCredentials | None:
    """Parse a Basic authorization header; None for any other."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    user, colon, password = decoded.partition(":")
    return BasicCredentials(user, password) if colon else None


def parse_api_key(header: str | None) -> str | None:
    """Return the API key of a Bearer or Basic authorization header; None if it has none.

    With Basic the key is the password, as in `https://guv:KEY@host/v1`, or else the user.
    """
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip() or None
    basic = parse_basic(header)
    return (basic.password or basic.user or None) if basic else None


def are_equal(given: BasicCredentials, user: str, password: str) -> bool:
    """Whether credentials are these, compared in constant time.

    An empty password never matches: a service without a password refuses everybody.
    """
    same_user = hmac.compare_digest(_digest(given.user), _digest(user))
    same_password = hmac.compare_digest(_digest(given.password), _digest(password))
    return same_user & same_password & bool(password)


def _digest(text: str) -> bytes:
    """Hash to a fixed length, so that the comparison does not reveal lengths either."""
    return hashlib.sha256(text.encode()).digest()
