"""Intake of Heroku's webhooks, each signed with the secret of its subscription.

An event is handled without asking Heroku anything. An unknown event with a valid signature is
answered like all others: a refused one would be sent again and hold up those behind it.
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
    """The signature of the raw body, as a security scheme of the OpenAPI document."""

    def __init__(self) -> None:
        description = "Base64 of the raw body's HMAC-SHA256 with the subscription's secret"
        where = {"in": APIKeyIn.header, "name": SIGNATURE}
        self.model = APIKey(**where, description=description)
        self.scheme_name = "event"

    async def __call__(self, request: Request) -> str:
        """Return the header as it was sent; empty if there is none."""
        return request.headers.get(SIGNATURE, "")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery of an event.

    Attributes:
        request: The HTTP request, for the log.
        raw: The body, byte by byte.
        signature: The signature as sent.
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
    """Take an event of a resource or its app: renamed, in maintenance, scaled or removed."""
    secret = _secret(session, parts.sealer, resource)
    if not is_signed(delivery.raw, delivery.signature, secret):
        raise Unauthorized("The signature does not match the body and this subscription's secret.")
    delivery.request.state.tenant = str(resource)
    tenant = tenants.lock_tenant(session, resource)
    if tenant is None or tenant.state == "deprovisioned":
        return
    try:
        body = json.loads(delivery.raw)
    except (ValueError, RecursionError):
        body = None
    result = take_event(session, tenant, body, now)
    level = _log.warning if result == UNKNOWN else _log.info
    level("webhook_handled", tenant=str(resource), result=result)


def is_signed(raw: bytes, signature: str, secret: str | None) -> bool:
    """Whether the signature is that of the body, compared in constant time."""
    digest = hmac.digest((secret or "").encode(), raw, hashlib.sha256)
    right = base64.b64encode(digest)
    return hmac.compare_digest(right, signature.encode()) and secret is not None


def _secret(session: Session, sealer: Sealer, resource: UUID) -> str | None:
    """Return the secret of the resource's subscription; None: there is none."""
    row = find_subscription(session, resource)
    return sealer.open(row.secret_sealed) if row else None
