"""With which token do we call Heroku? The app's, refreshed before it expires, once for all."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from guv.apps.models import App
from guv.crypto import Sealer
from guv.database import session_scope
from guv.errors import HerokuLimited, HerokuRefused, HerokuUnavailable, OutsideError
from guv.heroku.call_budget import Need, account_of
from guv.heroku.credentials import find_locked
from worker.process.runtime import Runtime

Result = TypeVar("Result")
EARLY = timedelta(minutes=10)  # a token lives 8 hours; a refresh may fail for a while
PAUSE = timedelta(seconds=20)  # after a refresh that failed


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

    def call(self, request: Callable[[str], Result], need: Need = Need.SCALE_UP) -> Result:
        """What the request says when it is given a token; a dead token is refreshed once.

        Args:
            request: Calls Heroku once.
            need: What for, while the account's calls run out.

        Raises:
            CallsSpent: Heroku was not called, what is left is for something more important.
            HerokuRefused: Also the fresh token is refused, or there is no fresh one.
            HerokuUnavailable: No usable answer.
        """
        self._runtime.budget.take(account_of(self._app), need, self._now)
        try:
            return self._called(request)
        except HerokuLimited:
            self.learn_remaining(0)
            raise

    def learn_remaining(self, calls: int | None) -> None:
        """Nothing; the account has so many calls left, as Heroku says, where it does."""
        if calls is not None:
            self._runtime.budget.learn(account_of(self._app), calls, self._now)

    def _called(self, request: Callable[[str], Result]) -> Result:
        token = self._token()
        try:
            return request(token)
        except HerokuRefused as refusal:
            if not refusal.is_about_token:
                raise
        return request(self._refreshed(is_dead=True))

    def _token(self) -> str:
        if self._sealed is None:
            return self._refreshed(is_dead=True)
        if self._expires_at is None or self._expires_at > self._now + EARLY:
            return self._runtime.sealer.open(self._sealed)
        try:
            return self._refreshed(is_dead=self._expires_at <= self._now)
        except (HerokuUnavailable, HerokuRefused):
            if self._expires_at <= self._now:
                raise
            return self._runtime.sealer.open(self._sealed)

    def _refreshed(self, *, is_dead: bool) -> str:
        """A token that is not the one we know; one refresh serves all who wait for the row.

        Also a refresh that failed serves them: it is not tried again for a while.
        """
        failure: OutsideError | None = None
        with session_scope(self._runtime.engine) as session:
            row = find_locked(session, self._app.id)
            if row.access_token_sealed in {None, self._sealed}:
                failure = self._settle(row, is_dead=is_dead)
                session.add(row)
            sealed, expires_at = row.access_token_sealed, row.token_expires_at
        if failure is not None:
            raise failure
        self._sealed, self._expires_at = sealed, expires_at
        return _opened(self._runtime.sealer, sealed)

    def _settle(self, row: App, *, is_dead: bool) -> OutsideError | None:
        """Why the row has no fresh tokens now; None: it has."""
        if row.token_retry_at is not None and row.token_retry_at > self._now:
            return HerokuUnavailable("a refresh of the token failed a moment ago")
        try:
            self._refresh(row)
        except (HerokuUnavailable, HerokuRefused) as failure:
            row.token_retry_at = self._now + PAUSE
            is_over = isinstance(failure, HerokuRefused) and row.refresh_token_sealed is not None
            if is_dead and is_over:
                row.access_token_sealed = None  # the next attempt asks for a new one only
            return failure
        return None

    def _refresh(self, row: App) -> None:
        sealer, heroku = self._runtime.sealer, self._runtime.heroku
        refresh = heroku.refresh_user_tokens if row.credential == "user" else heroku.refresh_tokens
        tokens = refresh(_opened(sealer, row.refresh_token_sealed))
        row.access_token_sealed = sealer.seal(tokens.access_token)
        row.token_expires_at = self._now + timedelta(seconds=tokens.expires_in)
        row.token_retry_at = None
        if tokens.refresh_token is not None:
            row.refresh_token_sealed = sealer.seal(tokens.refresh_token)


def _opened(sealer: Sealer, sealed: bytes | None) -> str:
    if sealed is None:
        raise HerokuRefused(401, "unauthorized", "guv holds no refresh token of this app")
    return sealer.open(sealed)
