"""How a user lets somebody act for them: OAuth's web flow, with PKCE where it is offered."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sandbox.heroku import errors
from sandbox.heroku.access import Access, Authorizations, IssuedTokens

_CODE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """Who asks users for their consent, and where they are sent back to."""

    id: str
    secret: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Consent:
    """What a user said yes to."""

    email: str
    scope: str
    app_ids: frozenset[UUID]
    challenge: str
    expires_at: datetime


@dataclass(slots=True)
class Consents:
    """All consents; the tokens that come of them are the office's like all others."""

    office: Authorizations
    clients: dict[str, OAuthClient] = field(default_factory=dict)
    codes: dict[str, Consent] = field(default_factory=dict)
    refresh: dict[str, Consent] = field(default_factory=dict)

    def agree(
        self, email: str, scope: str, app_ids: frozenset[UUID], challenge: str, now: datetime
    ) -> str:
        """Create a code for the client to which the user agreed."""
        code = secrets.token_urlsafe(16)
        expires_at = now + timedelta(seconds=_CODE_SECONDS)
        self.codes[code] = Consent(email, scope, app_ids, challenge, expires_at)
        return code

    def exchange(self, code: str, secret: str, verifier: str, now: datetime) -> IssuedTokens:
        """Tokens for the code, once.

        Raises:
            Refusal: It is unknown, used or expired, or secret or verifier are wrong.
        """
        self._check_secret(secret)
        consent = self.codes.pop(code, None)
        if consent is None or now >= consent.expires_at or not _proves(verifier, consent.challenge):
            raise errors.bad_grant()
        refresh_token = f"HRKU-user-refresh-{secrets.token_urlsafe(24)}"
        self.refresh[refresh_token] = consent
        return self._issue(consent, refresh_token, now)

    def renew(self, refresh_token: str, secret: str, now: datetime) -> IssuedTokens:
        """Issue a new access token; errors as in `exchange`."""
        self._check_secret(secret)
        return self._issue(self.refresh[refresh_token], refresh_token, now)

    def revoke(self, email: str) -> None:
        """Revoke everything that the user agreed to, as a new password does."""
        for token, access in list(self.office.access.items()):
            if access.account == email and access.addon_id is None:
                del self.office.access[token]
        for refresh, consent in list(self.refresh.items()):
            if consent.email == email:
                del self.refresh[refresh]

    def _issue(self, consent: Consent, refresh_token: str, now: datetime) -> IssuedTokens:
        token, lifetime = f"HRKU-user-{secrets.token_urlsafe(24)}", self.office.lifetime
        expires_at = now + timedelta(seconds=lifetime)
        access = Access(consent.app_ids, None, consent.email, expires_at, consent.scope)
        self.office.access[token] = access
        return IssuedTokens(token, refresh_token, lifetime)

    def _check_secret(self, secret: str) -> None:
        if secret not in {client.secret for client in self.clients.values()}:
            raise errors.bad_grant()


def _proves(verifier: str, challenge: str) -> bool:
    """Check that the verifier belongs to the challenge; true where there is no challenge."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return not challenge or challenge == base64.urlsafe_b64encode(digest).decode().rstrip("=")
