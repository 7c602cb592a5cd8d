"""The customer's side: add-ons are created, changed and destroyed, and guv hears of it.

What Heroku then asks of a partner is its Add-on Partner API, version 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from sandbox.heroku import wire
from sandbox.heroku.errors import Refusal
from sandbox.heroku.model import AddOn, AddOnState, App
from sandbox.heroku.platform import Heroku

_TIMEOUT = 25.0  # what Heroku waits at most for a partner
_ACCEPT = "application/vnd.heroku-addons+json; version=3"


@dataclass(frozen=True, slots=True)
class Partner:
    """Where guv answers Heroku's calls, and Heroku's credentials there; never printed.

    Attributes:
        base_url: As in the manifest: `https://.../heroku/resources`.
        id: The add-on's slug, the user name.
        password: The manifest's password.
        sso_salt: The manifest's salt.
    """

    base_url: str
    id: str
    password: str
    sso_salt: str = ""

    @property
    def sso_url(self) -> str:
        """Where customers are sent to, beside `base_url` as in the manifest."""
        return self.base_url.partition("/heroku/")[0] + "/sso/login"

    def __repr__(self) -> str:
        return f"Partner({self.base_url})"


class PartnerRefused(Exception):
    """guv did not do as Heroku asked.

    Attributes:
        status: What it answered; 0: nothing usable.
        message: What it said, for the customer.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class Customer:
    """A customer of Heroku who uses the add-on.

    Args:
        heroku: Where their apps are.
        partner: The add-on's partner.
    """

    def __init__(self, heroku: Heroku, partner: Partner) -> None:
        self._heroku = heroku
        self._partner = partner

    def create_addon(
        self, app: App, plan: str = "test", options: Mapping[str, str] | None = None
    ) -> AddOn:
        """Create the resource, provisioned or pending, with its variables in the app.

        Raises:
            PartnerRefused: guv refused, or gave no usable answer; there is no resource then.
        """
        addon = self._heroku.new_addon(app, plan)
        try:
            answer = self.ask("POST", "", self.provision_body(addon, options or {}))
            self._take_config(addon, answer)
        except PartnerRefused:
            self._heroku.remove_addon(addon)
            raise
        return addon

    def provision_body(self, addon: AddOn, options: Mapping[str, str]) -> dict[str, Any]:
        """Build what Heroku sends for a new resource, with a new grant each time."""
        heroku = self._heroku
        with heroku.lock:
            grant = heroku.authorizations.new_grant(addon, heroku.clock())
        return {
            "uuid": str(addon.id),
            "name": addon.name,
            "plan": addon.plan,
            "region": "amazon-web-services::us-east-1",
            "callback_url": f"https://api.heroku.com/addons/{addon.id}",
            "oauth_grant": {
                "code": grant.code,
                "type": "authorization_code",
                "expires_at": grant.expires_at.strftime("%Y-%m-%dT%H:%M:%S%z"),
            },
            "options": dict(options),
        }

    def change_plan(self, addon: AddOn, plan: str) -> None:
        """Move the resource to the plan; errors as in `create_addon`."""
        answer = self.ask("PUT", f"/{addon.id}", {"plan": plan})
        self._heroku.change_plan(addon, plan)
        self._take_config(addon, answer)

    def destroy_addon(self, addon: AddOn) -> None:
        """Destroy the resource, also where guv answers that it is already gone."""
        answer = self.ask("DELETE", f"/{addon.id}", accepted=(200, 204, 410))
        if answer.status_code != httpx.codes.ACCEPTED:
            self._heroku.remove_addon(addon)

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        accepted: tuple[int, ...] = (200, 201, 202),
    ) -> httpx.Response:
        """Send one of Heroku's calls to guv and return the answer.

        Raises:
            PartnerRefused: It is no accepted one.
        """
        auth = (self._partner.id, self._partner.password)
        try:
            answer = httpx.request(
                method,
                self._partner.base_url + path,
                json=body,
                auth=auth,
                headers={"Accept": _ACCEPT, "Content-Type": "application/json"},
                timeout=_TIMEOUT,
            )
        except httpx.HTTPError as error:
            raise PartnerRefused(0, type(error).__name__) from None
        if answer.status_code not in accepted:
            raise PartnerRefused(answer.status_code, _message(answer))
        return answer

    def _take_config(self, addon: AddOn, answer: httpx.Response) -> None:
        body = answer.json() if answer.content else {}
        addon.provider_id = str(body.get("id", addon.provider_id))
        addon.message = body.get("message")
        if answer.status_code == httpx.codes.ACCEPTED:
            return
        try:
            self._heroku.set_config(addon, body.get("config") or {})
        except Refusal as refusal:
            raise PartnerRefused(answer.status_code, str(refusal)) from None
        if addon.state is AddOnState.PROVISIONING:
            self._heroku.finish_provisioning(addon)


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase


def describe(addon: AddOn) -> dict[str, Any]:
    """Describe the resource for the control routes: Heroku's JSON and the variables' values."""
    return {**wire.addon_json(addon), "config": dict(addon.config)}
