"""Client of New Relic's Event API, for tenants' accounts."""

import gzip
import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from guv.errors import NotifierFailed
from guv.http import Answer, fetch, new_client

HOSTS = {
    "us": "https://insights-collector.newrelic.com",
    "eu": "https://insights-collector.eu01.nr-data.net",
    "jp": "https://insights-collector.jp.nr-data.net",
}
TIMEOUT_S = 5.0
LONGEST_TEXT = 4096  # characters of an attribute's value, which New Relic would cut off
Event = Mapping[str, str | int | float]
_MAY_PASS = {httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS}


class EventClient:
    """New Relic's event collectors over one pool of kept-alive connections.

    Args:
        base_url: Replaces the regions' hosts, for tests and the demo.
        timeout: Seconds for a whole response.
        transport: Replaces the network, for tests.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        timeout: float = TIMEOUT_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._base_url = base_url
        self._timeout = timeout
        self._client = new_client(timeout, transport=transport)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def send(self, target: Mapping[str, Any], events: Sequence[Event]) -> None:
        """Send events; an accepted event may still be dropped by New Relic as malformed.

        Args:
            target: The account as a tenant saved it: `account_id`, `license_key`, `region`.
            events: Flat events with an `eventType`; values are texts and numbers.

        Raises:
            NotifierFailed: They were not accepted; `retry` says whether that may pass.
        """
        base = self._base_url or HOSTS[str(target.get("region") or "us")]
        url = f"{base.rstrip('/')}/v1/accounts/{int(target['account_id'])}/events"
        headers = {
            "Api-Key": str(target["license_key"]).encode(),
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
        }
        body = gzip.compress(json.dumps([_short(event) for event in events]).encode())
        try:
            answer = fetch(self._client, "POST", url, self._timeout, headers=headers, content=body)
        except httpx.HTTPError as error:
            text = f"New Relic does not answer ({type(error).__name__})"
            raise NotifierFailed(text, retry=True) from None
        if not answer.is_success:
            raise _refusal(answer)


def _short(event: Event) -> dict[str, str | int | float]:
    return {k: v[:LONGEST_TEXT] if isinstance(v, str) else v for k, v in event.items()}


def _refusal(answer: Answer) -> NotifierFailed:
    if answer.status == httpx.codes.FORBIDDEN:
        text = "New Relic rejects the license key (403); it must be an ingest key of this account"
        return NotifierFailed(text, retry=False)
    passes = answer.status in _MAY_PASS or answer.status >= httpx.codes.INTERNAL_SERVER_ERROR
    return NotifierFailed(f"New Relic answers {answer.status}", retry=passes)
