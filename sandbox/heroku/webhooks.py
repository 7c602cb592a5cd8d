"""What Heroku tells a partner of by itself: events of an app and its add-on, signed.

Events are delivered one after the other, and again until they are taken, as with Heroku's level
"sync"; nobody waits for that.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from sandbox.heroku import wire
from sandbox.heroku.model import AddOn, ProcessType, Webhook

SIGNATURE = "Heroku-Webhook-Hmac-SHA256"
_TIMEOUT = 10.0
_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as Heroku tells it; telling it again sends the same body."""

    id: UUID
    include: str
    body: bytes


def addon_event(addon: AddOn, action: str, now: datetime) -> Event:
    """Build an event about the resource: "create", "update" or "destroy"."""
    return _event("addon", action, {**wire.addon_json(addon), "updated_at": _time(now)}, {}, now)


def app_event(
    addon: AddOn, action: str, now: datetime, previous: Mapping[str, Any] | None = None
) -> Event:
    """Build an event about the resource's app; `previous` holds what it was before."""
    data = {**wire.app_json(addon.app), "updated_at": _time(now)}
    return _event("app", action, data, previous or {}, now)


def formation_event(addon: AddOn, process: ProcessType, before: int, now: datetime) -> Event:
    """Build an event about a process type of the resource's app and its dynos before."""
    return _event(
        "formation", "update", wire.formation_json(addon.app, process), {"quantity": before}, now
    )


class Post:
    """Delivers events to whoever subscribed to them.

    Attributes:
        repeats: How often each is delivered, once it is taken.
        tries: How often one that is not taken is tried.
    """

    def __init__(self) -> None:
        self.repeats = 1
        self.tries = 3
        self._office = ThreadPoolExecutor(1, thread_name_prefix="webhooks")

    def tell(self, addon: AddOn, event: Event) -> None:
        """Send the event in the background."""
        for webhook in addon.webhooks:
            if event.include in webhook.include:
                self._office.submit(self._deliver, webhook, event)

    def wait(self) -> None:
        """Wait until all events so far were delivered, or could not be."""
        self._office.submit(int).result()

    def _deliver(self, webhook: Webhook, event: Event) -> None:
        for _ in range(self.repeats):
            for _ in range(self.tries):
                with suppress(httpx.HTTPError):
                    if httpx.codes.is_success(deliver(webhook, event)):
                        break
                time.sleep(_PAUSE)


def deliver(webhook: Webhook, event: Event) -> int:
    """Deliver the event and return the status of the partner's answer."""
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
        "published_at": now.isoformat(),
        "sequence": None,
        "version": "application/vnd.heroku+json; version=3",
        "webhook_metadata": {"event": {"id": str(id_), "include": include}},
    }
    return Event(id_, include, json.dumps(body).encode())


def _time(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
