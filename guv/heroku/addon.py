"""What does an add-on ask of Heroku? Its resource and config, and a user's consent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx

from guv.config import Config
from guv.errors import HerokuRefused, HerokuUnavailable
from guv.heroku.client import HerokuClient, Tokens

SCOPE = "write"  # the least that may scale; it cannot read config vars


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription to ask for; never printed.

    Attributes:
        url: Where Heroku shall deliver.
        events: What of, such as "api:app".
        secret: What it shall sign with.
    """

    url: str
    events: Sequence[str]
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AddedDrain:
    """A log drain at Heroku, and the token that its deliveries come with."""

    id: UUID
    token: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription that there is: Heroku's id of it, and of which events it tells."""

    id: UUID
    events: tuple[str, ...]


class AddonClient(HerokuClient):
    """Heroku as an add-on's partner sees it; errors of all calls as in `read_formation`.

    Args:
        config: Addresses, secrets and the time that one answer may take.
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
        """Nothing; gives the connections back."""
        super().close()
        self._user.close()

    def read_state(self, addon_id: UUID, token: str) -> str:
        """The add-on resource's state, such as "provisioned"."""
        answer = self._api("GET", f"/addons/{addon_id}", token)
        try:
            return str(answer.get("state", "provisioned"))
        except AttributeError:
            raise HerokuUnavailable("Heroku's answer is no add-on") from None

    def set_config(self, addon_id: UUID, values: Mapping[str, str], token: str) -> None:
        """Nothing; the resource's variables are set."""
        config = [{"name": name, "value": value} for name, value in values.items()]
        self._api("PATCH", f"/addons/{addon_id}/config", token, {"config": config})

    def finish_provisioning(self, addon_id: UUID, token: str) -> None:
        """Nothing; the resource is in use, and its app has the variables."""
        self._api("POST", f"/addons/{addon_id}/actions/provision", token)

    def give_up(self, addon_id: UUID, token: str) -> None:
        """Nothing; the resource is removed, and the customer does not pay for it."""
        self._api("POST", f"/addons/{addon_id}/actions/deprovision", token)

    def find_webhook(self, addon_id: UUID, url: str, token: str) -> Subscribed | None:
        """The resource's subscription that leads there; None: there is none."""
        answer = self._api("GET", f"/addons/{addon_id}/webhooks", token)
        try:
            found = (_subscribed(one) for one in answer if one["url"] == url)
            return next(found, None)
        except (KeyError, TypeError, ValueError):
            raise HerokuUnavailable("Heroku's answer is no list of webhooks") from None

    def add_webhook(self, addon_id: UUID, webhook: Webhook, token: str) -> Subscribed:
        """The new subscription to the resource's events."""
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
        """Nothing; Heroku does not tell of the resource's events there any more."""
        self._api("DELETE", f"/addons/{addon_id}/webhooks/{webhook_id}", token)

    def read_generation(self, app_id: UUID, token: str) -> str:
        """The app's generation, such as "cedar" or "fir"."""
        answer = self._api("GET", f"/apps/{app_id}", token)
        try:
            return str((answer.get("generation") or {}).get("name", "cedar"))
        except AttributeError:
            raise HerokuUnavailable("Heroku's answer is no app") from None

    def add_drain(self, app_id: UUID, url: str, token: str) -> AddedDrain:
        """The app's new log drain, which delivers to that URL."""
        answer = self._api("POST", f"/apps/{app_id}/log-drains", token, {"url": url})
        try:
            return AddedDrain(UUID(answer["id"]), str(answer["token"]))
        except (KeyError, TypeError, ValueError):
            raise HerokuUnavailable("Heroku's answer is no log drain") from None

    def read_drain_tokens(self, app_id: UUID, token: str) -> set[str]:
        """The tokens of all log drains of the app."""
        answer = self._api("GET", f"/apps/{app_id}/log-drains", token)
        try:
            return {str(one["token"]) for one in answer}
        except (KeyError, TypeError):
            raise HerokuUnavailable("Heroku's answer is no list of log drains") from None

    def remove_drain(self, app_id: UUID, drain_id: UUID, token: str) -> None:
        """Nothing; the app has that log drain no more."""
        self._api("DELETE", f"/apps/{app_id}/log-drains/{drain_id}", token)

    def is_autoscaled(self, app_id: UUID, process_type: str, token: str) -> bool:
        """Whether Heroku's own autoscaling scales the process type."""
        url = f"{self._metrics_url}/apps/{app_id}/formation/{process_type}/monitors"
        answer = self._send("GET", url, headers={"Authorization": f"Bearer {token}"})
        try:
            return any(
                one.get("action_type") == "scale" and one.get("is_active", True)
                for one in answer.json()
            )
        except (TypeError, ValueError, AttributeError):
            raise HerokuUnavailable("Heroku's answer holds no monitors") from None

    def try_to_scale(self, app_id: UUID, token: str) -> None:
        """Nothing, if the token may see and change the app's formation; nothing is changed.

        Raises:
            HerokuRefused: The right is missing, or the app.
            HerokuUnavailable: No usable answer.
        """
        self._api("GET", f"/apps/{app_id}/formation", token)
        self.try_to_change(app_id, token)

    def try_to_change(self, app_id: UUID, token: str) -> None:
        """Nothing, if the token may change the app's formation; errors as in `try_to_scale`.

        A change of no process type at all is either done or called invalid by Heroku where the
        right is there, and forbidden where it is not.
        """
        try:
            self._api("PATCH", f"/apps/{app_id}/formation", token, {"updates": []})
        except HerokuRefused as refusal:
            if refusal.status not in {httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY}:
                raise

    @property
    def asks_users(self) -> bool:
        """Whether there is an OAuth client that users can give their consent to."""
        return bool(self._user_client_id) and self._has_user_secret

    def consent_url(self, state: str, challenge: str) -> str:
        """Where a user says that guv may scale; Heroku then sends them back with a code.

        Args:
            state: Comes back with the user.
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
        """The user's tokens for the code that they came back with."""
        return self._user.exchange_grant(code, verifier)

    def refresh_user_tokens(self, refresh_token: str) -> Tokens:
        """Fresh tokens of a user for their refresh token."""
        return self._user.refresh_tokens(refresh_token)


def _subscribed(answer: Mapping[str, Any]) -> Subscribed:
    return Subscribed(UUID(answer["id"]), tuple(map(str, answer["include"])))
