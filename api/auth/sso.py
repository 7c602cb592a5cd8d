"""Single sign-on from Heroku's dashboard.

Heroku has the browser post a form with a digest over the resource, a shared salt and the time. The
user-scoped digest also covers the person. It is required where it is sent; without it the person
stays anonymous.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from api.auth.login_sessions import LoginSessions, hand_out, token_of
from api.dependencies import NowDep, PartsDep, RawFormDep, SessionDep, fields
from api.paths import app_path
from guv.apps import queries as apps
from guv.clock import unix_seconds
from guv.errors import Forbidden, Gone, NotFound
from guv.tenants import queries as tenants
from guv.tenants.models import Tenant

MOST_AGE_S = 300.0  # of a sign-on
MOST_AHEAD_S = 60.0  # by which Heroku's clock may be ahead of ours
BELIEVED_S = MOST_AGE_S + MOST_AHEAD_S  # a token is accepted for at most this long
SOMEBODY = "somebody from Heroku's dashboard"
_MOST_PERSON = 200  # characters of an email address
_AGAIN = "Open guv from your Heroku dashboard again, or with `heroku addons:open guv`."


@dataclass(frozen=True, slots=True)
class SignOn:
    """A sign-on by Heroku.

    Attributes:
        resource: Heroku's uuid of the resource.
        person: Email address of the person, or `SOMEBODY` where Heroku sent none.
        app: Name of the app whose add-on was opened; empty: unknown.
        token: The digest, which may be used once.
        spent: The weaker digest of the same form, which is used up with it.
    """

    resource: UUID
    person: str
    app: str
    token: str
    spent: str


def read_sign_on(form: Mapping[str, str], salt: str, now: datetime) -> SignOn:
    """Verify the form of a sign-on.

    Args:
        form: As the browser posted it.
        salt: The manifest's `sso_salt`; with an empty one every sign-on is refused.
        now: The present.

    Raises:
        Forbidden: A digest is wrong, missing or too old.
    """
    resource, timestamp = form.get("resource_id", ""), form.get("timestamp", "")
    weak = _sha1(f"{resource}:{salt}:{timestamp}")
    scoped = form.get("user_scoped_resource_token")
    if scoped is None:
        expected, given = weak, form.get("resource_token", "")
    else:
        user, email = form.get("user_id", ""), form.get("email", "")
        expected, given = _sha256(f"{resource}:{salt}:{timestamp}:{user}:{email}"), scoped
    is_right = hmac.compare_digest(expected.encode(), given.encode())
    if not salt or not is_right:
        raise Forbidden(f"This link is not signed by Heroku. {_AGAIN}")
    _refuse_old(timestamp, now)
    person = form.get("email", "")[:_MOST_PERSON] if scoped is not None else ""
    app = form.get("context_app") or form.get("app", "")
    return SignOn(_uuid(resource), person or SOMEBODY, app, given, weak)


def _refuse_old(timestamp: str, now: datetime) -> None:
    is_number = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < len("1" * 13)
    age = unix_seconds(now) - int(timestamp) if is_number else MOST_AGE_S + 1
    if not -MOST_AHEAD_S <= age <= MOST_AGE_S:
        raise Forbidden(f"This link is older than five minutes. {_AGAIN}")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Forbidden(f"This link names no add-on. {_AGAIN}") from None


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()  # Heroku's choice


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


router = APIRouter(prefix="/sso", include_in_schema=False)


@router.post("/login")
def sign_on(
    parts: PartsDep, session: SessionDep, now: NowDep, request: Request, form: RawFormDep
) -> RedirectResponse:
    """Start a login session and redirect to the page of the app that was opened."""
    salt = parts.config.guv_sso_salt.get_secret_value()
    sign_on = read_sign_on(fields(form), salt, now)
    tenant = _tenant(session, sign_on)
    _use_once(parts.login_sessions, sign_on)
    public_url = parts.config.guv_public_url
    before = token_of(request.cookies, public_url)
    if before:
        parts.login_sessions.end(before)
    answer = RedirectResponse(_landing(session, tenant, sign_on.app), 303)
    hand_out(answer, parts.login_sessions.begin(tenant.id, sign_on.person, now), public_url)
    return answer


def _tenant(session: Session, sign_on: SignOn) -> Tenant:
    tenant = tenants.find_tenant(session, sign_on.resource)
    if tenant is None:
        raise NotFound("guv does not know this add-on yet. Try again in a minute.")
    if tenant.state == "deprovisioned":
        raise Gone("This add-on was removed. guv no longer scales its app.")
    return tenant


def _use_once(login_sessions: LoginSessions, sign_on: SignOn) -> None:
    """Use up the token and the weaker one that came with it."""
    is_new = login_sessions.use_once(sign_on.token, BELIEVED_S)
    if sign_on.spent != sign_on.token:
        login_sessions.use_once(sign_on.spent, BELIEVED_S)
    if not is_new:
        raise Forbidden("This link was already used. Open guv from your Heroku dashboard again.")


def _landing(session: Session, tenant: Tenant, app: str) -> str:
    """Return the page of the app that was opened, if guv knows the app."""
    known = {known_app.name for known_app in apps.list_apps(session, tenant)}
    return app_path(app) if app in known else "/dashboard"
