"""Which pages are there? All below /dashboard, for whoever has a visit, and the way back to it."""

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import RedirectResponse

from api.dashboard import (
    app_page,
    authorization,
    changes,
    charts,
    consent,
    controls,
    keys,
    notifications,
    overview,
    schedule,
    start,
)
from api.dashboard.assets import add_assets
from api.dashboard.deps import FormDep
from api.dashboard.pages import see_other
from api.dashboard.role import downloads, page, settings_page, what_if
from api.deps import PartsDep
from api.visits import take_back, token_of

router = APIRouter()


@router.post("/dashboard/sign-out")
def sign_out(parts: PartsDep, request: Request, _form: FormDep) -> RedirectResponse:
    """To the page that says how to come back; the visit is over."""
    public_url = parts.config.guv_public_url
    parts.visits.end(token_of(request.cookies, public_url) or "")
    answer = see_other("/dashboard")
    take_back(answer, public_url)
    return answer


PAGES = (
    overview.router,
    app_page.router,
    start.router,
    authorization.router,
    controls.router,
    schedule.router,
    notifications.router,
    keys.router,
    changes.router,
    page.router,
    downloads.router,
    settings_page.router,
    what_if.router,
    charts.router,
    consent.router,
    router,
)


def add_dashboard(app: FastAPI) -> None:
    """Nothing; the app has the pages and what they are made of."""
    add_assets(app)
    for part in PAGES:
        app.include_router(part, include_in_schema=False)
