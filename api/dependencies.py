"""Dependencies of the routes: authentication, session, clock and forms.

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

MOST_TRANSACTIONS = 30  # at once in a process, which has at least 40 database connections
READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Authorization(SecurityBase):
    """The Authorization header as a security scheme of the OpenAPI document."""

    def __init__(self, name: str, description: str) -> None:
        self.model = HTTPBase(scheme="basic", description=description)
        self.scheme_name = name

    async def __call__(self, request: Request) -> str | None:
        """Return the header as it was sent."""
        return request.headers.get("authorization")


_heroku_authorization = Authorization("heroku", "The add-on's id and password in the manifest")
_tenant_authorization = Authorization(
    "tenant", "The key in GUV_URL, as password or user; or as a Bearer token"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """The tenant and the key that a request came with.

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
        raise Unauthorized("Basic authorization with the add-on's id and password is required.")


HerokuAuthDep = Depends(_heroku)


def _caller(
    request: Request,
    parts: PartsDep,
    now: NowDep,
    header: Annotated[str | None, Depends(_tenant_authorization)],
) -> Caller:
    key = parse_api_key(header)
    with session_scope(parts.engine) as session:
        match = find_tenant(session, key, now) if key else None
        if match is None:
            raise Unauthorized(
                "An API key is required: the one in GUV_URL, as password, user or Bearer token."
            )
        tenant, row = match
        note_use(session, row, now)
    request.state.tenant = str(tenant.id)
    parts.rate.count(row.id, now, partial(setattr, request.state, "rate"))
    if row.scope == "read" and request.method not in READING:
        raise Forbidden(f"The key {row.name!r} has the scope read. Use a key with the scope write.")
    refuse_suspended(tenant, request.method)
    return Caller(tenant, f"key {row.name}", row.id)


def refuse_suspended(tenant: Tenant, method: str) -> None:
    """Refuse changes by a tenant that the operator has suspended.

    Raises:
        Forbidden: The tenant is suspended, and the method is not a reading one.
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


# The scope ends before the response is sent, so that a commit that fails is not answered with 200.
# A request holds its connection while it waits for a thread again. Fewer such requests than
# connections leave some for requests that have a thread and wait for a connection.
SessionDep = Annotated[
    Session, Depends(_session, scope="function", max_concurrency=MOST_TRANSACTIONS)
]


async def _access(parts: PartsDep, session: SessionDep, caller: CallerDep, now: NowDep) -> Access:
    return Access(session, caller.tenant, Edit(caller.by, now), parts.sealer)


AccessDep = Annotated[Access, Depends(_access)]


MOST_FIELDS = 2000  # of a form


async def _read_form(request: Request) -> FormData:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise BadRequest("The body must be a form (application/x-www-form-urlencoded).")
    return await request.form(max_files=0, max_fields=MOST_FIELDS)


RawFormDep = Annotated[FormData, Depends(_read_form)]


def field(form: FormData, name: str) -> str:
    """Return a field's text without surrounding white space; empty where it is missing."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def fields(form: FormData) -> dict[str, str]:
    """Return all text fields; of a field that was sent twice, the last."""
    return {name: value for name, value in form.items() if isinstance(value, str)}
