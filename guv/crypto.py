"""How are secrets kept? Sealed with Fernet at rest, hashed where only equality matters."""

import hashlib
import secrets
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Sealer:
    """Seals and opens secrets with a list of keys: the first seals, all open.

    Args:
        keys: Fernet keys (44 characters, URL-safe base64), newest first.

    Raises:
        ValueError: There is no key, or one is not a Fernet key.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("GUV_ENCRYPTION_KEYS needs at least one key")
        self._newest = Fernet(keys[0])
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, secret: str) -> bytes:
        """The secret as bytes that say nothing without a key."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """The secret again.

        Raises:
            ValueError: None of the keys opens it.
        """
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise ValueError("sealed with a key that is no longer configured") from None

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the newest key alone opens it."""
        try:
            self._newest.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def reseal(self, sealed: bytes) -> bytes:
        """The same secret, sealed with the newest key; errors as in `open`."""
        return self.seal(self.open(sealed))


def sealer_from(keys: str) -> Sealer:
    """A sealer from the comma-separated key list of the environment."""
    return Sealer([key.strip() for key in keys.split(",") if key.strip()])


def new_api_key() -> str:
    """A fresh API key: 256 random bits, with a prefix that secret scanners can find."""
    return f"guv_{new_secret()}"


def new_secret() -> str:
    """256 random bits as text that a URL may hold."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """What is stored where only equality matters: SHA-256, hexadecimal; enough for 256 bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
