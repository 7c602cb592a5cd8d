"""What do we ask of Heroku? The client of its Platform API and token endpoint.

Apps are addressed by their UUID, counts are absolute, sizes are never sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from guv.errors import HerokuRefused, HerokuUnavailable
from guv.http import Answer, fetch, new_client

ACCEPT = "application/vnd.heroku+json; version=3"


@dataclass(frozen=True, slots=True)
class Tokens:
    """An app's OAuth tokens; `expires_in` is in seconds from now. Never printed."""

    access_token: str
    refresh_token: str | None
    expires_in: float

    def __repr__(self) -> str:
        return f"Tokens(expires_in={self.expires_in})"


@dataclass(frozen=True, slots=True)
class AddonApp:
    """The app that owns an add-on resource."""

    id: UUID
    name: str


class HerokuClient:
    """Heroku over one pool of kept-alive connections.

    Args:
        api_url: The Platform API's address.
        id_url: The token endpoint's host.
        client_secret: The add-on's OAuth client secret.
        timeout: Seconds that one answer may take in all; connecting gets 1 second.
        transport: Replaces the network, for tests.
    """

    def __init__(
        self,
        *,
        api_url: str,
        id_url: str,
        client_secret: str,
        timeout: float,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self._id_url = id_url.rstrip("/")
        self._client_secret = client_secret
        self._timeout = timeout
        self._client = new_client(
            timeout, headers={"Accept": ACCEPT, "User-Agent": "guv"}, transport=transport
        )

    def close(self) -> None:
        """Nothing; gives the connections back."""
        self._client.close()

    def exchange_grant(self, code: str) -> Tokens:
        """The tokens for a grant code, which works once and for 5 minutes.

        Raises:
            HerokuRefused: The code is wrong, expired or used.
            HerokuUnavailable: No usable answer.
        """
        return self._tokens({"grant_type": "authorization_code", "code": code})

    def refresh_tokens(self, refresh_token: str) -> Tokens:
        """Fresh tokens for a refresh token; errors as in `exchange_grant`."""
        return self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def read_addon_app(self, addon_id: UUID, token: str) -> AddonApp:
        """The app that owns the add-on resource; errors as in `read_formation`."""
        answer = self._api("GET", f"/addons/{addon_id}", token)
        try:
            return AddonApp(UUID(answer["app"]["id"]), str(answer["app"]["name"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise HerokuUnavailable("Heroku's answer is no add-on") from None

    def read_formation(self, app_id: UUID, token: str) -> dict[str, int]:
        """The quantity of each process type of the app.

        Raises:
            HerokuRefused: Token or rights are not enough, or the app is gone.
            HerokuUnavailable: No usable answer, or the rate limit is reached.
        """
        answer = self._api("GET", f"/apps/{app_id}/formation", token)
        entries = answer if isinstance(answer, list) else [answer]
        try:
            return {str(entry["type"]): int(entry["quantity"]) for entry in entries}
        except (KeyError, TypeError, ValueError):
            raise HerokuUnavailable("Heroku's answer is no formation") from None

    def scale(self, app_id: UUID, process_type: str, quantity: int, token: str) -> int:
        """The quantity that Heroku runs after being asked for `quantity`; errors as above."""
        path = f"/apps/{app_id}/formation/{quote(process_type, safe='')}"
        answer = self._api("PATCH", path, token, {"quantity": quantity})
        try:
            return int(answer["quantity"])
        except (KeyError, TypeError, ValueError):
            raise HerokuUnavailable("Heroku's answer is no formation") from None

    def _tokens(self, form: Mapping[str, str]) -> Tokens:
        body = {**form, "client_secret": self._client_secret}
        answer = self._send("POST", f"{self._id_url}/oauth/token", data=body)
        try:
            return Tokens(
                str(answer["access_token"]),
                str(answer["refresh_token"]) if answer.get("refresh_token") else None,
                float(answer["expires_in"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise HerokuUnavailable("Heroku's answer holds no tokens") from None

    def _api(self, method: str, path: str, token: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        return self._send(method, self._api_url + path, headers=headers, json=body)

    def _send(self, method: str, url: str, **options: Any) -> Any:
        try:
            answer = fetch(self._client, method, url, self._timeout, **options)
            if answer.is_success:
                return answer.json()
        except httpx.TimeoutException:
            raise HerokuUnavailable(f"no answer within {self._timeout:g} seconds") from None
        except (httpx.HTTPError, ValueError) as error:
            raise HerokuUnavailable(f"no usable answer ({type(error).__name__})") from None
        raise _refusal(answer)


def _refusal(answer: Answer) -> Exception:
    """Heroku's error as ours: what may pass is unavailable, what stays is refused."""
    status = answer.status
    try:
        body = answer.json()
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return HerokuUnavailable(f"Heroku answers {status} {body.get('id', '')}".rstrip())
    limit = body.get("limit")
    return HerokuRefused(
        status,
        str(body.get("id", "unknown")),
        str(body.get("message", "no reason given"))[:300],
        limit if isinstance(limit, int) else None,
    )
