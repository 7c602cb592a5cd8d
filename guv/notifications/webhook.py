"""Client of tenants' webhooks, signed as Standard Webhooks specifies.

`webhook-id` is the same for repeated messages, `webhook-timestamp` is the time of sending, and
`webhook-signature` is an HMAC-SHA256 of both and the body; libraries of many languages verify it.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx
from standardwebhooks import Webhook

from guv.clock import unix_seconds
from guv.errors import AddressRefused, NotifierFailed
from guv.http import fetch, new_client
from guv.ssrf import Fence

TIMEOUT_S = 5.0
_MAY_PASS = {
    httpx.codes.REQUEST_TIMEOUT,
    httpx.codes.CONFLICT,
    httpx.codes.TOO_EARLY,
    httpx.codes.TOO_MANY_REQUESTS,
}


class WebhookClient:
    """Sends to tenants' addresses; follows no redirect.

    Args:
        fence: Where the addresses may lead.
        timeout: Seconds for a whole response.
        transport: Replaces the network, for tests.
    """

    def __init__(
        self,
        *,
        fence: Fence,
        timeout: float = TIMEOUT_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._timeout = timeout
        headers = {"User-Agent": "guv"}
        self._client = new_client(timeout, headers=headers, fence=fence, transport=transport)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def send(
        self, target: Mapping[str, Any], key: str, body: Mapping[str, Any], now: datetime
    ) -> None:
        """Send a body to a webhook.

        Args:
            target: As a tenant saved it: `url` and `secret`.
            key: The same for repeated messages.
            body: The body, as JSON values.
            now: The present.

        Raises:
            NotifierFailed: It was not accepted; `retry` says whether that may pass.
        """
        content = json.dumps(body)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": str(int(unix_seconds(now))),
            "webhook-signature": Webhook(str(target["secret"])).sign(key, now, content),
        }
        url, options = str(target["url"]), {"headers": headers, "content": content.encode()}
        try:
            answer = fetch(self._client, "POST", url, self._timeout, **options)
        except httpx.HTTPError as error:
            text = f"the webhook does not answer ({type(error).__name__})"
            raise NotifierFailed(text, retry=True) from None
        except AddressRefused as refused:
            raise NotifierFailed(f"the webhook is not called: {refused}", retry=False) from None
        except httpx.InvalidURL:
            raise NotifierFailed("the webhook's URL is malformed", retry=False) from None
        if not answer.is_success:
            raise _refusal(answer.status)


def _refusal(status: int) -> NotifierFailed:
    passes = status in _MAY_PASS or status >= httpx.codes.INTERNAL_SERVER_ERROR
    return NotifierFailed(f"the webhook answers {status}", retry=passes)
