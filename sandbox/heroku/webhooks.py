"""What Heroku tells a partner of by itself: events of an app and its add-on, signed."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from sandbox.heroku import wire
from sandbox.heroku.model import AddOn, Webhook

SIGNATURE = "Heroku-Webhook-Hmac-SHA256"
_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as Heroku tells it; telling it again sends the same body."""

    id: UUID
    include: str
    body: bytes


def addon_event(addon: AddOn, action: str, now: datetime) -> Event:
    """An event about the resource: "create", "update" or "destroy"."""
    return _event("addon", action, {**wire.addon_json(addon), "updated_at": _time(now)}, {}, now)


def app_event(
    addon: AddOn, action: str, now: datetime, previous: Mapping[str, Any] | None = None
) -> Event:
    """An event about the resource's app; `previous` holds what it was before."""
    data = {**wire.app_json(addon.app), "updated_at": _time(now)}
    return _event("app", action, data, previous or {}, now)


def deliver(webhook: Webhook, event: Event) -> int:
    """The status of the partner's answer."""
    digest = hmac.digest(webhook.secret.encode(), event.body, hashlib.sha256)
    headers = {"Content-Type": "application/json", SIGNATURE: base64.b64encode(digest).decode()}
    answer = httpx.post(webhook.url, content=event.body, headers=headers, timeout=_TIMEOUT)
    return answer.status_code


def _event(
    resource: str, action: str, data: Mapping[str, Any], previous: Mapping[str, Any], now: datetime
) -> Event:
    id_, include = uuid4(), f"api:{resource}"
    body = {
        "id": str(id_),
        "action": action,
        "resource": resource,
        "actor": {"email": "customer@example.com", "id": str(uuid4())},
        "data": data,
        "previous_data": previous,
        "created_at": _time(now),
        "updated_at": _time(now),
        "published_at": None,
        "sequence": None,
        "version": "application/vnd.heroku+json; version=3",
        "webhook_metadata": {"event": {"id": str(id_), "include": include}},
    }
    return Event(id_, include, json.dumps(body).encode())


def _time(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
