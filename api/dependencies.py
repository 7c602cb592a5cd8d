"""What does a request come with? The only dependencies of the routes.

Authentication has its own short session, so that it holds no database connection while it waits
for a thread.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase
from sqlmodel import Session
from starlette.datastructures import FormData

from api.auth.credentials import are_equal, parse_api_key, parse_basic
from api.container import Parts
from guv.database import session_scope
from guv.errors import BadRequest, Forbidden, Unauthorized
from guv.settings.levels import Access
from guv.settings.queries import Edit
from guv.tenants.keys import find_tenant, note_use
from guv.tenants.models import Tenant

MOST_TRANSACTIONS = 30  # at once; below the 40 connections that a process has at least
READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Authorization(SecurityBase):
    """The Authorization header; named in the OpenAPI document as `name`."""

    def __init__(self, name: str, description: str) -> None:
        self.model = HTTPBase(scheme="basic", description=description)
        self.scheme_name = name

    async def __call__(self, request: Request) -> str | None:
        """The header as it came."""
        return request.headers.get("authorization")


_heroku_authorization = Authorization("heroku", "The add-on's id and password in the manifest")
_tenant_authorization = Authorization(
    "tenant", "The key in GUV_URL, as password or user; or as a Bearer token"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key a request came with.

    Attributes:
        tenant: The tenant, read before the request's own transaction.
        by: The key's name, for the change log.
        key: The key's id.
    """

    tenant: Tenant
    by: str
    key: UUID


async def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


PartsDep = Annotated[Parts, Depends(_parts)]


async def _now(parts: PartsDep) -> datetime:
    return parts.outside.clock()


NowDep = Annotated[datetime, Depends(_now)]


async def _heroku(
    parts: PartsDep, header: Annotated[str | None, Depends(_heroku_authorization)]
) -> None:
    given = parse_basic(header)
    config = parts.config
    password = config.guv_addon_password.get_secret_value()
    if given is None or not are_equal(given, config.guv_addon_id, password):
        raise Unauthorized("The add-on's id and password are needed.")


HerokuAuthDep = Depends(_heroku)


def _caller(
    request: Request,
    parts: PartsDep,
    now: NowDep,
    header: Annotated[str | None, Depends(_tenant_authorization)],
) -> Caller:
    key = parse_api_key(header)
    with session_scope(parts.engine) as session:
        found = find_tenant(session, key, now) if key else None
        if found is None:
            raise Unauthorized("The key in GUV_URL is needed: as password, user or Bearer token.")
        tenant, row = found
        note_use(session, row, now)
    request.state.tenant = str(tenant.id)
    parts.rate.count(row.id, now, partial(setattr, request.state, "rate"))
    if row.scope == "read" and request.method not in READING:
        raise Forbidden(f"The key {row.name!r} may read only.")
    refuse_suspended(tenant, request.method)
    return Caller(tenant, f"key {row.name}", row.id)


def refuse_suspended(tenant: Tenant, method: str) -> None:
    """Nothing, where the tenant may do this.

    Raises:
        Forbidden: The operator has suspended it, and it may read only.
    """
    if tenant.suspended and method not in READING:
        raise Forbidden(f"guv's operator has suspended this add-on: {tenant.suspended}")


CallerDep = Annotated[Caller, Depends(_caller)]


async def _tenant(caller: CallerDep) -> Tenant:
    return caller.tenant


TenantDep = Annotated[Tenant, Depends(_tenant)]


def _session(parts: PartsDep) -> Iterator[Session]:
    with session_scope(parts.engine) as session:
        yield session


# The function's scope ends before the answer is sent, so a commit that fails is no 200. A request
# holds its connection while it waits for a thread again; fewer such requests than connections
# leave some to those that have a thread and wait for one.
SessionDep = Annotated[
    Session, Depends(_session, scope="function", max_concurrency=MOST_TRANSACTIONS)
]


async def _access(parts: PartsDep, session: SessionDep, caller: CallerDep, now: NowDep) -> Access:
    return Access(session, caller.tenant, Edit(caller.by, now), parts.sealer)


AccessDep = Annotated[Access, Depends(_access)]


MOST_FIELDS = 2000


async def _read_form(request: Request) -> FormData:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise BadRequest("A form is needed, as a browser sends it.")
    return await request.form(max_files=0, max_fields=MOST_FIELDS)


RawFormDep = Annotated[FormData, Depends(_read_form)]


def field(form: FormData, name: str) -> str:
    """The field's text without white space around it; empty: it is not there."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def fields(form: FormData) -> dict[str, str]:
    """All fields as they came; of those that came twice, the last."""
    return {name: value for name, value in form.items() if isinstance(value, str)}
