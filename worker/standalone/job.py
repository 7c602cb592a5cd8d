"""One run over a file of roles, without tenant, database and Redis."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from cryptography.fernet import Fernet

from guv.apps.models import App, Broker
from guv.config import Config, read_config
from guv.errors import GuvError, HerokuRefused, OutsideError
from guv.heroku.client import AddonApp
from guv.rabbitmq.client import parse_broker_url
from guv.roles.models import Role
from guv.roles.scaling_input import scaling_input
from guv.ssrf import ANYWHERE
from guv.tenants.models import Tenant
from worker.process.runtime import Runtime, build_runtime
from worker.standalone.history import HistoryFile
from worker.standalone.roles import PLAN, CannotRun, FileRole, read_roles
from worker.tick.context import TickContext
from worker.tick.heroku_access import HerokuAccess
from worker.tick.result import FinishedTick, TickResult
from worker.tick.tick import tick_app

KEY = "HEROKU_API_KEY"
BROKERS = ("GUV_BROKER", "CLOUDAMQP_URL")  # The first that is set counts.


@dataclass(frozen=True, slots=True)
class ApiKey:
    """Token source with one's own key, which nobody renews."""

    key: str

    @property
    def is_possible(self) -> bool:
        """Whether there is a key."""
        return True

    def current(self) -> str:
        """Return the key."""
        return self.key

    def renewed(self) -> None:
        """Return no other key."""


class FileLedger:
    """Ledger of a run over a file: earlier ticks are known by their samples only.

    Args:
        history: Where the samples go.
        keys: The roles' keys in the history.
    """

    def __init__(self, history: HistoryFile, keys: Mapping[UUID, str]) -> None:
        self._history = history
        self._keys = keys
        self.ticks: dict[str, FinishedTick] = {}

    def obstacles(self, contexts: Sequence[TickContext]) -> Mapping[UUID, str]:  # noqa: ARG002 - the Protocol's
        """Return none: nobody removes a role during a run."""
        return {}

    def blocked_since(self, context: TickContext) -> None:
        """Return that it is not known."""

    def record(self, ticks: Sequence[FinishedTick]) -> None:
        """Keep the results, and the samples for the next run."""
        for tick in ticks:
            key = self._keys[tick.role]
            self.ticks[key] = tick
            if isinstance(tick.result, TickResult):
                self._history.add(key, tick.result.collected.sample)


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of one run; never printed.

    Attributes:
        heroku: Heroku's API key.
        broker: The broker's URL.
    """

    heroku: str
    broker: str

    def __repr__(self) -> str:
        return "Keys()"


def own_config() -> Config:
    """Read the configuration from the environment, without the service's own variables."""
    unused = {"database_url": "postgresql://", "redis_url": "", "guv_addon_password": "unused"}
    return read_config(**unused, guv_encryption_keys=Fernet.generate_key().decode())


@dataclass(frozen=True, slots=True)
class Job:
    """One run over a file.

    Attributes:
        file: The roles.
        app: The app of roles that name none.
        history: Where samples are kept; None: beside the file.
        dry_run: Whether to change no dynos.
    """

    file: Path
    app: str | None = None
    history: Path | None = None
    dry_run: bool = False


def run(job: Job, environment: Mapping[str, str], now: datetime) -> list[TickResult]:
    """Read the file, tick its roles, and keep their samples.

    Args:
        job: What to do.
        environment: Where the keys are.
        now: The present instant.

    Raises:
        CannotRun: Something is missing or makes no sense; nothing was changed.
        OSError: A file cannot be read or written.
    """
    roles, keys = _roles(job), read_keys(environment)
    history = HistoryFile(job.history or job.file.with_name(f"{job.file.name}.history.json"))
    with history.held():
        history.read(now)
        if history.note:
            sys.stderr.write(f"{history.note}\n")
        runtime = build_runtime(own_config(), fence=ANYWHERE, dry_run=job.dry_run)
        try:
            results = tick_file(runtime, roles, keys, history, now)
        finally:
            runtime.close()
        history.write()
    return results


def read_keys(environment: Mapping[str, str]) -> Keys:
    """Return the keys in the environment.

    Raises:
        CannotRun: One is missing, or the broker's URL is none.
    """
    key = environment.get(KEY)
    name = next((name for name in BROKERS if environment.get(name)), None)
    if not key:
        raise CannotRun(f"{KEY} is not set; heroku authorizations:create makes one")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise CannotRun(f"{KEY} must be one token, without spaces and line ends")
    if name is None:
        raise CannotRun(f"{' or '.join(BROKERS)} must hold the broker's URL")
    try:
        parse_broker_url(environment[name])
    except ValueError as error:
        raise CannotRun(f"{name} {error}") from None
    return Keys(key, environment[name])


def _roles(job: Job) -> list[FileRole]:
    try:
        return read_roles(job.file.read_text(encoding="utf-8"), job.app)
    except UnicodeDecodeError:
        raise CannotRun(f"{job.file} is not UTF-8 text") from None
    except GuvError as error:
        faults = [f"  {fault.field}: {fault.message}" for fault in error.fields]
        raise CannotRun("\n".join([f"{job.file}: {error.message}", *faults])) from None


def find_apps(runtime: Runtime, roles: Sequence[FileRole], key: str) -> dict[str, AddonApp]:
    """Return the apps that the roles name, by the name in the file.

    Raises:
        CannotRun: Heroku shows one of them not at all, or not now.
    """
    apps = {}
    for name in dict.fromkeys(role.app for role in roles):
        try:
            apps[name] = runtime.heroku.read_app(name, key)
        except HerokuRefused as refusal:
            raise CannotRun(f"app {name!r}: Heroku answers {refusal}") from None
        except OutsideError as failure:
            raise CannotRun(f"app {name!r}: Heroku cannot be asked: {failure}") from None
    return apps


def tick_file(
    runtime: Runtime, roles: Sequence[FileRole], keys: Keys, history: HistoryFile, now: datetime
) -> list[TickResult]:
    """Tick the roles and return each one's result, in their order; apps tick at the same time.

    Raises:
        CannotRun: Heroku does not show an app.
    """
    rows = _Rows(runtime, keys, find_apps(runtime, roles, keys.heroku), now)
    apps: dict[str, list[TickContext]] = {}
    names: dict[UUID, str] = {}
    for role in roles:
        context = rows.context(role, history, now)
        names[context.role.id] = role.key
        apps.setdefault(role.app, []).append(context)
    ledger = FileLedger(history, names)
    access = HerokuAccess(runtime.budget, KEY, ApiKey(keys.heroku), now)
    list(
        runtime.threads.map(lambda app: tick_app(runtime, access, ledger, app, now), apps.values())
    )
    results = []
    for role in roles:
        result = ledger.ticks[role.key].result
        if isinstance(result, Exception):
            raise result
        results.append(result)
    return results


class _Rows:
    """Rows that the service would have: one tenant, its apps, and one broker for all."""

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

    def context(self, role: FileRole, history: HistoryFile, now: datetime) -> TickContext:
        """Return the context of the role's tick."""
        app = self.apps[role.app]
        row = Role(tenant_id=self.tenant.id, app_id=app.id, name=role.name, created_at=now)
        return TickContext(
            tenant=self.tenant,
            app=app,
            role=row,
            broker=self.broker,
            effective=role.effective,
            settings=scaling_input(role.effective, PLAN),
            history=history.of(role.key),
        )
