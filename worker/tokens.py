"""With which token do we call Heroku? The app's, refreshed before it expires, once for all."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import httpx
from sqlmodel import Session

from guv.crypto import Sealer
from guv.database import session_scope
from guv.errors import HerokuRefused, HerokuUnavailable
from guv.models import App
from worker.runtime import Runtime

Result = TypeVar("Result")
EARLY = timedelta(minutes=10)  # a token lives 8 hours; a refresh may fail for a while


class Access:
    """Calls to Heroku on behalf of one app during one tick.

    Args:
        runtime: What the process keeps warm.
        app: As read at the start of the tick.
        now: The tick's instant.
    """

    def __init__(self, runtime: Runtime, app: App, now: datetime) -> None:
        self._runtime = runtime
        self._app = app
        self._now = now
        self._sealed = app.access_token_sealed
        self._expires_at = app.token_expires_at

    @property
    def is_possible(self) -> bool:
        """Whether guv holds anything to call Heroku with."""
        return self._sealed is not None or self._app.refresh_token_sealed is not None

    def call(self, request: Callable[[str], Result]) -> Result:
        """What the request says when it is given a token; a dead token is refreshed once.

        Raises:
            HerokuRefused: Also the fresh token is refused, or there is no fresh one.
            HerokuUnavailable: No usable answer.
        """
        token = self._token()
        try:
            return request(token)
        except HerokuRefused as refusal:
            if refusal.status != httpx.codes.UNAUTHORIZED:
                raise
        return request(self._refreshed())

    def _token(self) -> str:
        if self._sealed is None:
            return self._refreshed()
        if self._expires_at is None or self._expires_at > self._now + EARLY:
            return self._runtime.sealer.open(self._sealed)
        try:
            return self._refreshed()
        except HerokuUnavailable:
            if self._expires_at <= self._now:
                raise
            return self._runtime.sealer.open(self._sealed)

    def _refreshed(self) -> str:
        """A token that is not the one we know; one refresh serves all who wait for the row."""
        with session_scope(self._runtime.engine) as session:
            row = _locked(session, self._app)
            if row.access_token_sealed == self._sealed or row.access_token_sealed is None:
                self._refresh(row)
            self._sealed, self._expires_at = row.access_token_sealed, row.token_expires_at
            session.add(row)
        return _opened(self._runtime.sealer, self._sealed)

    def _refresh(self, row: App) -> None:
        sealer = self._runtime.sealer
        tokens = self._runtime.heroku.refresh_tokens(_opened(sealer, row.refresh_token_sealed))
        row.access_token_sealed = sealer.seal(tokens.access_token)
        row.token_expires_at = self._now + timedelta(seconds=tokens.expires_in)
        if tokens.refresh_token is not None:
            row.refresh_token_sealed = sealer.seal(tokens.refresh_token)


def is_lost(refusal: HerokuRefused) -> bool:
    """Whether a refusal means that the right to look or scale is gone, and not something else."""
    denied = {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
    return refusal.status in denied and refusal.id != "suspended"


def _locked(session: Session, app: App) -> App:
    return session.get_one(App, app.id, with_for_update={"key_share": True})


def _opened(sealer: Sealer, sealed: bytes | None) -> str:
    if sealed is None:
        raise HerokuRefused(401, "unauthorized", "guv holds no refresh token of this app")
    return sealer.open(sealed)
