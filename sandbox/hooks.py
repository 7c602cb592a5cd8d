"""A stand-in for tenants' own addresses that take webhooks, and check their signatures."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from standardwebhooks import Webhook

from guv.clock import from_unix


@dataclass(frozen=True, slots=True)
class Taken:
    """One webhook whose signature was right."""

    hook: str
    id: str
    body: Mapping[str, Any]


@dataclass(slots=True)
class Hooks:
    """All addresses; every one is safe for threads.

    Attributes:
        secrets: The secret of each by its name; others are not there.
        taken: What was taken, oldest first.
        refused: How many had a wrong signature.
    """

    secrets: dict[str, str] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Check that the headers' signature is that of the body, however old it is."""
    at = from_unix(float(headers["webhook-timestamp"]))
    expected = Webhook(secret).sign(headers["webhook-id"], at, body.decode())
    return expected in headers["webhook-signature"].split(" ")


async def _body(request: Request) -> bytes:
    return await request.body()


router = APIRouter()


@router.post("/hooks/{name}")
def take_webhook(name: str, request: Request, body: Annotated[bytes, Depends(_body)]) -> Response:
    """Take a webhook: 204, 404 where nobody listens, 401 where the signature is wrong."""
    hooks: Hooks = request.app.state.hooks
    secret = hooks.secrets.get(name)
    if secret is None:
        return Response(status_code=404)
    with hooks.lock:
        if not is_genuine(secret, request.headers, body):
            hooks.refused += 1
            return Response(status_code=401)
        hooks.taken.append(Taken(name, request.headers["webhook-id"], json.loads(body)))
    return Response(status_code=204)
