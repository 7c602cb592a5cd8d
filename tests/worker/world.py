"""A tenant's broker, Heroku, New Relic and database in one process."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from guv.apps.models import App, Broker
from guv.clock import steady_seconds
from guv.history.models import DecisionRow, SampleRow
from guv.incidents.models import Incident
from guv.roles.models import Role
from guv.settings.field_models import Notify
from guv.settings.queries import Edit, read_level, write_level
from guv.tenants.models import Tenant
from sandbox.broker.memory import MemoryAccess
from sandbox.heroku import model as heroku
from sandbox.server import Sandbox
from sandbox.traffic import Fault
from tests.builders import NOON, a_broker, a_role, a_tenant, an_app
from worker.notifications.deliveries import deliver_due
from worker.process.runtime import Runtime
from worker.tick.batch import tick_roles
from worker.tick.result import TickResult

Row = TypeVar("Row", App, Broker, Role)
SECRET = "whsec_" + base64.b64encode(b"webhook-secret-marker-24").decode()
ACCOUNT = {"account_id": 1234567, "license_key": "license-key-marker"}


@dataclass
class MovedClock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class World:
    """One tenant with one app "shop" of process types web and worker, and a role "worker"."""

    sandbox: Sandbox
    runtime: Runtime
    clock: MovedClock
    shop: heroku.App
    access: MemoryAccess
    tenant: Tenant
    app: App
    broker: Broker
    role: Role

    def publish(self, messages: int, queue: str = "worker") -> None:
        """Publish messages to a queue."""
        self.sandbox.broker.declare(self.access.vhost, queue)
        for _ in range(messages):
            self.sandbox.broker.publish(self.access.vhost, queue, b"")

    def overload(self) -> None:
        """Publish more than the role's two consuming dynos can finish by the deadline."""
        self.publish(200)
        self.consumers(2)

    def consumers(self, count: int) -> None:
        """Add consumers that take no message."""
        for _ in range(count):
            self.sandbox.broker.consume(self.access.vhost, "worker")

    def drain(self) -> None:
        """Finish all waiting messages."""
        self.work(1_000_000)

    def work(self, most: int) -> None:
        """Finish up to `most` of the waiting messages."""
        consumer = self.sandbox.broker.consume(self.access.vhost, "worker")
        for _ in range(most):
            message = consumer.take(0)
            if message is None:
                break
            consumer.ack(message)
        consumer.close()

    def tick(self, role: Role | None = None, *, after: float = 10.0) -> TickResult:
        """Move the clock by `after` seconds, tick the role and deliver what is due."""
        self.clock.now += timedelta(seconds=after)
        role_id = (role or self.role).id
        result = tick_roles(self.runtime, [role_id], self.clock)[role_id]
        assert result is not None
        deliver_due(self.runtime, self.clock.now)  # as the clock has it done
        return result

    def ticks(self, seconds: float) -> list[TickResult]:
        """Tick the role every 10 seconds for that long."""
        return [self.tick() for _ in range(round(seconds / 10))]

    def dynos(self, process_type: str = "worker") -> int:
        """Return how many dynos Heroku runs."""
        return self.shop.types[process_type].quantity

    def fail(self, path: str, status: int | None = None, **options: Any) -> None:
        """Answer calls whose path matches with a fault until `mend`."""
        self.sandbox.traffic.add_fault(Fault(path, status=status, **options))

    def mend(self) -> None:
        """End all faults."""
        self.sandbox.traffic.clear_faults()

    def asked(self, method: str, path: str) -> int:
        """Count the requests since the start."""
        return len(self.sandbox.traffic.requests(method, path))

    def decisions(self) -> list[DecisionRow]:
        """Return the stored decisions, oldest first."""
        return self._rows(select(DecisionRow).order_by(col(DecisionRow.at)))

    def samples(self) -> list[SampleRow]:
        """Return the stored samples, oldest first."""
        return self._rows(select(SampleRow).order_by(col(SampleRow.at)))

    def incidents(self) -> list[Incident]:
        """Return the stored incidents, oldest first."""
        return self._rows(select(Incident).order_by(col(Incident.first_seen_at)))

    def stored_app(self) -> App:
        """Read the app from the database."""
        return self._row(App, self.app.id)

    def stored_broker(self) -> Broker:
        """Read the app's broker from the database."""
        return self._row(Broker, self.broker.id)

    def stored_role(self) -> Role:
        """Read the role from the database."""
        return self._row(Role, self.role.id)

    def add_role(self, name: str, **settings: Any) -> Role:
        """Add a role to the same app."""
        with Session(self.runtime.engine, expire_on_commit=False) as session:
            role = a_role(session, self.app, name, **settings)
            session.commit()
        return role

    def notify(self, **target: Any) -> None:
        """Send the role's alerts to the tenant's New Relic account."""
        self.notify_targets(new_relic={**ACCOUNT, "region": "us", **target})

    def notify_webhook(self, **target: Any) -> None:
        """Send the role's alerts to a webhook of the tenant."""
        url = f"{self.sandbox.url}/hooks/{self.shop.name}"
        self.sandbox.hooks.secrets[self.shop.name] = SECRET
        self.notify_targets(webhook={"url": url, "secret": SECRET, **target})

    def notify_targets(self, **targets: Any) -> None:
        """Store the role's notification targets as the API does, in place of earlier ones."""
        Notify.model_validate(targets)
        with Session(self.runtime.engine) as session:
            level = read_level(session, self.tenant, "role", self.role.id)
            sealed = self.runtime.sealer.seal(json.dumps(targets))
            edit = Edit("test", self.clock.now)
            kept = {name: value for name, value in level.values.items() if name != "notify"}
            level = replace(level, values=kept)
            write_level(session, self.tenant, level, self.role.id, notify=sealed, edit=edit)
            session.commit()

    def make_due(self) -> None:
        """Make all roles due by the real clock."""
        with self.runtime.engine.begin() as connection:
            connection.exec_driver_sql("update tick_schedule set due_at = now() - interval '1 s'")

    def change(self, row: Any, **values: Any) -> None:
        """Change columns of a stored row."""
        with Session(self.runtime.engine) as session:
            stored = session.get_one(type(row), row.id)
            for name, value in values.items():
                setattr(stored, name, value)
            session.add(stored)
            session.commit()

    def _row(self, table: type[Row], identity: UUID) -> Row:
        with Session(self.runtime.engine) as session:
            return session.get_one(table, identity)

    def _rows(self, query: Any) -> list[Any]:
        with Session(self.runtime.engine) as session:
            return list(session.exec(query))


def wait_until(is_so: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until the condition holds; fail the test after `seconds`."""
    end = steady_seconds() + seconds
    while not is_so():
        assert steady_seconds() < end, "waited in vain"
        time.sleep(0.02)


def a_world(
    sandbox: Sandbox,
    runtime: Runtime,
    clock: MovedClock,
    *,
    formation: Mapping[str, int] | None = None,
    **settings: Any,
) -> World:
    """Make a tenant whose role has those settings and whose queue is empty."""
    vhost = f"shop-{uuid4().hex[:6]}"
    access = sandbox.broker.new_vhost(vhost)
    sandbox.broker.declare(vhost, "worker")
    shop = sandbox.heroku.new_app(f"shop-{uuid4().hex[:6]}", formation or {"web": 1, "worker": 1})
    sandbox.new_relic.accounts[str(ACCOUNT["account_id"])] = str(ACCOUNT["license_key"])
    sealer = runtime.sealer
    with Session(runtime.engine, expire_on_commit=False) as session:
        tenant, app = _addon(session, sandbox, runtime, shop)
        broker = a_broker(session, app, sealer, access.management_url(sandbox.url))
        role = a_role(session, app, **settings)
        session.commit()
    return World(sandbox, runtime, clock, shop, access, tenant, app, broker, role)


def _addon(
    session: Session, sandbox: Sandbox, runtime: Runtime, shop: heroku.App
) -> tuple[Tenant, App]:
    """Store a tenant and its app with tokens that the sandbox's Heroku issued."""
    now = sandbox.heroku.clock()
    addon = sandbox.heroku.new_addon(shop, "premium")
    grant = sandbox.heroku.authorizations.new_grant(addon, now)
    tokens = runtime.heroku.exchange_grant(grant.code)
    tenant = a_tenant(session, id=UUID(str(addon.id)))
    app = an_app(
        session,
        tenant,
        runtime.sealer,
        heroku_id=shop.id,
        name=shop.name,
        access_token_sealed=runtime.sealer.seal(tokens.access_token),
        refresh_token_sealed=runtime.sealer.seal(tokens.refresh_token or ""),
        token_expires_at=now + timedelta(seconds=tokens.expires_in),
        authorization_state="unknown",
    )
    return tenant, app
