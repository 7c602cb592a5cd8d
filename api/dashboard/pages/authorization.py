"""How does a person let guv scale an app, on a page? By Heroku's consent, or with a token."""

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from api.dashboard.dependencies import AccessDep, FormDep
from api.dashboard.forms.validation import built
from api.dashboard.pages.start import StartDep, take_step
from api.dashboard.renderer import see_other
from api.dependencies import PartsDep, field
from api.paths import AppName, app_path
from api.v1 import authorization as rest
from api.v1.schemas.settings import TokenRequest
from guv.apps.queries import find_app
from guv.errors import Conflict

router = APIRouter(prefix="/dashboard/apps/{app}/authorization")


@router.post("/connect")
def connect(parts: PartsDep, access: AccessDep, app: AppName, _form: FormDep) -> RedirectResponse:
    """To Heroku, which asks the person; it sends them back to the first steps."""
    if not parts.heroku.asks_users:
        raise Conflict(
            "guv has no OAuth client here, so it cannot connect with Heroku. Paste a token instead."
        )
    found = find_app(access.session, access.tenant, app)
    back_to = f"{app_path(found.name)}/start?done=authorized#step-3"
    request = parts.authorizer().send(access.tenant, found, access.edit.by, access.edit.at, back_to)
    return see_other(request.url)


@router.post("/token")
def paste_token(visited: StartDep, form: FormDep) -> Response:
    """Scale the app with this token, if it may."""

    def change() -> None:
        wanted = built(TokenRequest, {"token": field(form, "token")})
        rest.paste_token(visited.parts, visited.access, visited.app, wanted)

    return take_step(visited, "authorized#step-3", change)


@router.post("/forget")
def forget(parts: PartsDep, access: AccessDep, app: AppName, _form: FormDep) -> RedirectResponse:
    """Forget what was given; the add-on's own tokens are tried instead."""
    rest.take_back_authorization(parts, access, app)
    return see_other(f"{app_path(app)}/start?done=forgotten#step-3")
