"""Where does Heroku deliver events? Each is signed with the secret of its add-on's subscription.

It is answered before Heroku could be asked anything: what an event says is all that is needed. A
signed event that guv does not know is answered like all others, since a refused one would come
again and hold up those behind it.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.openapi.models import APIKey, APIKeyIn
from fastapi.security.base import SecurityBase
from sqlmodel import Session

from api.addon.webhooks import UNKNOWN, take_event
from api.dependencies import NowDep, PartsDep, SessionDep
from api.errors import error_answers
from api.paths import ResourceId
from guv.crypto import Sealer
from guv.errors import Unauthorized
from guv.tenants import queries as tenants
from guv.tenants.webhook_subscription import PATH, find_subscription

SIGNATURE = "Heroku-Webhook-Hmac-SHA256"
router = APIRouter(prefix=PATH, tags=["add-on"])
_log = structlog.get_logger(__name__)
_EVENT = {"action": "update", "resource": "app", "data": {"name": "shop"}}
_JSON = {"schema": {"type": "object", "description": "Heroku's event"}, "example": _EVENT}
_BODY = {"required": True, "content": {"application/json": _JSON}}


class _Signature(SecurityBase):
    """The signature of the raw body."""

    def __init__(self) -> None:
        told = "Base64 of the raw body's HMAC-SHA256 with the subscription's secret"
        where = {"in": APIKeyIn.header, "name": SIGNATURE}
        self.model = APIKey(**where, description=told)
        self.scheme_name = "event"

    async def __call__(self, request: Request) -> str:
        """The header as it came; empty: there is none."""
        return request.headers.get(SIGNATURE, "")


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event as it came in.

    Attributes:
        request: What it came with, for the log.
        raw: The body, byte by byte.
        signature: What is said to be its signature.
    """

    request: Request
    raw: bytes
    signature: str


async def _delivery(request: Request, signature: Annotated[str, Depends(_Signature())]) -> Delivery:
    return Delivery(request, await request.body(), signature)


@router.post(
    "/{resource}",
    status_code=204,
    openapi_extra={"requestBody": _BODY},
    responses=error_answers(401, 413, 422),
)
def take_delivery(
    parts: PartsDep,
    session: SessionDep,
    now: NowDep,
    resource: ResourceId,
    delivery: Annotated[Delivery, Depends(_delivery)],
) -> None:
    """Take an event of an add-on resource or its app: renamed, in maintenance, scaled, removed."""
    secret = _secret(session, parts.sealer, resource)
    if not is_signed(delivery.raw, delivery.signature, secret):
        raise Unauthorized("The body is not signed with this subscription's secret.")
    delivery.request.state.tenant = str(resource)
    tenant = tenants.lock_tenant(session, resource)
    if tenant is None or tenant.state == "deprovisioned":
        return
    try:
        body = json.loads(delivery.raw)
    except (ValueError, RecursionError):
        body = None
    became = take_event(session, tenant, body, now)
    level = _log.warning if became == UNKNOWN else _log.info
    level("event_taken", tenant=str(resource), became=became)


def is_signed(raw: bytes, signature: str, secret: str | None) -> bool:
    """Whether the signature is that of the body, found out in a time that tells nothing of it."""
    digest = hmac.digest((secret or "").encode(), raw, hashlib.sha256)
    right = base64.b64encode(digest)
    return hmac.compare_digest(right, signature.encode()) and secret is not None


def _secret(session: Session, sealer: Sealer, resource: UUID) -> str | None:
    """The secret of the resource's subscription; None: there is none."""
    row = find_subscription(session, resource)
    return sealer.open(row.secret_sealed) if row else None
