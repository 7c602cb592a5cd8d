"""How does a person let guv scale an app, on a page? By Heroku's consent, or with a token."""

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from api.dashboard.deps import AccessDep, FormDep
from api.dashboard.filled import attempt, built
from api.dashboard.pages import DeskDep, see_other
from api.dashboard.start import Said, show_steps
from api.deps import PartsDep
from api.forms import field
from api.paths import AppName
from api.settings import authorization_routes as rest
from api.settings.schemas import TokenRequest
from guv.errors import Conflict
from guv.tenancy.apps import find_app

router = APIRouter(prefix="/dashboard/apps/{app}/authorization")


@router.post("/connect")
def connect(
    parts: PartsDep, desk: DeskDep, access: AccessDep, app: AppName, _form: FormDep
) -> RedirectResponse:
    """To Heroku, which asks the person; it sends them back to the first steps."""
    if not parts.heroku.asks_users:
        raise Conflict("This guv has no OAuth client, so it cannot ask Heroku. Paste a token.")
    found = find_app(access.session, access.tenant, app)
    back_to = f"{desk.app_path(found.name)}/start?done=authorized#step-3"
    journey = parts.authorizer().send(access.tenant, found, access.edit.by, access.edit.at, back_to)
    return see_other(journey.url)


@router.post("/token")
def paste_token(
    parts: PartsDep, desk: DeskDep, access: AccessDep, app: AppName, form: FormDep
) -> Response:
    """Scale the app with this token, if it may."""

    def change() -> None:
        rest.paste_token(parts, access, app, built(TokenRequest, {"token": field(form, "token")}))

    refusal = attempt(access, change)
    if refusal is not None:
        return show_steps(parts, desk, access, app, Said(refusal))
    return see_other(f"{desk.app_path(app)}/start?done=authorized#step-3")


@router.post("/forget")
def forget(
    parts: PartsDep, desk: DeskDep, access: AccessDep, app: AppName, _form: FormDep
) -> RedirectResponse:
    """Forget what was given; the add-on's own tokens are tried instead."""
    rest.take_back_authorization(parts, access, app)
    return see_other(f"{desk.app_path(app)}/start?done=forgotten#step-3")
