"""Routes of the dashboard, and signing out."""

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import RedirectResponse

from api.auth.login_sessions import take_back, token_of
from api.dashboard import static_files
from api.dashboard.dependencies import FormDep
from api.dashboard.pages import (
    apps,
    controls,
    keys,
    notifications,
    role,
    schedule,
    settings,
    setup,
    what_if,
)
from api.dashboard.renderer import see_other
from api.dependencies import PartsDep

router = APIRouter()


@router.post("/dashboard/sign-out")
def sign_out(parts: PartsDep, request: Request, _form: FormDep) -> RedirectResponse:
    """End the session and show how to sign in again."""
    public_url = parts.config.guv_public_url
    parts.login_sessions.end(token_of(request.cookies, public_url) or "")
    answer = see_other("/dashboard")
    take_back(answer, public_url)
    return answer


PAGES = (
    apps.router,
    setup.router,
    setup.consent_router,
    controls.router,
    schedule.router,
    notifications.router,
    keys.router,
    role.router,
    settings.router,
    what_if.router,
    static_files.router,
    router,
)


def add_dashboard(app: FastAPI) -> None:
    """Add the pages and their static files to the app."""
    static_files.add_assets(app)
    for part in PAGES:
        app.include_router(part, include_in_schema=False)
