"""Where does a person land who came back from Heroku's question whether guv may scale an app?

On the page of ours that they left, or on one that says what came of it. What began on a page of
ours ends in the same visit only, so that nobody can be made to finish what somebody else began.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.auth.login_sessions import token_of
from api.dashboard.renderer import html_page, see_other
from api.dependencies import NowDep, PartsDep
from guv.apps.authorization import SignedInPerson
from guv.settings.field_types import STORABLE

PATH = "/heroku/oauth/callback"
Given = Annotated[str, Query(max_length=500, pattern=STORABLE)]
router = APIRouter()


@router.get(PATH)
def receive_consent(
    request: Request, parts: PartsDep, now: NowDep, state: Given = "", code: Given | None = None
) -> Response:
    """Take what Heroku gave the person: guv scales the app with it, if that is possible."""
    token = token_of(request.cookies, parts.config.guv_public_url)
    visit = parts.login_sessions.find(token, now) if token else None
    person = SignedInPerson(visit.tenant_id, visit.person) if visit else None
    arrival = parts.authorizer().receive(state, code or None, now, person)
    if arrival.trouble is None and arrival.back_to:
        return see_other(arrival.back_to)
    status = 200 if arrival.trouble is None else 422
    return html_page("consent.html", {"arrival": arrival}, parts.config, status)
