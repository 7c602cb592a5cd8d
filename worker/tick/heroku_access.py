"""Access to Heroku on behalf of an app: its token, refreshed in time, within the call budget."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from guv.apps.models import App
from guv.crypto import Sealer
from guv.database import session_scope
from guv.errors import HerokuLimited, HerokuRefused, HerokuUnavailable, OutsideError
from guv.heroku.call_budget import CallBudget, Need, account_of
from guv.heroku.credentials import find_locked
from worker.process.runtime import Runtime

Result = TypeVar("Result")
EARLY = timedelta(minutes=10)  # A token lives 8 hours; a refresh may fail for a while.
PAUSE = timedelta(seconds=20)  # After a refresh that failed.


class TokenSource(Protocol):
    """Where the token of an app comes from."""

    @property
    def is_possible(self) -> bool:
        """Whether guv holds anything to call Heroku with."""

    def current(self) -> str:
        """Return a token that should work."""

    def renewed(self) -> str | None:
        """Return a new token after Heroku refused the current one; None: it cannot be renewed."""


class HerokuAccess:
    """Calls to Heroku on behalf of one app during one tick of its roles.

    Args:
        budget: Calls that are left.
        account: Whose calls are spent.
        tokens: Where the token comes from.
        now: The tick's instant.
    """

    def __init__(
        self, budget: CallBudget, account: str, tokens: TokenSource, now: datetime
    ) -> None:
        self._budget = budget
        self._account = account
        self._tokens = tokens
        self._now = now

    @property
    def is_possible(self) -> bool:
        """Whether guv holds anything to call Heroku with."""
        return self._tokens.is_possible

    def call(self, request: Callable[[str], Result], need: Need = Need.SCALE_UP) -> Result:
        """Call Heroku with a token; a token that it refuses is renewed once.

        Args:
            request: Calls Heroku once.
            need: What for, while the account's calls run out.

        Raises:
            CallsSpent: Heroku was not called: the calls left are for something more important.
            HerokuRefused: Also the renewed token is refused, or there is none.
            HerokuUnavailable: No usable answer.
        """
        self._budget.take(self._account, need, self._now)
        try:
            return self._request(request)
        except HerokuLimited:
            self.learn_remaining(0)
            raise

    def _request(self, request: Callable[[str], Result]) -> Result:
        token = self._tokens.current()  # A refusal to make one is no refusal of a token.
        try:
            return request(token)
        except HerokuRefused as refusal:
            renewed = self._tokens.renewed() if refusal.is_about_token else None
            if renewed is None:
                raise
        return request(renewed)

    def learn_remaining(self, calls: int | None) -> None:
        """Tell the budget how many calls Heroku says are left, where it says so."""
        if calls is not None:
            self._budget.learn(self._account, calls, self._now)


def access_of(runtime: Runtime, app: App, now: datetime) -> HerokuAccess:
    """Return the access with the app's own tokens."""
    return HerokuAccess(runtime.budget, account_of(app), AppTokens(runtime, app, now), now)


class AppTokens:
    """Tokens of one app's row, refreshed before they expire, once for all processes.

    Args:
        runtime: The process's.
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
        """Whether the row has any token."""
        return self._sealed is not None or self._app.refresh_token_sealed is not None

    def current(self) -> str:
        """Return the token of the row, or a fresh one where it is about to expire."""
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

    def renewed(self) -> str:
        """Return a token other than the one that Heroku refused."""
        return self._refreshed(is_dead=True)

    def _refreshed(self, *, is_dead: bool) -> str:
        """Return a token that is not the known one; one refresh serves all who wait for the row.

        Also a refresh that failed serves them: it is not tried again for a while.
        """
        failure: OutsideError | None = None
        with session_scope(self._runtime.engine) as session:
            row = find_locked(session, self._app.id)
            if row.access_token_sealed in {None, self._sealed}:
                failure = self._refresh_row(row, is_dead=is_dead)
                session.add(row)
            sealed, expires_at = row.access_token_sealed, row.token_expires_at
        if failure is not None:
            raise failure
        self._sealed, self._expires_at = sealed, expires_at
        return _opened(self._runtime.sealer, sealed)

    def _refresh_row(self, row: App, *, is_dead: bool) -> OutsideError | None:
        """Put fresh tokens into the row, or return why there are none."""
        if row.token_retry_at is not None and row.token_retry_at > self._now:
            return HerokuUnavailable("a refresh of the token failed a moment ago")
        sealer, heroku = self._runtime.sealer, self._runtime.heroku
        refresh = heroku.refresh_user_tokens if row.credential == "user" else heroku.refresh_tokens
        try:
            tokens = refresh(_opened(sealer, row.refresh_token_sealed))
        except (HerokuUnavailable, HerokuRefused) as failure:
            row.token_retry_at = self._now + PAUSE
            is_over = isinstance(failure, HerokuRefused) and row.refresh_token_sealed is not None
            if is_dead and is_over:
                row.access_token_sealed = None  # The next attempt asks for a new one only.
            return failure
        row.access_token_sealed = sealer.seal(tokens.access_token)
        row.token_expires_at = self._now + timedelta(seconds=tokens.expires_in)
        row.token_retry_at = None
        if tokens.refresh_token is not None:
            row.refresh_token_sealed = sealer.seal(tokens.refresh_token)
        return None


def _opened(sealer: Sealer, sealed: bytes | None) -> str:
    if sealed is None:
        raise HerokuRefused(401, "unauthorized", "guv holds no refresh token of this app")
    return sealer.open(sealed)
