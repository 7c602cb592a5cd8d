"""What does a file change? All of it or nothing, judged by what would hold in the end."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, Field

from api.dependencies import Access
from api.v1.consistency import refuse_contradictions
from api.v1.levels import Subject, changed_values, locked
from api.v1.notification_targets import sealed_target
from guv.apps.models import App
from guv.apps.queries import list_apps
from guv.errors import FieldError, Invalid, NotFound
from guv.roles import queries as roles
from guv.settings import queries as settings
from guv.settings.resolve import tick_interval
from guv.settings.schema import SettingsValues
from guv.settings.yaml_file import ALL, NOT_TAKEN, Document
from guv.tenants.models import Tenant
from guv.tenants.plans import plan_of


class Difference(BaseModel):
    """One setting that the file changes."""

    app: str | None = Field(description="null: for all apps", examples=["shop"])
    role: str | None = Field(description="null: for all roles", examples=["worker"])
    setting: str = Field(description="Its name; `role` where the role is new")
    before: Any = Field(description="null: not set there")
    after: Any = Field(description="null: not set there any more")


def apply_document(access: Access, document: Document) -> list[Difference]:
    """What the file changed; the caller's transaction decides whether it stays.

    Raises:
        Invalid: It says what cannot be, an app is not the tenant's, a role cannot be made, or what
            would hold cannot work; all messages at once.
    """
    if any(fault.field.split(".")[0] == ALL for fault in document.faults):
        raise Invalid(NOT_TAKEN, document.faults)  # nothing else can be judged without that part
    tenant = locked(access)
    apps = {app.name: app for app in list_apps(access.session, tenant)}
    faults = [*document.faults]
    faults += [_no_app(name, apps) for name in document.apps if name not in apps]
    differences = _write(access, Subject(tenant), document.everywhere)
    for name in document.apps.keys() & apps.keys():
        differences += _write(access, Subject(tenant, apps[name]), document.apps[name])
    for (named, role), values in document.roles.items():
        app = (
            next(iter(apps.values())) if named is None and len(apps) == 1 else apps.get(named or "")
        )
        if app is None:
            faults.append(_no_app(named, apps, role))
        else:
            differences += _write_role(access, tenant, app, role, values)
    faults += _contradictions(access, tenant)
    if faults:
        raise Invalid(NOT_TAKEN, faults)
    return differences


def _contradictions(access: Access, tenant: Tenant) -> Sequence[FieldError]:
    """Why what would hold cannot work; [] if it does."""
    try:
        _judge(access, tenant)
    except Invalid as refusal:
        return refusal.fields or [FieldError("", refusal.message)]
    return []


def _write_role(
    access: Access, tenant: Tenant, app: App, name: str, values: SettingsValues
) -> list[Difference]:
    session, new = access.session, []
    try:
        role = roles.find_role(session, tenant, app, name)
    except NotFound:
        interval = float(plan_of(tenant.plan).interval)
        role = roles.add_role(session, tenant, app, name, interval, access.edit.at)
        new = [Difference(app=app.name, role=name, setting="role", before=None, after=name)]
    return new + _write(access, Subject(tenant, app, role), values)


def _write(access: Access, subject: Subject, values: SettingsValues) -> list[Difference]:
    """Sets the level to exactly these values; what differs."""
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
    names = sorted(before.values.keys() | after.values.keys())
    found = [
        _difference(subject, name, before.values.get(name), after.values.get(name))
        for name in names
        if before.values.get(name) != after.values.get(name)
    ]
    is_secret = notify != sealed and not any(one.setting == "notify" for one in found)
    return found + ([_difference(subject, "notify", "[set]", "[set]")] if is_secret else [])


def _difference(subject: Subject, name: str, before: Any, after: Any) -> Difference:
    return Difference(
        app=subject.app.name if subject.app else None,
        role=subject.role.name if subject.role else None,
        setting=name,
        before=before,
        after=after,
    )


def _judge(access: Access, tenant: Tenant) -> None:
    """Nothing; what holds now works for every role, which ticks as it says."""
    plan, session = plan_of(tenant.plan), access.session
    used = roles.count_roles(session, tenant)
    if used > plan.roles:
        raise Invalid(f"Plan {plan.name} allows {plan.roles} roles, and there would be {used}.")
    holds = settings.tenant_settings(session, tenant)
    wide = settings.read_level(session, tenant, "global", tenant.id)
    refuse_contradictions(plan, (wide,), holds, holds)
    intervals = {one.role.id: float(tick_interval(one.effective, plan)) for one in holds}
    roles.set_intervals(session, intervals, access.edit.at)


def _no_app(name: str | None, apps: Mapping[str, App], role: str | None = None) -> FieldError:
    yours = ", ".join(sorted(apps)) or "none yet"
    where = f"{role}.app" if role else f"*.apps.{name}"
    if name is None:
        return FieldError(where, f"is needed, since you have these apps: {yours}")
    return FieldError(where, f"{name[:100]!r} is none of your apps: {yours}")
