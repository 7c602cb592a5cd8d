"""Who may do what, for how long, and how often: grants, tokens and the rate limit."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sandbox.heroku import errors
from sandbox.heroku.model import AddOn, App

PARTNER = "guv@addons.heroku.com"
_GRANT_SECONDS = 300
_CALLS = 4500.0
_CALLS_PER_SECOND = 75 / 60


@dataclass(frozen=True, slots=True)
class Access:
    """What a token opens; `account` is the owner of the rate limit."""

    app_ids: frozenset[UUID]
    addon_id: UUID | None
    account: str
    expires_at: datetime | None
    scope: str = "write"


@dataclass(frozen=True, slots=True)
class Grant:
    """A code that turns into tokens once, until it expires."""

    code: str
    addon_id: UUID
    app_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """Tokens as they go out; `lifetime` in seconds."""

    access_token: str
    refresh_token: str
    lifetime: float


@dataclass(slots=True)
class Authorizations:
    """All grants and tokens.

    Attributes:
        client_secret: The partner's.
        lifetime: Seconds that an access token works.
        partner_may_scale: Whether partner tokens open the formation, which Heroku grants partner
            by partner.
        partner_may_hear: Whether partners may be told of formations, which Heroku grants as well.
    """

    client_secret: str
    lifetime: float = 28_800.0
    partner_may_scale: bool = True
    partner_may_hear: bool = False
    grants: dict[str, Grant] = field(default_factory=dict)
    access: dict[str, Access] = field(default_factory=dict)
    refresh: dict[str, Grant] = field(default_factory=dict)

    def new_grant(self, addon: AddOn, now: datetime) -> Grant:
        """Create a grant code for the add-on's partner."""
        expires_at = now + timedelta(seconds=_GRANT_SECONDS)
        grant = Grant(str(uuid4()), addon.id, addon.app.id, expires_at)
        self.grants[grant.code] = grant
        return grant

    def exchange(self, code: str, secret: str, now: datetime) -> IssuedTokens:
        """Tokens for a grant code.

        Raises:
            Refusal: It is unknown, used or expired, or the secret is wrong.
        """
        self._check_secret(secret)
        grant = self.grants.pop(code, None)
        if grant is None or now >= grant.expires_at:
            raise errors.bad_grant()
        refresh_token = f"HRKU-refresh-{secrets.token_urlsafe(24)}"
        self.refresh[refresh_token] = grant
        return self._issue(grant, refresh_token, now)

    def renew(self, refresh_token: str, secret: str, now: datetime) -> IssuedTokens:
        """Issue a new access token for a refresh token, which keeps working.

        Raises:
            Refusal: It is unknown or revoked, or the secret is wrong.
        """
        self._check_secret(secret)
        grant = self.refresh.get(refresh_token)
        if grant is None:
            raise errors.bad_grant()
        return self._issue(grant, refresh_token, now)

    def user_token(self, app: App, email: str, scope: str = "write") -> str:
        """Create a token as a customer pastes it, for one app's formation and without expiry."""
        token = f"HRKU-user-{secrets.token_urlsafe(24)}"
        self.access[token] = Access(frozenset({app.id}), None, email, None, scope)
        return token

    def find(self, token: str, now: datetime) -> Access:
        """Return what the token opens.

        Raises:
            Refusal: Nothing (any more).
        """
        access = self.access.get(token)
        if access is None or (access.expires_at is not None and now >= access.expires_at):
            raise errors.bad_credentials()
        return access

    def revoke(self, addon_id: UUID | None = None, *, refresh: bool = True) -> None:
        """Revoke the tokens of one add-on, or all tokens."""
        for token, access in list(self.access.items()):
            if addon_id in {None, access.addon_id}:
                del self.access[token]
        for token, grant in list(self.refresh.items()):
            if refresh and addon_id in {None, grant.addon_id}:
                del self.refresh[token]

    def _issue(self, grant: Grant, refresh_token: str, now: datetime) -> IssuedTokens:
        token = f"HRKU-{secrets.token_urlsafe(24)}"
        expires_at = now + timedelta(seconds=self.lifetime)
        apps = frozenset({grant.app_id})
        self.access[token] = Access(apps, grant.addon_id, PARTNER, expires_at)
        return IssuedTokens(token, refresh_token, self.lifetime)

    def _check_secret(self, secret: str) -> None:
        if not secrets.compare_digest(secret.encode(), self.client_secret.encode()):
            raise errors.bad_grant()


@dataclass(slots=True)
class RateLimit:
    """The calls that each account has left; one comes back every 0.8 s."""

    left: dict[str, tuple[float, datetime]] = field(default_factory=dict)

    def remaining(self, account: str, now: datetime) -> int:
        """Return the calls that the account may make at once."""
        calls, at = self.left.get(account, (_CALLS, now))
        return int(min(_CALLS, calls + (now - at).total_seconds() * _CALLS_PER_SECOND))

    def take(self, account: str, now: datetime) -> int:
        """Count a call and return how many are left.

        Raises:
            Refusal: There was none left.
        """
        remaining = self.remaining(account, now)
        if remaining < 1:
            raise errors.rate_limited()
        self.set(account, remaining - 1, now)
        return remaining - 1

    def set(self, account: str, calls: float, now: datetime) -> None:
        """Set the calls that the account has left."""
        self.left[account] = (calls, now)
