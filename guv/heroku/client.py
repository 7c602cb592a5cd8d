"""Client of Heroku's Platform API and token endpoint.

Apps are addressed by their UUID, quantities are absolute, dyno sizes are never sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from guv.errors import HerokuLimited, HerokuRefused, HerokuUnavailable
from guv.http import Answer, fetch, new_client

ACCEPT = "application/vnd.heroku+json; version=3"


@dataclass(frozen=True, slots=True)
class Tokens:
    """OAuth tokens of an app; `expires_in` is in seconds from now. Never printed."""

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


@dataclass(frozen=True, slots=True)
class Formation:
    """The process types of an app.

    Attributes:
        quantities: Dynos of each process type.
        sizes: Dyno size of each process type, such as "Standard-1X", where Heroku tells.
        app_name: The app's present name, where Heroku tells.
        etag: Makes the next read cheap if nothing has changed.
        remaining: Calls left in Heroku's rate limit; None: unknown.
    """

    quantities: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, str] = field(default_factory=dict)
    app_name: str | None = None
    etag: str | None = None
    remaining: int | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A release of an app: number, description ("Deploy fa8b262f"), author and time."""

    version: int
    description: str
    by: str
    created_at: datetime


class HerokuClient:
    """Heroku's API over one pool of kept-alive connections.

    Args:
        api_url: The Platform API's address.
        id_url: The token endpoint's host.
        client_secret: The add-on's OAuth client secret.
        timeout: Seconds for a whole response; connecting gets 1 second.
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
        """Close all connections."""
        self._client.close()

    def exchange_grant(self, code: str, verifier: str | None = None) -> Tokens:
        """Exchange a grant code, which works once and for 5 minutes, for tokens.

        Args:
            code: From Heroku.
            verifier: PKCE's verifier for a code that we asked for; None for an add-on's grant.

        Raises:
            HerokuRefused: The code is wrong, expired or used.
            HerokuUnavailable: No usable answer.
        """
        proof = {"code_verifier": verifier} if verifier is not None else {}
        return self._tokens({"grant_type": "authorization_code", "code": code, **proof})

    def refresh_tokens(self, refresh_token: str) -> Tokens:
        """Get new tokens for a refresh token; errors as in `exchange_grant`."""
        return self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def read_addon_app(self, addon_id: UUID, token: str) -> AddonApp:
        """Read the app that owns an add-on resource; errors as in `read_formation`."""
        answer = self._api("GET", f"/addons/{addon_id}", token)
        return _app(answer.get("app") if isinstance(answer, dict) else None)

    def read_app(self, name: str, token: str) -> AddonApp:
        """Read an app by name or UUID; errors as in `read_formation`."""
        return _app(self._api("GET", f"/apps/{quote(name, safe='')}", token))

    def read_formation(self, app_id: UUID, token: str, known: Formation | None = None) -> Formation:
        """Read an app's formation.

        Args:
            app_id: The app's UUID.
            token: A token that may read the app.
            known: The previous read, returned again if Heroku says that nothing has changed.

        Raises:
            HerokuRefused: The token or its rights are insufficient, or the app is gone.
            HerokuUnavailable: No usable answer.
            HerokuLimited: The rate limit is used up.
        """
        etag = known.etag if known is not None else None
        headers = {"If-None-Match": etag} if etag else {}
        answer = self._ask("GET", f"/apps/{app_id}/formation", token, headers=headers)
        if answer.status == httpx.codes.NOT_MODIFIED and known is not None:
            return replace(known, remaining=_remaining(answer))
        try:
            return _formation(answer)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise HerokuUnavailable("Heroku's answer is no formation") from None

    def read_last_release(self, app_id: UUID, token: str) -> Release | None:
        """Read an app's newest release; None: it has none. Errors as in `read_formation`."""
        newest = {"Range": "version ..; order=desc,max=1"}
        answer = self._ask("GET", f"/apps/{app_id}/releases", token, headers=newest)
        try:
            releases = answer.json()
            if not releases:
                return None
            last = max(releases, key=lambda one: int(one["version"]))
            return Release(
                int(last["version"]),
                str(last["description"]),
                str((last.get("user") or {}).get("email", "unknown")),
                datetime.fromisoformat(last["created_at"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise HerokuUnavailable("Heroku's answer is no release") from None

    def scale(self, app_id: UUID, process_type: str, quantity: int, token: str) -> int:
        """Set a process type's quantity and return the one that Heroku runs; errors as above."""
        path = f"/apps/{app_id}/formation/{quote(process_type, safe='')}"
        answer = self._api("PATCH", path, token, {"quantity": quantity})
        try:
            return int(answer["quantity"])
        except (KeyError, TypeError, ValueError):
            raise HerokuUnavailable("Heroku's answer is no formation") from None

    def scale_all(self, app_id: UUID, wanted: Mapping[str, int], token: str) -> dict[str, int]:
        """Set the quantities of process types, all or none, and return those that Heroku runs.

        Args:
            app_id: The app's UUID.
            wanted: The quantity of each process type.
            token: A token that may scale the app.

        Raises:
            HerokuRefused, HerokuUnavailable, HerokuLimited: As in `read_formation`.
        """
        updates = [{"type": name, "quantity": quantity} for name, quantity in wanted.items()]
        answer = self._api("PATCH", f"/apps/{app_id}/formation", token, {"updates": updates})
        try:
            runs = {str(process["type"]): int(process["quantity"]) for process in answer}
            return {name: runs[name] for name in wanted}
        except (KeyError, TypeError, ValueError):
            raise HerokuUnavailable("Heroku's answer is no formation") from None

    def _tokens(self, form: Mapping[str, str]) -> Tokens:
        body = {**form, "client_secret": self._client_secret}
        answer = _parsed(self._send("POST", f"{self._id_url}/oauth/token", data=body))
        try:
            return Tokens(
                str(answer["access_token"]),
                str(answer["refresh_token"]) if answer.get("refresh_token") else None,
                float(answer["expires_in"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise HerokuUnavailable("Heroku's answer holds no tokens") from None

    def _api(self, method: str, path: str, token: str, body: Any = None) -> Any:
        return _parsed(self._ask(method, path, token, json=body))

    def _ask(
        self,
        method: str,
        path: str,
        token: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> Answer:
        headers = {"Authorization": f"Bearer {token}", **(headers or {})}
        return self._send(method, self._api_url + path, headers=headers, json=json)

    def _send(self, method: str, url: str, **options: Any) -> Answer:
        try:
            answer = fetch(self._client, method, url, self._timeout, **options)
        except httpx.TimeoutException:
            raise HerokuUnavailable(f"no answer within {self._timeout:g} seconds") from None
        except httpx.HTTPError as error:
            raise HerokuUnavailable(f"no usable answer ({type(error).__name__})") from None
        if answer.is_success or answer.status == httpx.codes.NOT_MODIFIED:
            return answer
        raise _refusal(answer)


def _parsed(answer: Answer) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        raise HerokuUnavailable(f"no usable answer ({type(error).__name__})") from None


def _app(found: Any) -> AddonApp:
    try:
        return AddonApp(UUID(found["id"]), str(found["name"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise HerokuUnavailable("Heroku's answer is no app") from None


def _formation(answer: Answer) -> Formation:
    body = _parsed(answer)
    entries = body if isinstance(body, list) else [body]
    names = [entry["app"].get("name") for entry in entries if isinstance(entry.get("app"), dict)]
    return Formation(
        {str(entry["type"]): int(entry["quantity"]) for entry in entries},
        {str(entry["type"]): str(entry["size"]) for entry in entries if entry.get("size")},
        str(names[0]) if names and names[0] else None,
        answer.headers.get("ETag"),
        _remaining(answer),
    )


def _remaining(answer: Answer) -> int | None:
    header = answer.headers.get("RateLimit-Remaining", "")
    return int(header) if header.isascii() and header.isdigit() else None


def _refusal(answer: Answer) -> Exception:
    """Convert an error response: temporary ones are unavailable, permanent ones refused."""
    status = answer.status
    try:
        body = answer.json()
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return HerokuLimited(f"Heroku answers {status} {body.get('id', '')}".rstrip())
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return HerokuUnavailable(f"Heroku answers {status} {body.get('id', '')}".rstrip())
    limit = body.get("limit")
    return HerokuRefused(
        status,
        str(body.get("id", "unknown")),
        str(body.get("message", "no reason given"))[:300],
        limit if isinstance(limit, int) else None,
    )
