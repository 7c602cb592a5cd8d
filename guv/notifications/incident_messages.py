"""Messages about incidents: one when an incident opens, one when it is resolved.

New Relic takes incident events (`NrAiIncidentExternal`); equal aggregation tags make two of them
one incident. A webhook takes JSON. A message that is sent twice has the same tags and ids, and
changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from guv.clock import unix_milliseconds

EVENT_TYPE = "NrAiIncidentExternal"
OPENED, RESOLVED = "opened", "resolved"


@dataclass(frozen=True, slots=True)
class IncidentMessage:
    """A message about an incident, for any kind of target.

    Attributes:
        id: The incident's id, constant over its lifetime.
        change: OPENED or RESOLVED.
        at: Time of the change.
        tenant: The tenant's id.
        app_id: Heroku's UUID of the app; its name may change.
        app: The app's name.
        role: The role's name.
        cause: Cause, for programs.
        title: Title.
        text: Details and what would help.
    """

    id: str
    change: str
    at: datetime
    tenant: UUID
    app_id: UUID
    app: str
    role: str
    cause: str
    title: str
    text: str

    @property
    def key(self) -> str:
        """The same for repeated messages, and different for others."""
        return f"{self.id}.{self.change}"


def new_relic_event(message: IncidentMessage, priority: str, now: datetime) -> dict[str, str | int]:
    """Make New Relic's event; it accepts none that is older than a day."""
    tags = {
        "tenant": str(message.tenant),
        "app": str(message.app_id),
        "role": message.role,
        "cause": message.cause,
    }
    event = incident_event(message.title, message.text, priority, tags, now)
    state = "resolve" if message.change == RESOLVED else "trigger"
    return {**event, "state": state, "externalId": message.id}


def incident_event(
    title: str, text: str, priority: str, tags: Mapping[str, str], now: datetime
) -> dict[str, str | int]:
    """Make an event that opens the incident with these tags; the state "resolve" ends it."""
    return {
        "eventType": EVENT_TYPE,
        "version": 1,
        "timestamp": unix_milliseconds(now),
        "state": "trigger",
        "source": "guv",
        "title": title,
        "description": text,
        "priority": priority,
        **{f"aggregationTag.{name}": value for name, value in tags.items()},
    }


def webhook_body(message: IncidentMessage) -> dict[str, Any]:
    """Make the JSON for a webhook."""
    return {
        "type": f"incident.{message.change}",
        "timestamp": message.at.isoformat(),
        "data": {
            "incident": message.id,
            "app": message.app,
            "app_id": str(message.app_id),
            "role": message.role,
            "cause": message.cause,
            "title": message.title,
            "text": message.text,
        },
    }
