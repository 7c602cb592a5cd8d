"""Opening of an add-on from Heroku's dashboard, which posts a form that Heroku signed."""

import html
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from guv.clock import unix_seconds
from sandbox.heroku import errors
from sandbox.heroku.customer import Partner
from sandbox.heroku.platform import CUSTOMER
from sandbox.heroku.routes import AnyHeroku, HerokuRoute
from sandbox.heroku.sso import sso_form

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
    found = heroku.addon(addon)
    if partner is None or found.app is not heroku.app(app):
        raise errors.missing("add-on")
    form = sso_form(found, partner.sso_salt, email, int(unix_seconds(heroku.clock())))
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in form.items()
    )
    shown = {"email": html.escape(email), "action": html.escape(partner.sso_url)}
    return HTMLResponse(_PAGE.format(fields=fields, **shown))
