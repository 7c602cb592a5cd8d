"""Credentials of log drains, cached so that a delivery costs no query."""

import hmac
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

from sqlalchemy import Engine

from api.auth.credentials import BasicCredentials
from guv.clock import steady_seconds
from guv.crypto import hash_secret
from guv.errors import Forbidden, Unauthorized
from guv.web_metrics.drains import DrainKey, learn_token, read_key

KNOWN_S = 15.0  # a removed drain is still accepted for at most this long
MOST = 10_000  # drains in the cache of a process


@dataclass(frozen=True, slots=True)
class _Known:
    key: DrainKey | None
    until: float


class DrainKeys:
    """Cache of the keys of drains that delivered lately.

    Args:
        engine: The database to look them up in.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._known: OrderedDict[UUID, _Known] = OrderedDict()

    def admit(self, drain: UUID, given: BasicCredentials | None, token: str) -> None:
        """Check that a delivery comes from the drain that its URL was made for.

        Raises:
            Unauthorized: There is no such drain, or its secret is another one.
            Forbidden: The delivery has the token of another drain, or none.
        """
        secret_hash = hash_secret(given.password if given else "")
        key = self._opened(drain, secret_hash)
        if not token:
            raise Forbidden("The header Logplex-Drain-Token is missing.")
        token_hash = hash_secret(token)
        if key.token_hash is None:
            key = self._learn(drain, secret_hash, token_hash)
        if not hmac.compare_digest(key.token_hash or "", token_hash):
            raise Forbidden("The header Logplex-Drain-Token belongs to another drain.")

    def _opened(self, drain: UUID, secret_hash: str) -> DrainKey:
        for find in (self._find, self._look):  # look again: the secret may have been renewed
            key = find(drain)
            if key is None:
                break
            if hmac.compare_digest(key.secret_hash, secret_hash):
                return key
        raise Unauthorized("The drain does not exist, or its URL has another secret.")

    def _find(self, drain: UUID) -> DrainKey | None:
        with self._lock:
            known = self._known.get(drain)
        if known is not None and known.until > steady_seconds():
            return known.key
        return self._look(drain)

    def _look(self, drain: UUID) -> DrainKey | None:
        with self._engine.connect() as connection:
            return self._keep(drain, read_key(connection, drain))

    def _learn(self, drain: UUID, secret_hash: str, token_hash: str) -> DrainKey:
        with self._engine.begin() as connection:
            key = learn_token(connection, drain, secret_hash, token_hash)
        self._keep(drain, key)
        return key

    def _keep(self, drain: UUID, key: DrainKey | None) -> DrainKey | None:
        with self._lock:
            self._known[drain] = _Known(key, steady_seconds() + KNOWN_S)
            self._known.move_to_end(drain)
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        return key
