"""Credentials for scaling an app: the partner's, a user's, or a pasted token.

The *partner*'s tokens came with the add-on and always open the resource itself; they scale only
where Heroku grants it. A *user*'s consent (OAuth, scope `write`) or a *pasted* token replaces them
for scaling; the partner's tokens are kept beside them. Nothing is stored before it was tried.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session

from guv.apps.models import App
from guv.crypto import Sealer
from guv.database import session_scope
from guv.errors import HerokuRefused
from guv.heroku.addon import AddonClient
from guv.heroku.client import Tokens


class Kind(StrEnum):
    """Origin of the right to scale."""

    PARTNER = "partner"
    USER = "user"
    PASTED = "pasted"


@dataclass(frozen=True, slots=True)
class Credential:
    """A right to scale; never printed.

    Attributes:
        kind: Its origin.
        by: Who gave it, as an email address if known.
        tokens: The tokens; a pasted one has no known expiry.
    """

    kind: Kind
    by: str
    tokens: Tokens

    def __repr__(self) -> str:
        return f"Credential({self.kind})"


PASTED_LIFE = float("inf")


def pasted(token: str, by: str) -> Credential:
    """Make a credential of a pasted token."""
    return Credential(Kind.PASTED, by, Tokens(token, None, PASTED_LIFE))


def store(session: Session, app: App, given: Credential, sealer: Sealer, now: datetime) -> None:
    """Scale the app with a credential, which was tried before, from now on."""
    if app.credential == Kind.PARTNER:
        app.partner_access_sealed = app.access_token_sealed
        app.partner_refresh_sealed = app.refresh_token_sealed
        app.partner_expires_at = app.token_expires_at
    tokens = given.tokens
    app.credential, app.credential_by = given.kind, given.by
    app.access_token_sealed = sealer.seal(tokens.access_token)
    app.refresh_token_sealed = sealer.seal(tokens.refresh_token) if tokens.refresh_token else None
    is_endless = tokens.expires_in == PASTED_LIFE
    app.token_expires_at = None if is_endless else now + timedelta(seconds=tokens.expires_in)
    app.credential_at = now
    note_right(app, "authorized")
    session.add(app)


def note_right(app: App, state: str, note: str = "", retry_at: datetime | None = None) -> None:
    """Record whether guv may scale the app, and when to check again if not."""
    app.authorization_state, app.authorization_note = state, note
    app.authorization_retry_at, app.token_retry_at = retry_at, None


def give_back(session: Session, app: App, now: datetime) -> None:
    """Forget a user's or pasted token, and return to the add-on's own."""
    if app.credential == Kind.PARTNER:
        return
    app.access_token_sealed = app.partner_access_sealed
    app.refresh_token_sealed = app.partner_refresh_sealed
    app.token_expires_at = app.partner_expires_at
    app.partner_access_sealed, app.partner_refresh_sealed = None, None
    app.partner_expires_at = None
    app.credential, app.credential_by, app.credential_at = Kind.PARTNER, "", now
    note_right(app, "unknown")
    session.add(app)


def partner_token(
    engine: Engine, sealer: Sealer, heroku: AddonClient, app_id: UUID, now: datetime
) -> str:
    """Return a token that opens the add-on resource, whatever guv scales the app with.

    An expired token is refreshed and stored.

    Raises:
        HerokuRefused: There is no token, or its refresh is refused.
        HerokuUnavailable: No usable answer to the refresh.
    """
    with session_scope(engine) as session:
        app = find_locked(session, app_id)
        usable = usable_partner_token(app, sealer, now)
        if usable is not None:
            return usable
        _, refresh, _ = _partner_columns(app)
        if refresh is None:
            raise HerokuRefused(401, "unauthorized", "guv holds no token of the resource")
        fresh = heroku.refresh_tokens(sealer.open(refresh))
        _put_partner_token(app, sealer.seal(fresh.access_token), now, fresh.expires_in)
        session.add(app)
        return fresh.access_token


def usable_partner_token(app: App, sealer: Sealer, now: datetime) -> str | None:
    """Return the token that opens the resource; None: it is missing or expired."""
    access, _, expires_at = _partner_columns(app)
    if access is None or (expires_at is not None and expires_at <= now):
        return None
    return sealer.open(access)


def _partner_columns(app: App) -> tuple[bytes | None, bytes | None, datetime | None]:
    if app.credential == Kind.PARTNER:
        return app.access_token_sealed, app.refresh_token_sealed, app.token_expires_at
    return app.partner_access_sealed, app.partner_refresh_sealed, app.partner_expires_at


def _put_partner_token(app: App, sealed: bytes, now: datetime, seconds: float) -> None:
    expires_at = now + timedelta(seconds=seconds)
    if app.credential == Kind.PARTNER:
        app.access_token_sealed, app.token_expires_at = sealed, expires_at
    else:
        app.partner_access_sealed, app.partner_expires_at = sealed, expires_at


def find_locked(session: Session, app_id: UUID) -> App:
    """Read an app's row and lock it until the transaction ends; reading ticks do not wait."""
    return session.get_one(App, app_id, with_for_update={"key_share": True})
