"""Where does a person land who came back from Heroku's question whether guv may scale an app?

On the page of ours that they left, or on a plain one that says what came of it. The address holds
a code, so it is told to nobody: not to a log, not to the next site, not to a cache.
"""

from html import escape
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.deps import NowDep, PartsDep
from guv.authorizer import Arrival

PATH = "/heroku/oauth/callback"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
Given = Annotated[str, Query(max_length=500, pattern=r"^[^\x00]*$")]
router = APIRouter(include_in_schema=False)  # a page for people


@router.get(PATH)
def receive_consent(
    parts: PartsDep, now: NowDep, state: Given = "", code: Given | None = None
) -> Response:
    """Take what Heroku gave the person: guv scales the app with it, if that is possible."""
    arrival = parts.authorizer().receive(state, code or None, now)
    if arrival.trouble is None and arrival.back_to:
        return RedirectResponse(arrival.back_to, 303, HEADERS)
    return HTMLResponse(_page(arrival), 200 if arrival.trouble is None else 422, HEADERS)


def _page(arrival: Arrival) -> str:
    if arrival.trouble is None:
        title, text = "guv may scale your app", f"guv scales {arrival.app_name} from now on."
    else:
        title = "guv may not scale your app"
        text = f"{arrival.trouble} Begin anew if you want to."
    back = escape(arrival.back_to)
    way = f'<p><a href="{back}">Back</a></p>' if back else "<p>You can close this page.</p>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title></head>"
        f"<body><main><h1>{title}</h1><p>{escape(text)}</p>{way}</main></body></html>"
    )
