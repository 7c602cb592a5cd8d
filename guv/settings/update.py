"""Use cases that change settings: of a level, and of all levels that a file names.

The API, the pages, the YAML file and provisioning all come through here. A change is judged by what
would hold for every role that it affects, with the tenant locked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from guv.apps.models import App
from guv.apps.queries import list_apps
from guv.errors import FieldError, Invalid, NotFound, first_reason
from guv.roles import queries as roles
from guv.settings import queries as settings
from guv.settings.contradictions import misplaced, refuse_contradictions
from guv.settings.field_models import NONE
from guv.settings.levels import Access, Subject, etag_of, read_chain, refuse_changed
from guv.settings.models import SettingsLevel
from guv.settings.notify_target import sealed_target
from guv.settings.queries import NOTIFY_SET, RoleSettings
from guv.settings.resolve import Level, tick_interval
from guv.settings.schema import SettingsValues
from guv.settings.yaml_file import ALL, NOT_TAKEN, Document
from guv.tenants.models import Tenant
from guv.tenants.plans import plan_of


def change_settings(
    access: Access,
    app: str | None,
    role: str | None,
    values: SettingsValues,
    *,
    merge: bool,
    match: str | None = None,
) -> Subject:
    """Change the settings of the tenant, of an app or of a role, and return whose they are.

    The roles that the change affects tick as it says.

    Args:
        access: Who changes them, in which transaction.
        app: The app's name; None: the tenant's own level.
        role: The role's name; None: the app's level.
        values: The values that were sent.
        merge: Whether values that were not sent stay as they are; null then resets one.
        match: The entity tag that the change is made for; None: any.

    Raises:
        NotFound: There is no such app or role.
        PreconditionFailed: The settings have another entity tag by now.
        Invalid: A setting does not belong at the level, or what would hold cannot work together.
    """
    locked = access.locked()
    subject = locked.subject(app, role)
    change_level(locked, subject, values, merge=merge, match=match)
    return subject


def change_level(
    access: Access,
    subject: Subject,
    values: SettingsValues,
    *,
    merge: bool,
    match: str | None = None,
) -> None:
    """Change a level under the lock that the caller holds; otherwise as `change_settings`."""
    judged = judge_change(access, subject, values, merge=merge, match=match)
    notify = judged.row.notify_sealed if judged.row else None
    if not merge or "notify" in values.model_fields_set:
        notify = sealed_target(values.notify, notify, access.sealer)
    settings.write_level(
        access.session,
        subject.tenant,
        judged.chain[-1],
        subject.id,
        notify=notify,
        edit=access.edit,
    )
    apply_intervals(access, subject.tenant, judged.affected)


@dataclass(frozen=True, slots=True)
class JudgedChange:
    """A change that may be made.

    Attributes:
        chain: The levels from the widest to the changed one, as they would be.
        affected: What would hold for the roles that the change affects.
        row: The level as it is stored now; None: never set.
    """

    chain: tuple[Level, ...]
    affected: list[RoleSettings]
    row: SettingsLevel | None


def judge_change(
    access: Access,
    subject: Subject,
    values: SettingsValues,
    *,
    merge: bool,
    match: str | None = None,
) -> JudgedChange:
    """Return what would hold if the level were changed, and change nothing.

    The arguments and the errors are those of `change_settings`.
    """
    session, tenant, plan = access.session, subject.tenant, plan_of(subject.tenant.plan)
    refused = misplaced(values.model_dump(exclude_none=True), subject.level)
    if refused:
        raise Invalid(first_reason(refused), refused)
    stored = settings.stored_levels(session, tenant, subject.ids)
    chain = read_chain(stored, subject)
    refuse_changed(match, etag_of(subject.id, chain))
    level = replace(chain[-1], values=changed_values(chain[-1].values, values, merge=merge))
    all_roles = settings.tenant_settings(session, tenant, {subject.id: level})
    affected = [role for role in all_roles if subject.affects(role)]
    chain = (*chain[:-1], level)
    refuse_contradictions(plan, chain, affected, all_roles)
    return JudgedChange(chain, affected, stored.get(subject.id))


def apply_intervals(access: Access, tenant: Tenant, affected: Sequence[RoleSettings]) -> None:
    """Let these roles tick at the interval that holds for each, as far as the plan allows."""
    plan = plan_of(tenant.plan)
    intervals = {role.role.id: float(tick_interval(role.effective, plan)) for role in affected}
    roles.set_intervals(access.session, intervals, access.edit.at)


def changed_values(
    present: Mapping[str, Any], sent: SettingsValues, *, merge: bool
) -> dict[str, Any]:
    """Return a level's values after a change; a notification target is stored apart, sealed."""
    hidden = set() if sent.notify == NONE else {"notify"}
    values = sent.model_dump(mode="json", exclude_none=True, exclude=hidden)
    named = sent.model_fields_set
    kept = {name: value for name, value in present.items() if name not in named} if merge else {}
    return {**{name: value for name, value in kept.items() if value != NOTIFY_SET}, **values}


@dataclass(frozen=True, slots=True)
class SettingDifference:
    """A setting that a file changes; before and after are None where it is not set.

    Attributes:
        app: The app's name; None: for all apps.
        role: The role's name; None: for all roles.
        setting: Its name; `role` where the role is new.
        before: The value before.
        after: The value after.
    """

    app: str | None
    role: str | None
    setting: str
    before: Any
    after: Any


def apply_document(access: Access, document: Document) -> list[SettingDifference]:
    """Set the levels that a file names to what it says, and return what that changed.

    The caller's transaction decides whether it stays.

    Raises:
        Invalid: The file has faults, an app is not the tenant's, a role cannot be made, or what
            would hold cannot work; all messages at once.
    """
    if any(fault.field.split(".")[0] == ALL for fault in document.faults):
        raise Invalid(NOT_TAKEN, document.faults)  # the rest cannot be judged without that part
    access = access.locked()
    tenant = access.tenant
    apps = {app.name: app for app in list_apps(access.session, tenant)}
    only_app = next(iter(apps.values())) if len(apps) == 1 else None
    faults = [*document.faults]
    faults += [_no_app(name, apps) for name in document.apps if name not in apps]
    differences = store_values(access, Subject(tenant), document.everywhere)
    for name in document.apps.keys() & apps.keys():
        differences += store_values(access, Subject(tenant, apps[name]), document.apps[name])
    for (app_name, role), values in document.roles.items():
        app = only_app if app_name is None else apps.get(app_name)
        if app is None:
            faults.append(_no_app(app_name, apps, role))
        else:
            differences += store_role(access, app, role, values)
    try:
        _judge_tenant(access)
    except Invalid as refusal:
        faults += refusal.fields or [FieldError("", refusal.message)]
    if faults:
        raise Invalid(NOT_TAKEN, faults)
    return differences


def store_role(
    access: Access, app: App, name: str, values: SettingsValues
) -> list[SettingDifference]:
    """Set a role's level to exactly these values, unjudged; create the role where there is none.

    The role ticks as often as its settings say, as far as the plan allows.
    """
    session, tenant = access.session, access.tenant
    created = []
    try:
        role = roles.find_role(session, tenant, app, name)
    except NotFound:
        interval = float(plan_of(tenant.plan).interval)
        role = roles.add_role(session, tenant, app, name, interval, access.edit.at)
        created = [
            SettingDifference(app=app.name, role=name, setting="role", before=None, after=name)
        ]
    differences = store_values(access, Subject(tenant, app, role), values)
    effective = settings.role_settings(session, tenant, app, role)
    apply_intervals(access, tenant, [RoleSettings(app, role, effective)])
    return created + differences


def store_values(
    access: Access, subject: Subject, values: SettingsValues
) -> list[SettingDifference]:
    """Set the level to exactly these values, unjudged, and return what that changed."""
    session, tenant = access.session, subject.tenant
    row = settings.stored_levels(session, tenant, [subject.id]).get(subject.id)
    before = settings.level_of(row, subject.level)
    level = replace(before, values=changed_values(before.values, values, merge=False))
    sealed = row.notify_sealed if row else None
    notify = sealed_target(values.notify, sealed, access.sealer)
    after = settings.write_level(
        session, tenant, level, subject.id, notify=notify, edit=access.edit
    )
    session.flush()
    changes = {
        name: (before.values.get(name), after.values.get(name))
        for name in sorted(before.values.keys() | after.values.keys())
        if before.values.get(name) != after.values.get(name)
    }
    if notify != sealed:  # another secret behind the same mask is a change as well
        changes.setdefault("notify", (NOTIFY_SET, NOTIFY_SET))
    app, role = (owner.name if owner else None for owner in (subject.app, subject.role))
    return [SettingDifference(app, role, name, *change) for name, change in changes.items()]


def _judge_tenant(access: Access) -> None:
    """Refuse what cannot work for any of the tenant's roles; else all tick as it says."""
    session, tenant, plan = access.session, access.tenant, plan_of(access.tenant.plan)
    used = roles.count_roles(session, tenant)
    if used > plan.roles:
        raise Invalid(f"Plan {plan.name} allows {plan.roles} roles, and there would be {used}.")
    all_roles = settings.tenant_settings(session, tenant)
    wide = settings.read_level(session, tenant, "global", tenant.id)
    refuse_contradictions(plan, (wide,), all_roles, all_roles)
    apply_intervals(access, tenant, all_roles)


def _no_app(name: str | None, apps: Mapping[str, App], role: str | None = None) -> FieldError:
    yours = ", ".join(sorted(apps)) or "none yet"
    where = f"{role}.app" if role else f"*.apps.{name}"
    if name is None and not apps:
        return FieldError(where, "is required; guv does not know an app of yours yet")
    if name is None:
        return FieldError(where, f"is required, since you have several apps: {yours}")
    return FieldError(where, f"{name[:100]!r} is not one of your apps: {yours}")
