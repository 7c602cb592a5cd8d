"""Senders of notifications, one client for each kind of target."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from guv.notifications.incident_messages import IncidentMessage, new_relic_event, webhook_body
from guv.notifications.newrelic import EventClient
from guv.notifications.webhook import WebhookClient
from guv.ssrf import Fence


@dataclass(frozen=True, slots=True)
class Notifiers:
    """The clients of all kinds of targets."""

    events: EventClient
    webhooks: WebhookClient

    def send(
        self, kind: str, target: Mapping[str, Any], message: IncidentMessage, now: datetime
    ) -> None:
        """Send a message to a target.

        Args:
            kind: "new_relic" or "webhook".
            target: As a tenant saved it.
            message: The message.
            now: The present.

        Raises:
            NotifierFailed: It was not accepted; `retry` says whether that may pass.
        """
        if kind == "webhook":
            self.webhooks.send(target, message.key, webhook_body(message), now)
        else:
            priority = str(target.get("priority") or "high")
            self.events.send(target, [new_relic_event(message, priority, now)])

    def close(self) -> None:
        """Close all connections."""
        self.events.close()
        self.webhooks.close()


def build_notifiers(
    new_relic_url: str | None, fence: Fence, transport: httpx.BaseTransport | None = None
) -> Notifiers:
    """Make the clients; nothing connects until one is used.

    Args:
        new_relic_url: Replaces the hosts of New Relic's regions, for tests and the demo.
        fence: Where webhooks may lead.
        transport: Replaces the network, for tests.
    """
    return Notifiers(
        EventClient(base_url=new_relic_url, transport=transport),
        WebhookClient(fence=fence, transport=transport),
    )
