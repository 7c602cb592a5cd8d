"""How is a file's role ticked? As in the service, with one's own key instead of a tenant's rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID, uuid4

from cryptography.fernet import Fernet

from guv.apps.models import App, Broker
from guv.config import Config, read_config
from guv.errors import HerokuRefused, OutsideError
from guv.heroku.client import AddonApp
from guv.rabbitmq.client import parse_broker_url
from guv.roles.models import Role
from guv.roles.scaling_input import scaling_input
from guv.scaling.model import Memory
from guv.ssrf import ANYWHERE
from guv.tenants.models import Tenant
from worker.process.runtime import BrokerClients, Runtime, build_runtime
from worker.standalone.cannot import CannotRun
from worker.standalone.history import HistoryFile
from worker.standalone.roles import PLAN, FileRole
from worker.tick.actuate import Actuator
from worker.tick.context import Subject
from worker.tick.heroku_access import Access
from worker.tick.result import TickResult
from worker.tick.tick import collect_decide_actuate

Result = TypeVar("Result")


class KeyAccess(Access):
    """Calls to Heroku with a key that nobody refreshes."""

    def _called(self, request: Callable[[str], Result]) -> Result:
        return request(self._token())


class OwnActuator(Actuator):
    """An actuator that knows nothing of earlier ticks and of removed roles."""

    def is_enabled(self) -> bool:
        """Whether the role is still there."""
        return True

    def blocked_since(self) -> datetime | None:
        """When a release began to stand in the way; None: not known."""
        return None


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens the doors; never printed.

    Attributes:
        heroku: Heroku's API key.
        broker: The broker's URL.
    """

    heroku: str
    broker: str

    def __repr__(self) -> str:
        return "Keys()"


def own_config() -> Config:
    """Our configuration from the environment, of which nothing of the service is needed."""
    unused = {"database_url": "postgresql://", "redis_url": "", "guv_addon_password": "unused"}
    return read_config(**unused, guv_encryption_keys=Fernet.generate_key().decode())


def own_runtime(config: Config) -> Runtime:
    """A runtime that calls whatever broker its owner names."""
    runtime = build_runtime(config)
    brokers = BrokerClients(runtime.sealer, timeout=config.guv_broker_timeout, fence=ANYWHERE)
    return replace(runtime, brokers=brokers)


def find_apps(runtime: Runtime, roles: Sequence[FileRole], key: str) -> dict[str, AddonApp]:
    """The apps that the roles name, by the name in the file.

    Raises:
        CannotRun: Heroku shows one of them not at all, or not now.
    """
    found = {}
    for name in dict.fromkeys(role.app for role in roles):
        try:
            found[name] = runtime.heroku.read_app(name, key)
        except HerokuRefused as refusal:
            raise CannotRun(f"app {name!r}: Heroku answers {refusal}") from None
        except OutsideError as failure:
            raise CannotRun(f"app {name!r}: Heroku cannot be asked: {failure}") from None
    return found


def tick_file(
    runtime: Runtime, roles: Sequence[FileRole], keys: Keys, history: HistoryFile, now: datetime
) -> list[TickResult]:
    """What came of each role's tick, in their order; several run at the same time.

    Raises:
        CannotRun: Heroku does not show an app.
    """
    owned = _Owned(runtime, keys, find_apps(runtime, roles, keys.heroku), now)
    tick = partial(_tick, runtime, owned, history, now)
    results = list(runtime.threads.map(tick, roles))
    for role, result in zip(roles, results, strict=True):
        history.add(role.key, result.collected.sample)
    return results


class _Owned:
    """The rows that the service would have: one tenant, its apps, and one broker for all."""

    def __init__(
        self, runtime: Runtime, keys: Keys, apps: Mapping[str, AddonApp], now: datetime
    ) -> None:
        seal = runtime.sealer.seal
        self.tenant = Tenant(id=uuid4(), name="own", plan=PLAN.name, created_at=now)
        self.apps = {
            name: App(
                tenant_id=self.tenant.id,
                heroku_id=app.id,
                name=app.name,
                access_token_sealed=seal(keys.heroku),
                credential="pasted",
                created_at=now,
            )
            for name, app in apps.items()
        }
        self.broker = Broker(
            tenant_id=self.tenant.id,
            app_id=UUID(int=0),
            url_sealed=seal(keys.broker),
            address=parse_broker_url(keys.broker).address,
            updated_at=now,
        )

    def subject(self, role: FileRole, history: HistoryFile, now: datetime) -> Subject:
        """What a tick of the role is about."""
        app = self.apps[role.app]
        row = Role(tenant_id=self.tenant.id, app_id=app.id, name=role.name, created_at=now)
        settings = scaling_input(role.effective, PLAN)
        seen = history.of(role.key)
        return Subject(
            self.tenant, app, row, self.broker, role.effective, seen, None, Memory(), settings
        )


def _tick(
    runtime: Runtime, owned: _Owned, history: HistoryFile, now: datetime, role: FileRole
) -> TickResult:
    subject = owned.subject(role, history, now)
    access = KeyAccess(runtime, subject.app, now)
    return collect_decide_actuate(runtime, access, subject, now, OwnActuator)
