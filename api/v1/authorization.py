"""Authorization of guv to scale an app: show, give and take back.

The add-on's own tokens are used where Heroku accepts them. Otherwise a person who may scale the app
gives a token with the scope `write`, which is the least that can scale, or their consent.
"""

from fastapi import APIRouter

from api.container import Parts
from api.dependencies import AccessDep, PartsDep
from api.errors import error_answers
from api.paths import AppName
from api.v1.schemas.settings import AuthorizationAnswer, ConsentAnswer, TokenRequest
from guv.apps.models import App
from guv.apps.queries import find_app, find_detached_app
from guv.errors import Conflict

router = APIRouter(
    prefix="/apps/{app}/authorization", tags=["authorization"], responses=error_answers(404)
)


@router.get("")
def read_authorization(parts: PartsDep, access: AccessDep, app: AppName) -> AuthorizationAnswer:
    """Show what guv scales the app with, and whether it works."""
    return _answer(parts, find_app(access.session, access.tenant, app))


@router.put("", responses=error_answers(410, 503))
def paste_token(
    parts: PartsDep, access: AccessDep, app: AppName, request: TokenRequest
) -> AuthorizationAnswer:
    """Scale the app with a token; if the token cannot, the previous authorization stays."""
    app_row = find_detached_app(access.session, access.tenant, app)
    token = request.token.get_secret_value()
    parts.authorizer().paste(access.tenant, app_row, token, access.edit.by, access.edit.at)
    return _answer(parts, find_detached_app(access.session, access.tenant, app))


@router.delete("", responses=error_answers(410))
def take_back_authorization(
    parts: PartsDep, access: AccessDep, app: AppName
) -> AuthorizationAnswer:
    """Forget a token or consent; the add-on's own tokens are used instead."""
    app_row = find_detached_app(access.session, access.tenant, app)
    parts.authorizer().take_back(access.tenant, app_row, access.edit.at)
    return _answer(parts, find_detached_app(access.session, access.tenant, app))


@router.post("/connect", responses=error_answers(409))
def connect(parts: PartsDep, access: AccessDep, app: AppName) -> ConsentAnswer:
    """Start a consent: returns the address to open, valid once within 10 minutes."""
    app_row = find_detached_app(access.session, access.tenant, app)
    if not parts.heroku.asks_users:
        raise Conflict(
            "This guv has no OAuth client, so it cannot ask for consent. PUT a token instead."
        )
    request = parts.authorizer().send(access.tenant, app_row, access.edit.by, access.edit.at)
    return ConsentAnswer(url=request.url, expires_at=request.expires_at)


def _answer(parts: Parts, app: App) -> AuthorizationAnswer:
    return AuthorizationAnswer(
        state=app.authorization_state,
        note=app.authorization_note,
        credential=app.credential,
        by=app.credential_by,
        since=app.credential_at,
        retry_at=app.authorization_retry_at,
        can_connect=parts.heroku.asks_users,
    )
