"""Subscription to Heroku's webhooks, one for each add-on resource.

The secret is stored before Heroku gets it, so that an attempt whose answer was lost can be
finished: a subscription that Heroku has already uses the same secret.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy import Engine
from sqlmodel import Session, select

from guv.apps import queries as apps
from guv.crypto import Sealer, new_secret
from guv.database import session_scope
from guv.errors import HerokuRefused, OutsideError
from guv.heroku.addon import AddonClient, Subscribed, Webhook
from guv.heroku.credentials import usable_partner_token
from guv.tenants.models import Subscription, Tenant

EVENTS = ("api:app", "api:addon")  # granted to every partner
MORE_EVENTS = (*EVENTS, "api:formation")  # the third one is granted on request only
PATH = "/heroku/webhooks"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Subscribes to the events of resources.

    Attributes:
        engine: The database.
        sealer: Seals the secrets.
        heroku: Heroku's client.
        public_url: Our address, for deliveries.
    """

    engine: Engine
    sealer: Sealer
    heroku: AddonClient
    public_url: str

    def subscribe(self, tenant: Tenant, token: str, now: datetime) -> None:
        """Subscribe to a resource's events, as far as Heroku grants them.

        Without events guv learns the same from its ticks, only later.

        Args:
            tenant: The resource.
            token: A token of the resource.
            now: The present.

        Raises:
            HerokuRefused: The token is invalid.
            HerokuUnavailable: No usable answer.
        """
        secret = self._secret(tenant.id, now)
        if secret is None:
            return
        try:
            subscribed = self.heroku.find_webhook(tenant.id, self._url(tenant.id), token)
            if subscribed is not None:
                self._keep(tenant.id, subscribed)
                return
            self._ask(tenant.id, secret, token)
        except HerokuRefused as refusal:
            if refusal.is_about_token:
                raise
            _log.warning("events_refused", tenant=str(tenant.id), error=str(refusal))

    def parting(self, session: Session, tenant: Tenant, now: datetime) -> Callable[[], None] | None:
        """Prepare the end of a subscription; None: there is none, or no token for it.

        To be prepared while the tenant's secrets are still there, and run after they are gone.
        Heroku ends the subscription with the resource anyway, so one attempt is enough.
        """
        row = find_subscription(session, tenant.id)
        tokens = (
            usable_partner_token(app, self.sealer, now) for app in apps.list_apps(session, tenant)
        )
        token = next((candidate for candidate in tokens if candidate is not None), None)
        if row is None or row.heroku_id is None or token is None:
            return None
        return partial(self._end, tenant.id, row.heroku_id, token)

    def _end(self, tenant_id: UUID, heroku_id: UUID, token: str) -> None:
        with suppress(OutsideError):
            self.heroku.remove_webhook(tenant_id, heroku_id, token)

    def _ask(self, tenant_id: UUID, secret: str, token: str) -> None:
        """Subscribe to the most that Heroku grants."""
        url = self._url(tenant_id)
        try:
            made = self.heroku.add_webhook(tenant_id, Webhook(url, MORE_EVENTS, secret), token)
        except HerokuRefused:
            made = self.heroku.add_webhook(tenant_id, Webhook(url, EVENTS, secret), token)
        self._keep(tenant_id, made)

    def _secret(self, tenant_id: UUID, now: datetime) -> str | None:
        """Return the secret to subscribe with; None: already subscribed."""
        with session_scope(self.engine) as session:
            row = find_subscription(session, tenant_id, locked=True)
            if row is None:
                sealed = self.sealer.seal(new_secret())
                row = Subscription(tenant_id=tenant_id, secret_sealed=sealed, created_at=now)
                session.add(row)
            return self.sealer.open(row.secret_sealed) if row.heroku_id is None else None

    def _keep(self, tenant_id: UUID, made: Subscribed) -> None:
        with session_scope(self.engine) as session:
            row = find_subscription(session, tenant_id, locked=True)
            if row is not None:
                row.heroku_id, row.events = made.id, list(made.events)
                session.add(row)

    def _url(self, tenant_id: UUID) -> str:
        return f"{self.public_url.rstrip('/')}{PATH}/{tenant_id}"


def find_subscription(
    session: Session, tenant_id: UUID, *, locked: bool = False
) -> Subscription | None:
    """Find a resource's subscription, locked if asked for; None: there is none."""
    query = select(Subscription).where(Subscription.tenant_id == tenant_id)
    return session.exec(query.with_for_update() if locked else query).first()
