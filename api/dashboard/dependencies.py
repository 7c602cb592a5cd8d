"""Dependencies of pages: the visitor, and forms that carry the CSRF token of the session."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from starlette.datastructures import FormData

from api.auth.login_sessions import LoginSession, token_of
from api.dependencies import NowDep, PartsDep, RawFormDep, SessionDep, field, refuse_suspended
from guv.database import session_scope
from guv.errors import Forbidden, Gone, Unauthorized
from guv.settings.field_types import known_timezones
from guv.settings.levels import Access
from guv.settings.queries import Edit
from guv.tenants import queries as tenants
from guv.tenants.models import Tenant

ZONE_COOKIE = "guv-zone"  # set by our script to the browser's time zone
CSRF_FIELD = "csrf"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person who is signed in.

    Attributes:
        tenant: The tenant, read before the request's own transaction.
        login: The login session.
        zone: The time zone of times on pages.
        now: The time of the request.
        is_zone_known: Whether the zone is the browser's.
    """

    tenant: Tenant
    login: LoginSession
    zone: ZoneInfo
    now: datetime
    is_zone_known: bool


def _visitor(request: Request, parts: PartsDep, now: NowDep) -> Visitor:
    token = token_of(request.cookies, parts.config.guv_public_url)
    # Scripts that refresh a page do not request a document; they must not prolong the session.
    by_itself = request.headers.get("sec-fetch-dest", "document") != "document"
    login = parts.login_sessions.find(token, now, by_itself=by_itself) if token else None
    if login is None:
        raise Unauthorized("You are signed out. Open guv from your Heroku dashboard.")
    with session_scope(parts.engine) as session:
        tenant = tenants.find_tenant(session, login.tenant_id)
    if tenant is None or tenant.state == "deprovisioned":
        raise Gone("This add-on was removed. guv no longer scales its apps.")
    refuse_suspended(tenant, request.method)
    request.state.tenant = str(tenant.id)
    zone = request.cookies.get(ZONE_COOKIE, "")
    is_known = zone in known_timezones()
    return Visitor(tenant, login, ZoneInfo(zone if is_known else "UTC"), now, is_known)


VisitorDep = Annotated[Visitor, Depends(_visitor)]


async def _form(visitor: VisitorDep, form: RawFormDep) -> FormData:
    if not hmac.compare_digest(field(form, CSRF_FIELD).encode(), visitor.login.csrf.encode()):
        raise Forbidden("This form is from an earlier session. Reload the page and send it again.")
    return form


FormDep = Annotated[FormData, Depends(_form)]


async def _access(parts: PartsDep, session: SessionDep, visitor: VisitorDep) -> Access:
    return Access(session, visitor.tenant, Edit(visitor.login.person, visitor.now), parts.sealer)


AccessDep = Annotated[Access, Depends(_access)]
