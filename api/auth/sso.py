"""Did Heroku really send this person? Checked by what only Heroku and guv can compute.

The contract is Heroku's single sign-on for add-ons: its form carries a digest over the resource,
a shared salt and the time. The user-scoped one also covers the person; where it is there it is
required, and without it nobody is known by name.
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

from api.auth.login_sessions import Visits, hand_out, token_of
from api.dependencies import NowDep, PartsDep, RawFormDep, SessionDep, fields
from api.paths import app_path
from guv.apps import queries as apps
from guv.clock import unix_seconds
from guv.errors import Forbidden, Gone, NotFound
from guv.tenants import queries as tenants
from guv.tenants.models import Tenant

MOST_AGE_S = 300.0
MOST_AHEAD_S = 60.0  # Heroku's clock may be ahead of ours
BELIEVED_S = MOST_AGE_S + MOST_AHEAD_S  # no token is believed for longer
SOMEBODY = "somebody from Heroku's dashboard"
_MOST_PERSON = 200
_AGAIN = "Open guv from Heroku's dashboard once more, or with `heroku addons:open guv`."


@dataclass(frozen=True, slots=True)
class SignOn:
    """A person whom Heroku sent.

    Attributes:
        resource: Heroku's uuid of the resource.
        person: The email address that Heroku vouches for, or that it vouches for none.
        app: The app whose add-on was opened; empty: not said.
        token: What may be used once.
        spent: What is used up with it: the same person's weaker token.
    """

    resource: UUID
    person: str
    app: str
    token: str
    spent: str


def read_sign_on(form: Mapping[str, str], salt: str, now: datetime) -> SignOn:
    """Whom Heroku sent.

    Args:
        form: What the browser posted.
        salt: The manifest's `sso_salt`; with an empty one nobody is believed.
        now: Tells a fresh token from an old one.

    Raises:
        Forbidden: A token is wrong, missing or too old.
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
        raise Forbidden(f"Heroku did not sign this. {_AGAIN}")
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
        raise Forbidden(f"Heroku named no add-on. {_AGAIN}") from None


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()  # Heroku's choice


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


router = APIRouter(prefix="/sso", include_in_schema=False)


@router.post("/login")
def sign_on(
    parts: PartsDep, session: SessionDep, now: NowDep, request: Request, form: RawFormDep
) -> RedirectResponse:
    """To the pages of the app that was opened, with a new visit."""
    salt = parts.config.guv_sso_salt.get_secret_value()
    guest = read_sign_on(fields(form), salt, now)
    tenant = _tenant(session, guest)
    _use_once(parts.visits, guest)
    public_url = parts.config.guv_public_url
    before = token_of(request.cookies, public_url)
    if before:
        parts.visits.end(before)
    answer = RedirectResponse(_landing(session, tenant, guest.app), 303)
    hand_out(answer, parts.visits.begin(tenant.id, guest.person, now), public_url)
    return answer


def _tenant(session: Session, guest: SignOn) -> Tenant:
    tenant = tenants.find_tenant(session, guest.resource)
    if tenant is None:
        raise NotFound("guv does not know this add-on yet. Try again in a minute.")
    if tenant.state == "deprovisioned":
        raise Gone("This add-on was removed, and guv scales nothing for it any more.")
    return tenant


def _use_once(visits: Visits, guest: SignOn) -> None:
    """Nothing; neither the token nor the weaker one that came with it can be used again."""
    is_new = visits.use_once(guest.token, BELIEVED_S)
    if guest.spent != guest.token:
        visits.use_once(guest.spent, BELIEVED_S)
    if not is_new:
        raise Forbidden("This link was used already. Open guv from Heroku's dashboard once more.")


def _landing(session: Session, tenant: Tenant, app: str) -> str:
    """The page of the app that was opened, where guv knows it."""
    known = {one.name for one in apps.list_apps(session, tenant)}
    return app_path(app) if app in known else "/dashboard"
