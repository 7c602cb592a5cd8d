"""How does a person come to the pages? Heroku has the browser post a form that it signed."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from api.auth.login_sessions import Visits, hand_out, token_of
from api.auth.sso import BELIEVED_S, SignOn, read_sign_on
from api.dependencies import NowDep, PartsDep, SessionDep
from api.forms import RawFormDep, fields
from api.page_urls import app_path
from guv.apps import queries as apps
from guv.errors import Forbidden, Gone, NotFound
from guv.tenants import queries as tenants
from guv.tenants.models import Tenant

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
