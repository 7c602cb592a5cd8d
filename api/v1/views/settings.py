"""Answers about apps, roles and settings: what is set, what holds, and where it comes from."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from api.errors import FieldFault, fault_of
from api.v1.schemas.settings import (
    AppAnswer,
    AuthorizationState,
    BrokerState,
    EffectiveValue,
    RoleAnswer,
    SettingsAnswer,
)
from guv.apps.models import App, Broker
from guv.crypto import Sealer
from guv.roles.models import Role
from guv.settings.levels import Access, Subject, read_chain
from guv.settings.models import SettingsLevel
from guv.settings.notify_target import shown_target
from guv.settings.queries import NOTIFY_SET, RoleSettings
from guv.settings.resolve import Level, effective_settings, tick_interval
from guv.settings.schema import ROLE_ONLY, EffectiveSettings
from guv.settings.warnings import settings_warnings, shared_queues
from guv.tenants.plans import plan_of

Stored = Mapping[UUID, SettingsLevel]


def settings_answer(stored: Stored, subject: Subject, access: Access) -> SettingsAnswer:
    """Show the settings of the tenant or of an app."""
    chain = read_chain(stored, subject)
    effective = effective_settings("", chain)
    shown = _effective(stored, subject, effective, access.sealer)
    return SettingsAnswer(
        level=subject.level,
        version=chain[-1].version,
        settings=_own(stored, subject, chain[-1], access.sealer),
        effective={name: value for name, value in shown.items() if name not in ROLE_ONLY},
        effective_version=effective.version,
        warnings=_warnings(stored, subject, effective, access),
    )


def role_answer(
    stored: Stored, subject: Subject, access: Access, all_: Sequence[RoleSettings]
) -> RoleAnswer:
    """Show a role and its settings.

    Args:
        stored: The levels that are set.
        subject: The role.
        access: Who asks, and when.
        all_: What holds for all the tenant's roles.
    """
    app, role = _app_and_role(subject)
    chain = read_chain(stored, subject)
    effective = effective_settings(role.name, chain)
    return RoleAnswer(
        app=app.name,
        role=role.name,
        level=subject.level,
        version=chain[-1].version,
        settings=_own(stored, subject, chain[-1], access.sealer),
        effective=_effective(stored, subject, effective, access.sealer),
        effective_version=effective.version,
        warnings=[
            *_warnings(stored, subject, effective, access),
            *map(fault_of, shared_queues(role.id, all_)),
        ],
    )


def broker_state(broker: Broker) -> BrokerState:
    """Show a broker without its secrets."""
    return BrokerState(
        address=broker.address,
        updated_at=broker.updated_at,
        failures=broker.failures,
        note=broker.note,
        retry_at=broker.retry_at,
    )


def app_answer(app: App, broker: Broker | None, roles: list[Role]) -> AppAnswer:
    """Show an app, whether guv may scale it, and what is set."""
    return AppAnswer(
        id=app.heroku_id,
        name=app.name,
        maintenance=app.maintenance,
        authorization=AuthorizationState(
            state=app.authorization_state, note=app.authorization_note
        ),
        broker=broker_state(broker) if broker else None,
        roles=[role.name for role in roles],
    )


def _app_and_role(subject: Subject) -> tuple[App, Role]:
    if subject.app is None or subject.role is None:
        raise TypeError("a role's settings are asked for without a role")
    return subject.app, subject.role


def _own(stored: Stored, subject: Subject, level: Level, sealer: Sealer) -> dict[str, Any]:
    """Return what is set at the level itself."""
    values = {name: value for name, value in level.values.items() if value != NOTIFY_SET}
    target = _target(stored, subject, sealer)
    return values if target is None else {**values, "notify": target}


def _effective(
    stored: Stored, subject: Subject, effective: EffectiveSettings, sealer: Sealer
) -> dict[str, EffectiveValue]:
    """Return what holds, by name; the interval as the plan allows it."""
    shown = {
        name: EffectiveValue(value=value, source=effective.sources[name])
        for name, value in effective.as_json().items()
    }
    interval = tick_interval(effective, plan_of(subject.tenant.plan))
    if interval != effective.interval:
        shown["interval"] = EffectiveValue(value=interval, source="plan")
    for one in subject.wider():
        if effective.notify is not None and one.level == effective.sources["notify"]:
            target = _target(stored, one, sealer)
            shown["notify"] = EffectiveValue(value=target, source=one.level)
    return shown


def _warnings(
    stored: Stored, subject: Subject, effective: EffectiveSettings, access: Access
) -> list[FieldFault]:
    found = settings_warnings(effective, plan_of(subject.tenant.plan), access.edit.at)
    faults = [fault_of(one) for one in found]
    for one in subject.wider():
        row = stored.get(one.id)
        if row and row.feed_error and one.level == effective.sources["notify"]:
            message = f"does not take guv's events: {row.feed_error}"
            faults.append(FieldFault(field="notify.new_relic", message=message))
    return faults


def _target(stored: Stored, subject: Subject, sealer: Sealer) -> dict[str, Any] | None:
    """Return the notification target of the subject's own level, masked."""
    row = stored.get(subject.id)
    return shown_target(row.notify_sealed, sealer) if row else None
