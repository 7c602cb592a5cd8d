"""Sign-on of a customer to the partner's pages, with a form that Heroku signs."""

import hashlib
import html
from typing import Annotated
from uuid import NAMESPACE_URL, UUID, uuid5

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from guv.clock import unix_seconds
from sandbox.heroku import errors
from sandbox.heroku.customer import Partner
from sandbox.heroku.model import AddOn
from sandbox.heroku.platform import CUSTOMER
from sandbox.heroku.routes import AnyHeroku, HerokuRoute

router = APIRouter(route_class=HerokuRoute)
_PAGE = """<!doctype html><html lang="en"><title>Heroku, made up</title>
<p>The sandbox's Heroku signs {email} on to the add-on.</p>
<form method="post" action="{action}">{fields}<button>Go on</button></form>
<script>document.forms[0].submit()</script></html>"""


@router.get("/sso/apps/{app}/addons/{addon}", response_class=HTMLResponse)
def open_addon(
    app: str,
    addon: str,
    request: Request,
    heroku: AnyHeroku,
    email: Annotated[str, Query()] = CUSTOMER,
) -> HTMLResponse:
    """Return a page that takes this person to the partner's pages, with or without script."""
    partner: Partner | None = request.app.state.partner
    resource = heroku.addon(addon)
    if partner is None or resource.app is not heroku.app(app):
        raise errors.missing("add-on")
    form = sso_form(resource, partner.sso_salt, email, int(unix_seconds(heroku.clock())))
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in form.items()
    )
    shown = {"email": html.escape(email), "action": html.escape(partner.sso_url)}
    return HTMLResponse(_PAGE.format(fields=fields, **shown))


def sso_form(addon: AddOn, salt: str, email: str, timestamp: int) -> dict[str, str]:
    """Build what the customer's browser posts, with both tokens that are valid today.

    Args:
        addon: Whose pages.
        salt: The manifest's `sso_salt`.
        email: Who comes.
        timestamp: Unix seconds.
    """
    user = user_id(email)
    return {
        "id": str(addon.provider_id or addon.id),
        "resource_id": str(addon.id),
        "resource_token": _sha1(f"{addon.id}:{salt}:{timestamp}"),
        "user_scoped_resource_token": _sha256(f"{addon.id}:{salt}:{timestamp}:{user}:{email}"),
        "timestamp": str(timestamp),
        "nav-data": "e30",
        "email": email,
        "user_id": str(user),
        "app": addon.app.name,
        "context_app": addon.app.name,
    }


def user_id(email: str) -> UUID:
    """Heroku's id of the person with that address."""
    return uuid5(NAMESPACE_URL, email)


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
