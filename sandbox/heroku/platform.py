"""Heroku's whole state behind one lock."""

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from guv.clock import utc_now
from sandbox.heroku import errors
from sandbox.heroku.access import PARTNER, Access, Authorizations, RateLimit
from sandbox.heroku.consent import Consents
from sandbox.heroku.formation import apply, read_changes
from sandbox.heroku.model import (
    AddOn,
    AddOnState,
    App,
    Dyno,
    DynoState,
    FormationChange,
    ProcessType,
    Release,
)
from sandbox.heroku.webhooks import Post, addon_event, app_event, formation_event

Clock = Callable[[], datetime]
CUSTOMER = "customer@example.com"
_TOLD = {"name", "maintenance"}  # of an app, in events


class Heroku:
    """All apps, add-ons and tokens; every method may be called from any thread.

    Args:
        client_secret: The partner's OAuth client secret.
        config_vars: The variables that the partner's manifest declares.
        clock: Says what time it is.
    """

    def __init__(
        self,
        *,
        client_secret: str = "",
        config_vars: Sequence[str] = ("GUV_URL",),
        clock: Clock = utc_now,
    ) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.apps: dict[UUID, App] = {}
        self.addons: dict[UUID, AddOn] = {}
        self.changes: list[FormationChange] = []
        self.authorizations = Authorizations(client_secret)
        self.consents = Consents(self.authorizations)
        self.rate_limit = RateLimit()
        self.post = Post()
        self.manifest_config_vars = tuple(config_vars)
        self.sso_url = "https://addons-sso.heroku.com"  # where people click on add-ons

    def new_app(
        self,
        name: str,
        formation: Mapping[str, int],
        *,
        boot_delay: float = 0.0,
        size: str = "Standard-1X",
    ) -> App:
        """Create a deployed app whose dynos are up; `boot_delay`, in seconds, is for later ones."""
        now = self.clock()
        types = {
            type_: ProcessType(uuid4(), type_, size, now, now, _running(type_, quantity, now))
            for type_, quantity in formation.items()
        }
        app = App(uuid4(), name, now, timedelta(seconds=boot_delay), types)
        with self.lock:
            self.apps[app.id] = app
        return app

    def new_addon(self, app: App, plan: str) -> AddOn:
        """Create a resource that its partner has not heard of yet."""
        name, id_ = f"guv-{secrets.token_hex(4)}", uuid4()
        web_url = f"{self.sso_url}/apps/{app.id}/addons/{id_}"
        addon = AddOn(id_, name, plan, app, self.clock(), web_url)
        with self.lock:
            self.addons[addon.id] = addon
        return addon

    def app(self, identity: str) -> App:
        """Return the app with that id or name.

        Raises:
            Refusal: There is none.
        """
        with self.lock:
            for app in self.apps.values():
                if identity in {str(app.id), app.name}:
                    return app
        raise errors.missing("app")

    def addon(self, identity: str) -> AddOn:
        """Return the add-on with that id or name; errors as in `app`."""
        with self.lock:
            for addon in self.addons.values():
                gone = addon.state is AddOnState.DEPROVISIONED
                if identity in {str(addon.id), addon.name} and not gone:
                    return addon
        raise errors.missing("add-on")

    def scale(
        self, app: App, updates: Sequence[Mapping[str, Any]], by: str = CUSTOMER
    ) -> list[ProcessType]:
        """Apply all updates, or none, and return the changed process types.

        Args:
            app: Whose formation.
            updates: As in Heroku's batch update: `type`, `quantity`, and a size where wanted.
            by: Who asks, as an e-mail address.

        Raises:
            Refusal: One of the updates cannot be done.
        """
        now = self.clock()
        with self.lock:
            changes = read_changes(app, updates)
            for change in changes:
                process, before = change.process, change.process.quantity
                apply(app, change, now)
                done = FormationChange(now, app.name, process.name, before, change.quantity, by)
                self.changes.append(done)
                for addon in self._addons_of(app):
                    self.post.tell(addon, formation_event(addon, process, before, now))
            return [change.process for change in changes]

    def change_app(self, app: App, **values: Any) -> None:
        """Set values of the app, such as `name` and `maintenance`."""
        with self.lock:
            before = {name: getattr(app, name) for name in values if name in _TOLD}
            for name, value in values.items():
                setattr(app, name, value)
            if before:
                self._tell_of_app(app, "update", before)

    def change_plan(self, addon: AddOn, plan: str) -> None:
        """Move the resource to the plan."""
        with self.lock:
            addon.plan = plan
            self.post.tell(addon, addon_event(addon, "update", self.clock()))

    def _tell_of_app(self, app: App, action: str, before: Mapping[str, Any] | None = None) -> None:
        for addon in self._addons_of(app):
            self.post.tell(addon, app_event(addon, action, self.clock(), before))

    def _addons_of(self, app: App) -> list[AddOn]:
        return [one for one in self.addons.values() if one.app is app]

    def release(self, app: App, description: str, by: str = CUSTOMER) -> Release:
        """Create a release of the app, such as "Deploy fa8b262f"."""
        with self.lock:
            version = len(app.releases) + 1
            release = Release(uuid4(), version, description, by, self.clock())
            app.releases.append(release)
        return release

    def dynos(self, app: App, process_type: str, state: DynoState | None = None) -> list[Dyno]:
        """Return the app's dynos of the type in their order, or only those in `state`."""
        now = self.clock()
        with self.lock:
            process = app.types.get(process_type)
            found = list(process.dynos) if process else []
        return [dyno for dyno in found if state in {None, dyno.state(now)}]

    def finish_provisioning(self, addon: AddOn) -> None:
        """Put the resource into use and its variables into the app."""
        with self.lock:
            addon.state = AddOnState.PROVISIONED
            addon.app.config_vars.update(addon.config)

    def set_config(self, addon: AddOn, values: Mapping[str, str]) -> None:
        """Set the partner's variables.

        Raises:
            Refusal: One of them is not in the partner's manifest.
        """
        unknown = sorted(set(values) - set(self.manifest_config_vars))
        if unknown:
            raise errors.invalid(f"Config var {unknown[0]} is not declared by the add-on.")
        with self.lock:
            addon.config.update(values)
            if addon.state is AddOnState.PROVISIONED:
                addon.app.config_vars.update(values)

    def remove_addon(self, addon: AddOn) -> None:
        """Remove the resource, its tokens and its variables."""
        with self.lock:
            addon.state = AddOnState.DEPROVISIONED
            self.post.tell(addon, addon_event(addon, "destroy", self.clock()))
            addon.webhooks.clear()
            self.authorizations.revoke(addon.id)
            for name in addon.config:
                addon.app.config_vars.pop(name, None)

    def remove_app(self, app: App) -> None:
        """Remove the app."""
        with self.lock:
            self.apps.pop(app.id, None)
            self._tell_of_app(app, "destroy")

    def who(self, access: Access) -> str:
        """Return the e-mail address under which changes with this access are noted."""
        return PARTNER if access.addon_id else access.account


def _running(process_type: str, quantity: int, now: datetime) -> list[Dyno]:
    return [Dyno(uuid4(), process_type, number + 1, now, now) for number in range(quantity)]
