"""Options of `heroku addons:create guv -- ...`: broker, settings and roles.

`--broker-url URL` · any setting, such as `--target-deadline 120`, for the app · `--queues a,b` and
the other settings of one role, with its name in `--role` (default: worker) · `--config JSON`, roles
by name and "*" for the app. Heroku sends every value as text, or true where there was none.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from guv.apps import queries as apps
from guv.apps.models import App
from guv.crypto import Sealer
from guv.errors import FieldError, Invalid, first_reason
from guv.rabbitmq.client import parse_broker_url
from guv.settings.contradictions import contradictions
from guv.settings.field_errors import field_errors, nearest_name
from guv.settings.field_types import role_name
from guv.settings.levels import Access, Subject
from guv.settings.queries import Edit
from guv.settings.resolve import Level, effective_settings
from guv.settings.schema import ROLE_ONLY, SettingsValues
from guv.settings.update import store_role, store_values
from guv.tenants.models import Tenant
from guv.tenants.plans import Plan

DEFAULT_ROLE = "worker"
ALL_ROLES = "*"
BY = "heroku addons:create"
_UNUSED = frozenset({"notify"})  # contains a secret, which must not be in a shell's history


@dataclass(frozen=True, slots=True)
class Wanted:
    """The parsed options.

    Attributes:
        broker_url: The RabbitMQ's URL.
        app: Settings of the app, as JSON values.
        roles: Settings of roles by name.
        unused: Unknown names, each with the most similar setting.
    """

    broker_url: str | None = field(default=None, repr=False)
    app: Mapping[str, Any] = field(default_factory=dict)
    roles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unused: tuple[str, ...] = ()

    @property
    def is_anything(self) -> bool:
        """Whether there is anything to apply."""
        return bool(self.broker_url or self.app or self.roles)


def read_options(options: Mapping[str, Any] | None, plan: Plan) -> Wanted:
    """Read what the options ask for.

    Raises:
        Invalid: A value cannot be accepted, or some cannot work together; the message, which
            Heroku shows to the customer, says which and what would be right.
    """
    given = {_plain(name): value for name, value in (options or {}).items()}
    url, config = given.pop("broker_url", None), given.pop("config", None)
    role = given.pop("role", None)
    known = {name: given[name] for name in given if _is_setting(name)}
    unused = tuple(_with_hint(name) for name in sorted(given.keys() - known.keys()))
    own = {name: _read(name, value) for name, value in known.items()}
    app = {name: value for name, value in own.items() if name not in ROLE_ONLY}
    of_role = {name: value for name, value in own.items() if name in ROLE_ONLY}
    by_role = (
        {DEFAULT_ROLE if role is None else role: of_role} if of_role or role is not None else {}
    )
    for name, values in _read_config(config).items():
        if name == ALL_ROLES:
            app = {**values, **app}
        else:
            by_role[name] = {**values, **by_role.get(name, {})}
    wanted = Wanted(_read_url(url), _checked("", app), _checked_roles(by_role), unused)
    _refuse_contradictions(wanted, plan)
    return wanted


def seal_options(wanted: Wanted, sealer: Sealer) -> bytes:
    """Seal the options: a broker's URL contains a password."""
    return sealer.seal(json.dumps(asdict(wanted)))


def apply_options(
    session: Session, tenant: Tenant, app: App, sealer: Sealer, now: datetime
) -> None:
    """Apply what the tenant's options ask for to its app, and forget the options.

    The broker is not asked first, as the API would do: Heroku does not wait that long. The settings
    were judged when the options were read.
    """
    if tenant.options_sealed is None:
        return
    wanted = json.loads(sealer.open(tenant.options_sealed))
    access = Access(session, tenant, Edit(BY, now), sealer)
    session.flush()
    if wanted["broker_url"]:
        sealed, address = wanted["broker_url"], parse_broker_url(wanted["broker_url"]).address
        apps.put_broker(session, tenant, app, sealer.seal(sealed), address, now)
    if wanted["app"]:
        store_values(access, Subject(tenant, app), SettingsValues.model_validate(wanted["app"]))
    for name, values in wanted["roles"].items():
        store_role(access, app, name, SettingsValues.model_validate(values))
    tenant.options_sealed = None


def _plain(name: str) -> str:
    return name.strip().lstrip("-").replace("-", "_").lower()


def _is_setting(name: str) -> bool:
    return name in SettingsValues.model_fields and name not in _UNUSED


def _with_hint(name: str) -> str:
    near = nearest_name([name])
    return f"{name[:60]} (did you mean {near}?)" if near and near != name else name[:60]


def _read(name: str, value: Any) -> Any:
    """Parse the value of an option."""
    if not isinstance(value, str):
        return value
    if name == "queues" and not value.lstrip().startswith("["):
        return [entry.strip() for entry in value.split(",") if entry.strip()]
    try:
        return json.loads(value)
    except ValueError:
        return value


def _read_config(text: Any) -> Mapping[str, Mapping[str, Any]]:
    if text is None:
        return {}
    try:
        config = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        config = None
    if not isinstance(config, dict) or not all(
        isinstance(values, dict) for values in config.values()
    ):
        raise _refusal("config", 'must be JSON such as {"worker": {"queues": ["orders"]}}')
    return config


def _read_url(url: Any) -> str | None:
    if url is None:
        return None
    try:
        parse_broker_url(str(url))
    except ValueError as error:
        raise _refusal("broker_url", str(error)) from None
    return str(url)


def _checked_roles(by_role: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    for name in by_role:
        try:
            role_name(name)
        except ValueError as error:
            raise _refusal("role", str(error)) from None
    return {name: _checked(f"{name}.", values) for name, values in by_role.items()}


def _checked(where: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Validate settings and return them as they are stored."""
    try:
        checked = SettingsValues.model_validate({**values})
    except ValidationError as error:
        first = field_errors(error.errors(), "setting")[0]
        raise _refusal(f"{where}{first.field}", first.message) from None
    if checked.notify is not None:
        raise _refusal(f"{where}notify", "is set with the API, since it holds a secret")
    return checked.model_dump(mode="json", exclude_none=True, exclude={"notify"})


def _refuse_contradictions(wanted: Wanted, plan: Plan) -> None:
    if len(wanted.roles) > plan.roles:
        raise _refusal("config", f"plan {plan.name} allows {plan.roles} roles")
    misplaced = wanted.app.keys() & ROLE_ONLY
    if misplaced:
        raise _refusal(min(misplaced), "is set at a role, not for all")
    app = Level("app", wanted.app)
    taken: dict[str, str] = {}
    for name, values in {**wanted.roles, "": {}}.items():
        effective = effective_settings(name, (Level("global", {}), app, Level("role", values)))
        for fault in contradictions(effective, plan):
            raise _refusal(fault.field, fault.message)
        process_type = effective.process_type
        other = taken.setdefault(process_type, name)
        if other != name:
            raise _refusal("process_type", f"{process_type} is scaled by {other} already")


def _refusal(name: str, message: str) -> Invalid:
    """Return the refusal with a sentence that `heroku addons:create` prints."""
    option = f"--config {name}" if "." in name else f"--{name.replace('_', '-')}"
    error = FieldError(name, message)
    return Invalid(first_reason([FieldError(option, message)]), [error])
