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

from guv.clock import unix_seconds
from guv.errors import Forbidden

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
