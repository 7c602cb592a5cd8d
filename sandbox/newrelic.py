"""A stand-in for New Relic's event collector, and for the incidents that its events open.

Facts: New Relic's Event API as documented in 2026. A 200 means that events were accepted, not that
they were understood: bad ones become errors, as `NrIntegrationError` events do there.
"""

import gzip
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from guv.clock import from_unix, utc_now

INCIDENT = "NrAiIncidentExternal"
_MOST_BYTES = 1_000_000
_MOST_ATTRIBUTES, _LONGEST_NAME, _LONGEST_VALUE = 255, 255, 4096
_OLDEST = timedelta(hours=24)
_MILLISECONDS_FROM = 10_000_000_000
_TAG = "aggregationTag."


@dataclass(frozen=True, slots=True)
class Event:
    """One stored event of an account."""

    account: str
    at: datetime
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EventError:
    """One event that was accepted and then dropped, and why."""

    account: str
    at: datetime
    reason: str


@dataclass(slots=True)
class Incident:
    """One incident of an account, told from others by its tags; open while `closed_at` is None."""

    account: str
    tags: Mapping[str, str]
    title: str
    priority: str
    source: str
    opened_at: datetime
    closed_at: datetime | None = None
    triggers: int = 1
    description: str = ""


@dataclass(slots=True)
class NewRelic:
    """All accounts with their events; every method may be called from any thread.

    Attributes:
        accounts: License keys by account id; others are refused.
        events: What was stored, oldest first.
        errors: What was dropped, oldest first.
        incidents: Open and closed ones, in the order of their opening.
    """

    clock: Callable[[], datetime] = utc_now
    accounts: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    errors: list[EventError] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def open_incidents(self) -> list[Incident]:
        """Those that no event has resolved yet."""
        with self.lock:
            return [incident for incident in self.incidents if incident.closed_at is None]

    def take(self, account: str, body: bytes) -> None:
        """Store the events in the body, or note them as errors."""
        try:
            events = json.loads(body)
        except (ValueError, UnicodeDecodeError):
            events = None
        items = events if isinstance(events, list) else [events]
        with self.lock:
            for item in items:
                self._store(account, item)

    def _store(self, account: str, item: Any) -> None:
        now = self.clock()
        reason = what_is_wrong(item, now)
        if reason is not None:
            self.errors.append(EventError(account, now, reason))
            return
        attributes = {name: value for name, value in item.items() if name != "accountId"}
        self.events.append(Event(account, event_time(item, now), attributes))
        if attributes["eventType"] == INCIDENT:
            self._fold(account, attributes, now)

    def _fold(self, account: str, attributes: Mapping[str, Any], now: datetime) -> None:
        """Open, keep or close the incident that the event's tags name."""
        tags = tags_of(attributes)
        same = [
            other
            for other in self.open_incidents()
            if (other.account, other.tags) == (account, tags)
        ]
        if attributes["state"] == "resolve":
            for incident in same:
                incident.closed_at = now
        elif same:
            same[0].triggers += 1
        else:
            self.incidents.append(_incident(account, tags, attributes, now))


def _incident(
    account: str, tags: Mapping[str, str], attributes: Mapping[str, Any], now: datetime
) -> Incident:
    return Incident(
        account,
        tags,
        str(attributes.get("title", "")),
        str(attributes.get("priority", "high")),
        str(attributes.get("source", "")),
        now,
        description=str(attributes.get("description", "")),
    )


def tags_of(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return the attributes that tell the incident of an event from others."""
    return {name: str(value) for name, value in attributes.items() if name.startswith(_TAG)}


def what_is_wrong(item: Any, now: datetime) -> str | None:
    """Why New Relic would drop the event; None where it would keep it."""
    if not isinstance(item, dict) or not item:
        return "not an object"
    event_type = item.get("eventType")
    if not isinstance(event_type, str) or not re.fullmatch(r"[A-Za-z0-9_:]{1,255}", event_type):
        return "eventType is missing or has other characters than letters, digits, _ and :"
    if abs(event_time(item, now) - now) > _OLDEST:
        return "timestamp is not within the last 24 hours"
    return _wrong_attributes(item) or _wrong_incident(item)


def _wrong_attributes(item: Mapping[str, Any]) -> str | None:
    if len(item) > _MOST_ATTRIBUTES:
        return "more than 255 attributes"
    for name, value in item.items():
        if len(name) > _LONGEST_NAME:
            return "an attribute's name is longer than 255 characters"
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return f"attribute {name} is neither text nor number"
        if len(str(value)) > _LONGEST_VALUE:
            return f"attribute {name} is longer than 4096 characters"
    return None


def _wrong_incident(item: Mapping[str, Any]) -> str | None:
    if item["eventType"] != INCIDENT:
        return None
    if item.get("state") not in {"trigger", "resolve"}:
        return "state is neither trigger nor resolve"
    if not tags_of(item):
        return "an incident needs at least one aggregationTag"
    missing = [name for name in ("title", "source") if not item.get(name)]
    if item["state"] == "trigger" and missing:
        return f"an incident needs a {missing[0]}"
    return None


def event_time(item: Mapping[str, Any], now: datetime) -> datetime:
    """Return the event's timestamp, which is in whole seconds or milliseconds, or else `now`."""
    stamp = item.get("timestamp")
    if not isinstance(stamp, int) or isinstance(stamp, bool):
        return now
    return from_unix(stamp / 1000 if abs(stamp) >= _MILLISECONDS_FROM else stamp)


def new_relic_of(request: Request) -> NewRelic:
    """Return the New Relic that this server stands for."""
    new_relic: NewRelic = request.app.state.new_relic
    return new_relic


async def _body(request: Request) -> bytes:
    return await request.body()


router = APIRouter()


@router.post("/v1/accounts/{account}/events")
def take_events(
    account: str,
    request: Request,
    body: Annotated[bytes, Depends(_body)],
    new_relic: Annotated[NewRelic, Depends(new_relic_of)],
) -> JSONResponse:
    """Accept events of an account."""
    key = request.headers.get("Api-Key") or request.headers.get("X-Insert-Key")
    with new_relic.lock:
        known = new_relic.accounts.get(account)
    if known is None or key != known:
        return _refused(403, "Invalid license key")
    if not body:
        return _refused(400, "Missing or invalid content length")
    if len(body) > _MOST_BYTES:
        return _refused(413, "Payload too large")
    plain = _unpacked(body, request.headers.get("Content-Encoding", "identity"))
    if plain is None:
        return _refused(415, "Unsupported content encoding")
    new_relic.take(account, plain)
    return JSONResponse({"success": True, "uuid": str(uuid4())})


def _unpacked(body: bytes, encoding: str) -> bytes | None:
    if encoding == "identity":
        return body
    try:
        return gzip.decompress(body) if encoding == "gzip" else None
    except (OSError, EOFError):
        return b""  # accepted like any other text that is no JSON


def _refused(status: int, message: str) -> JSONResponse:
    return JSONResponse({"success": False, "error": message}, status)
