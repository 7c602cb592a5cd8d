"""Authorization of guv to scale an app, by a pasted token or a user's consent.

Consent is OAuth's web flow with a state and PKCE. Token and consent are tried before they are
stored, and the previous authorization stays until one works. No row is locked and no connection is
held while one is tried.
"""

import base64
import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session

from guv.apps.models import App, Consent
from guv.apps.queries import put_consent, take_consent
from guv.crypto import Sealer, hash_secret, new_secret
from guv.database import session_scope
from guv.errors import FieldError, Gone, HerokuRefused, HerokuUnavailable, Invalid, Unavailable
from guv.heroku.addon import AddonClient
from guv.heroku.credentials import (
    Credential,
    Kind,
    find_locked,
    give_back,
    note_right,
    partner_token,
    pasted,
    store,
)
from guv.tenants import queries as tenants
from guv.tenants.models import Tenant

LIFE = timedelta(minutes=10)  # of a consent that waits for the person's answer at Heroku
_ADVICE = {
    401: "Heroku does not accept it",
    403: "it needs the scope write, from a person who may scale the app (in a team: operate)",
    404: "it has no access to this app",
}
_AWAY = "Heroku does not answer, so nothing was changed. Try again in a moment."


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A consent that was started: the address to open, and when it expires."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedInPerson:
    """A person in a login session of a tenant."""

    tenant_id: UUID
    person: str


@dataclass(frozen=True, slots=True)
class AuthorizationResult:
    """The result of a consent.

    Attributes:
        app_name: The app; "" if unknown.
        back_to: Path of the page to return to; "": none.
        trouble: Why guv may not scale the app, for the person; None: it may.
    """

    app_name: str = ""
    back_to: str = ""
    trouble: str | None = None

    @property
    def way_back(self) -> str:
        """The page to return to, without the query that reports a success."""
        return self.back_to.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Authorizer:
    """Tries credentials and stores those that work.

    Attributes:
        engine: The database.
        sealer: Seals the tokens.
        heroku: Where they are tried.
        pause: Seconds until a missing right is checked again.
    """

    engine: Engine
    sealer: Sealer
    heroku: AddonClient
    pause: float

    def paste(self, tenant: Tenant, app: App, token: str, by: str, now: datetime) -> None:
        """Scale the app with a token from now on.

        Raises:
            Invalid: The token cannot scale the app; the message says why.
            Unavailable: Heroku does not answer.
            Gone: The add-on was removed meanwhile.
        """
        try:
            trouble = self._why_not(app.heroku_id, token)
        except HerokuUnavailable:
            raise Unavailable(_AWAY) from None
        if trouble is not None:
            raise Invalid("The token was not saved.", [FieldError("token", trouble)])
        self._keep(tenant.id, app.id, pasted(token, by), now)

    def take_back(self, tenant: Tenant, app: App, now: datetime) -> None:
        """Scale the app with the add-on's own tokens again, if Heroku accepts them.

        Raises:
            Gone: The add-on was removed meanwhile.
        """
        with session_scope(self.engine) as session:
            _present(session, tenant.id)
            locked = find_locked(session, app.id)
            if locked.credential == Kind.PARTNER:
                return
            give_back(session, locked, now)
        with suppress(HerokuUnavailable):  # the next tick will try again
            self.look_at_partner(app, now)

    def look_at_partner(self, app: App, now: datetime) -> None:
        """Record whether the add-on's own tokens may scale the app.

        Raises:
            HerokuUnavailable: No usable answer.
        """
        token, note = None, ""
        try:
            token = partner_token(self.engine, self.sealer, self.heroku, app.id, now)
            self.heroku.try_to_scale(app.heroku_id, token)
        except HerokuRefused as refusal:
            is_for_a_tick = refusal.is_about_token or not refusal.is_about_rights
            if token is not None and is_for_a_tick:
                return  # the next tick refreshes the token, or reports what is wrong
            note = str(refusal)
        self._note_partner(app.id, note, now)

    def send(
        self, tenant: Tenant, app: App, by: str, now: datetime, back_to: str = ""
    ) -> AuthorizationRequest:
        """Start a consent.

        Args:
            tenant: The tenant.
            app: The only app that it is for.
            by: The person who gives it, for the app's row.
            now: The present.
            back_to: Path of the page that shows the result; "": none.
        """
        state, verifier, expires_at = new_secret(), new_secret(), now + LIFE
        consent = Consent(
            state_hash=hash_secret(state),
            tenant_id=tenant.id,
            app_id=app.id,
            verifier_sealed=self.sealer.seal(verifier),
            by=by,
            back_to=back_to,
            expires_at=expires_at,
        )
        with session_scope(self.engine) as session:
            put_consent(session, tenant, consent, now)
        return AuthorizationRequest(
            self.heroku.consent_url(state, _challenge(verifier)), expires_at
        )

    def receive(
        self, state: str, code: str | None, now: datetime, person: SignedInPerson | None = None
    ) -> AuthorizationResult:
        """Finish a consent; a state is taken once, whatever the result.

        Args:
            state: From the redirect.
            code: Heroku's code; None: the person refused.
            now: The present.
            person: The person who returned, if they have a login session.
        """
        with session_scope(self.engine) as session:
            consent = take_consent(session, state, now)
            app = session.get(App, consent.app_id) if consent else None
        if consent is None or app is None:
            return AuthorizationResult(
                trouble="This link was already used, or is older than 10 minutes."
            )
        if consent.back_to and person != SignedInPerson(consent.tenant_id, consent.by):
            return AuthorizationResult(
                trouble="You are signed out, or another person started this. Open the app's page."
            )
        trouble = self._accept(consent, app, code, now)
        return AuthorizationResult(app.name, consent.back_to, trouble)

    def _accept(self, consent: Consent, app: App, code: str | None, now: datetime) -> str | None:
        if code is None:
            return "You did not allow guv to scale the app."
        try:
            tokens = self.heroku.exchange_consent(code, self.sealer.open(consent.verifier_sealed))
            trouble = self._why_not(app.heroku_id, tokens.access_token)
            if trouble is None:
                given = Credential(Kind.USER, consent.by, tokens)
                self._keep(consent.tenant_id, app.id, given, now)
        except HerokuUnavailable:
            return _AWAY
        except HerokuRefused as refusal:
            return f"Heroku rejected the consent ({refusal})."
        except Gone as gone:
            return gone.message
        return None if trouble is None else f"Your consent cannot be used: {trouble}."

    def _note_partner(self, app_id: UUID, note: str, now: datetime) -> None:
        with session_scope(self.engine) as session:
            app = find_locked(session, app_id)
            if app.credential == Kind.PARTNER:
                state = "needs_authorization" if note else "authorized"
                retry_at = now + timedelta(seconds=self.pause) if note else None
                note_right(app, state, note, retry_at)

    def _why_not(self, app_id: UUID, token: str) -> str | None:
        """Return why the token cannot scale the app; None: it can."""
        try:
            self.heroku.try_to_scale(app_id, token)
        except HerokuRefused as refusal:
            return f"{_ADVICE.get(refusal.status, 'Heroku refuses')} ({refusal})"
        return None

    def _keep(self, tenant_id: UUID, app_id: UUID, given: Credential, now: datetime) -> None:
        with session_scope(self.engine) as session:
            _present(session, tenant_id)
            store(session, find_locked(session, app_id), given, self.sealer, now)


def _present(session: Session, tenant_id: UUID) -> None:
    """Lock the tenant until the transaction ends.

    Raises:
        Gone: It was deprovisioned.
    """
    tenant = tenants.lock_tenant(session, tenant_id)
    if tenant is None or tenant.state == "deprovisioned":
        raise Gone("The add-on was removed.")


def _challenge(verifier: str) -> str:
    """Return PKCE's challenge (S256) of a verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
