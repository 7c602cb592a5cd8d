"""What does a notification target hear of an incident? A page when it opens, and its end.

New Relic takes incident events (`NrAiIncidentExternal`): the same aggregation tags say that two
of them belong together. A webhook takes JSON. Sending one of them twice changes nothing: tags and
ids are the same again.
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
    """What both kinds of target are told.

    Attributes:
        id: The incident's id, the same for its whole life.
        change: OPENED or RESOLVED.
        at: When that was.
        tenant: The tenant's id.
        app_id: Heroku's UUID of the app; its name may change.
        app: The app's name.
        role: The role's name.
        cause: What the trouble is, in a word for programs.
        title: The same in a few words.
        text: The same with its figures and what would help.
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
        """The same whenever the same is told again, and different otherwise."""
        return f"{self.id}.{self.change}"


def new_relic_event(message: IncidentMessage, priority: str, now: datetime) -> dict[str, str | int]:
    """The event for New Relic, which takes none that is older than a day."""
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
    """An event that opens the incident with those tags; with the state "resolve" it ends it."""
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
    """The JSON for a webhook."""
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
