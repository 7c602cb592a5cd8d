"""Secrets: sealed with Fernet at rest, hashed where only equality matters."""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Sealer:
    """Seals and opens secrets with a list of keys: the first seals, all open.

    Args:
        keys: Fernet keys (44 characters, URL-safe base64), newest first.

    Raises:
        ValueError: There is no key, or an entry is not a Fernet key.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("GUV_ENCRYPTION_KEYS needs at least one key")
        self._newest = Fernet(keys[0])
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, secret: str) -> bytes:
        """Encrypt a secret with the newest key."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Decrypt a secret.

        Raises:
            ValueError: None of the keys opens it.
        """
        with _known_key():
            return self._fernet.decrypt(sealed).decode()

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the newest key alone opens a secret."""
        try:
            self._newest.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def reseal(self, sealed: bytes) -> bytes:
        """Encrypt a sealed secret anew, with the newest key.

        Raises:
            ValueError: None of the keys opens it.
        """
        with _known_key():
            return self._fernet.rotate(sealed)


@contextmanager
def _known_key() -> Iterator[None]:
    try:
        yield
    except InvalidToken:
        raise ValueError("sealed with a key that is no longer configured") from None


def sealer_from(keys: str) -> Sealer:
    """Make a sealer from the comma-separated key list of the environment."""
    return Sealer([key.strip() for key in keys.split(",") if key.strip()])


def new_api_key() -> str:
    """Make an API key: 256 random bits, with a prefix that secret scanners can find."""
    return f"guv_{new_secret()}"


def new_secret() -> str:
    """Make 256 random bits as URL-safe text."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Return the SHA-256 of a secret in hexadecimal, which is enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
