"""Client of Heroku's API for add-on partners: resource, config, webhooks, drains and consent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx

from guv.config import Config
from guv.errors import HerokuRefused, HerokuUnavailable
from guv.heroku.client import HerokuClient, Tokens

SCOPE = "write"  # the least scope that may scale; it cannot read config vars


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook subscription to request; never printed.

    Attributes:
        url: Address for deliveries.
        events: Kinds of events, such as "api:app".
        secret: Key of the signatures.
    """

    url: str
    events: Sequence[str]
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AddedDrain:
    """A log drain at Heroku, and the token that its deliveries carry."""

    id: UUID
    token: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """An existing subscription: Heroku's id and its kinds of events."""

    id: UUID
    events: tuple[str, ...]


class AddonClient(HerokuClient):
    """Heroku's API for an add-on partner; errors of all calls as in `read_formation`.

    Args:
        config: Addresses, secrets and timeout.
        transport: Replaces the network, for tests.
    """

    def __init__(self, config: Config, transport: httpx.BaseTransport | None = None) -> None:
        shared = {"api_url": config.heroku_api_url, "id_url": config.heroku_id_url}
        timeout = config.guv_heroku_timeout
        super().__init__(
            **shared,
            client_secret=config.guv_oauth_client_secret.get_secret_value(),
            timeout=timeout,
            transport=transport,
        )
        self._user = HerokuClient(
            **shared,
            client_secret=config.guv_user_oauth_client_secret.get_secret_value(),
            timeout=timeout,
            transport=transport,
        )
        self._metrics_url = config.heroku_metrics_url.rstrip("/")
        self._user_client_id = config.guv_user_oauth_client_id
        self._has_user_secret = bool(config.guv_user_oauth_client_secret.get_secret_value())

    def close(self) -> None:
        """Close all connections."""
        super().close()
        self._user.close()

    def read_state(self, addon_id: UUID, token: str) -> str:
        """Read the resource's state, such as "provisioned"."""
        answer = self._api("GET", f"/addons/{addon_id}", token)
        try:
            return str(answer.get("state", "provisioned"))
        except AttributeError:
            raise HerokuUnavailable("Heroku's answer is no add-on") from None

    def set_config(self, addon_id: UUID, values: Mapping[str, str], token: str) -> None:
        """Set the resource's config vars."""
        config = [{"name": name, "value": value} for name, value in values.items()]
        self._api("PATCH", f"/addons/{addon_id}/config", token, {"config": config})

    def finish_provisioning(self, addon_id: UUID, token: str) -> None:
        """Mark the resource as provisioned; the app gets its config vars."""
        self._api("POST", f"/addons/{addon_id}/actions/provision", token)

    def give_up(self, addon_id: UUID, token: str) -> None:
        """Mark the provisioning as failed; Heroku removes the resource and bills nothing."""
        self._api("POST", f"/addons/{addon_id}/actions/deprovision", token)

    def find_webhook(self, addon_id: UUID, url: str, token: str) -> Subscribed | None:
        """Find the resource's subscription for a URL; None: there is none."""
        answer = self._api("GET", f"/addons/{addon_id}/webhooks", token)
        try:
            subscriptions = (_subscribed(webhook) for webhook in answer if webhook["url"] == url)
            return next(subscriptions, None)
        except (KeyError, TypeError, ValueError):
            raise HerokuUnavailable("Heroku's answer is no list of webhooks") from None

    def add_webhook(self, addon_id: UUID, webhook: Webhook, token: str) -> Subscribed:
        """Subscribe to the resource's events."""
        body = {
            "include": list(webhook.events),
            "level": "sync",
            "secret": webhook.secret,
            "url": webhook.url,
        }
        answer = self._api("POST", f"/addons/{addon_id}/webhooks", token, body)
        try:
            return _subscribed(answer)
        except (KeyError, TypeError, ValueError):
            raise HerokuUnavailable("Heroku's answer is no webhook") from None

    def remove_webhook(self, addon_id: UUID, webhook_id: UUID, token: str) -> None:
        """Remove a subscription of the resource."""
        self._api("DELETE", f"/addons/{addon_id}/webhooks/{webhook_id}", token)

    def read_generation(self, app_id: UUID, token: str) -> str:
        """Read the app's generation, such as "cedar" or "fir"."""
        answer = self._api("GET", f"/apps/{app_id}", token)
        try:
            return str((answer.get("generation") or {}).get("name", "cedar"))
        except AttributeError:
            raise HerokuUnavailable("Heroku's answer is no app") from None

    def add_drain(self, app_id: UUID, url: str, token: str) -> AddedDrain:
        """Add a log drain to the app."""
        answer = self._api("POST", f"/apps/{app_id}/log-drains", token, {"url": url})
        try:
            return AddedDrain(UUID(answer["id"]), str(answer["token"]))
        except (KeyError, TypeError, ValueError):
            raise HerokuUnavailable("Heroku's answer is no log drain") from None

    def read_drain_tokens(self, app_id: UUID, token: str) -> set[str]:
        """Read the tokens of all log drains of the app."""
        answer = self._api("GET", f"/apps/{app_id}/log-drains", token)
        try:
            return {str(drain["token"]) for drain in answer}
        except (KeyError, TypeError):
            raise HerokuUnavailable("Heroku's answer is no list of log drains") from None

    def remove_drain(self, app_id: UUID, drain_id: UUID, token: str) -> None:
        """Remove a log drain of the app."""
        self._api("DELETE", f"/apps/{app_id}/log-drains/{drain_id}", token)

    def is_autoscaled(self, app_id: UUID, process_type: str, token: str) -> bool:
        """Whether Heroku's own autoscaling scales the process type."""
        url = f"{self._metrics_url}/apps/{app_id}/formation/{process_type}/monitors"
        answer = self._send("GET", url, headers={"Authorization": f"Bearer {token}"})
        try:
            return any(
                monitor.get("action_type") == "scale" and monitor.get("is_active", True)
                for monitor in answer.json()
            )
        except (TypeError, ValueError, AttributeError):
            raise HerokuUnavailable("Heroku's answer holds no monitors") from None

    def try_to_scale(self, app_id: UUID, token: str) -> None:
        """Check that a token may read and change the app's formation; nothing is changed.

        Raises:
            HerokuRefused: A right is missing, or the app.
            HerokuUnavailable: No usable answer.
        """
        self._api("GET", f"/apps/{app_id}/formation", token)
        self.try_to_change(app_id, token)

    def try_to_change(self, app_id: UUID, token: str) -> None:
        """Check that a token may change the app's formation; errors as in `try_to_scale`.

        Heroku performs an empty change or calls it invalid where the right is there, and forbids it
        where it is not.
        """
        try:
            self._api("PATCH", f"/apps/{app_id}/formation", token, {"updates": []})
        except HerokuRefused as refusal:
            if refusal.status not in {httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY}:
                raise

    @property
    def asks_users(self) -> bool:
        """Whether there is an OAuth client for users' consent."""
        return bool(self._user_client_id) and self._has_user_secret

    def consent_url(self, state: str, challenge: str) -> str:
        """Return the address at which a user gives their consent.

        Args:
            state: Returned with the user.
            challenge: Of the verifier that the exchange will show (PKCE, S256).
        """
        query = {
            "client_id": self._user_client_id,
            "response_type": "code",
            "scope": SCOPE,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._id_url}/oauth/authorize?{urlencode(query)}"

    def exchange_consent(self, code: str, verifier: str) -> Tokens:
        """Exchange the code of a consent for the user's tokens."""
        return self._user.exchange_grant(code, verifier)

    def refresh_user_tokens(self, refresh_token: str) -> Tokens:
        """Get new tokens of a user for their refresh token."""
        return self._user.refresh_tokens(refresh_token)


def _subscribed(answer: Mapping[str, Any]) -> Subscribed:
    return Subscribed(UUID(answer["id"]), tuple(map(str, answer["include"])))
