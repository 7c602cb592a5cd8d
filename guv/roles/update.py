"""Use cases of roles: create, replace, remove, pause, override and schedule them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from guv.apps.models import App
from guv.apps.queries import find_app
from guv.errors import FieldError, Invalid, NotFound, PreconditionFailed
from guv.incidents.queries import end_incidents
from guv.roles import queries as roles
from guv.roles.models import Role
from guv.settings.field_models import OverrideBounds, PauseScaling, ScheduleWindow
from guv.settings.levels import Access, Subject, etag_of, read_chain, refuse_changed
from guv.settings.queries import note_removal, stored_levels
from guv.settings.schema import SettingsValues
from guv.settings.update import change_level, change_settings
from guv.tenants.plans import plan_of


@dataclass(frozen=True, slots=True)
class ReplacedRole:
    """A role with new settings.

    Attributes:
        subject: The role, with its app and tenant.
        is_new: Whether it was created.
    """

    subject: Subject
    is_new: bool


def replace_role(
    access: Access,
    app: str,
    role: str,
    values: SettingsValues,
    *,
    match: str | None = None,
    only_new: bool = False,
) -> ReplacedRole:
    """Set a role's settings to exactly these, and create the role where there is none.

    Args:
        access: Who does it, in which transaction.
        app: The app's name.
        role: The role's name.
        values: All the settings that the role shall have.
        match: The entity tag of the settings that are replaced; None: any.
        only_new: Whether a role that is there already is left alone.

    Raises:
        NotFound: There is no such app.
        PreconditionFailed: The role has another entity tag, or is there already.
        Invalid: The plan allows no more roles, or the settings cannot be accepted.
    """
    locked = access.locked()
    found = find_app(locked.session, locked.tenant, app)
    try:
        named, is_new = roles.find_role(locked.session, locked.tenant, found, role), False
    except NotFound:
        refuse_changed(match, None)
        named, is_new = _create_role(locked, found, role), True
    if only_new and not is_new:
        raise PreconditionFailed(f"The role {role!r} exists already.")
    subject = Subject(locked.tenant, found, named)
    change_level(locked, subject, values, merge=False, match=match)
    return ReplacedRole(subject, is_new)


def remove_role(access: Access, app: str, role: str, match: str | None = None) -> None:
    """Stop scaling a role; its dynos stay as they are, and its decisions can still be read.

    Raises:
        NotFound: There is no such app or role.
        PreconditionFailed: The role's settings have another entity tag by now.
    """
    locked = access.locked()
    session, tenant = locked.session, locked.tenant
    found = find_app(session, tenant, app)
    named = roles.find_role(session, tenant, found, role)
    subject = Subject(tenant, found, named)
    stored = stored_levels(session, tenant, subject.ids)
    refuse_changed(match, etag_of(subject.id, read_chain(stored, subject)))
    roles.remove_role(session, named, access.edit.at)
    note_removal(session, tenant, named, access.edit)
    end_incidents(session, named, access.edit.at)


def pause_scaling(access: Access, app: str, role: str | None, pause: PauseScaling) -> None:
    """Pause the scaling of a role, or of all the app's roles where none is named.

    Raises:
        NotFound: There is no such app or role.
        Invalid: The pause would have ended already.
    """
    _refuse_past(pause.until, access.edit.at)
    change_settings(access, app, role, SettingsValues(pause=pause), merge=True)


def resume_scaling(access: Access, app: str, role: str | None) -> None:
    """End the pause of a role or of an app; one at a wider level still holds."""
    change_settings(access, app, role, SettingsValues(pause=None), merge=True)


def override_bounds(access: Access, app: str, role: str, override: OverrideBounds) -> None:
    """Give a role another minimum or maximum until an instant.

    Raises:
        NotFound: There is no such app or role.
        Invalid: The override would have ended already, or its bounds cannot be accepted.
    """
    _refuse_past(override.until, access.edit.at)
    change_settings(access, app, role, SettingsValues(override=override), merge=True)


def end_override(access: Access, app: str, role: str) -> None:
    """End a role's override."""
    change_settings(access, app, role, SettingsValues(override=None), merge=True)


def replace_schedule(
    access: Access, app: str, role: str, windows: Sequence[ScheduleWindow]
) -> Subject:
    """Set a role's windows to exactly these, and return the role."""
    values = SettingsValues(schedules=list(windows))
    return change_settings(access, app, role, values, merge=True)


def _create_role(access: Access, app: App, name: str) -> Role:
    plan = plan_of(access.tenant.plan)
    used = roles.count_roles(access.session, access.tenant)
    if used >= plan.roles:
        raise Invalid(
            f"Plan {plan.name} allows {plan.roles} roles, and {used} are used."
            " Remove one, or change to a larger plan."
        )
    interval, at = float(plan.interval), access.edit.at
    return roles.add_role(access.session, access.tenant, app, name, interval, at)


def _refuse_past(until: datetime | None, now: datetime) -> None:
    if until is not None and until <= now:
        fault = FieldError("until", "must be in the future: it has passed already")
        raise Invalid("That would have no effect: it ends in the past.", [fault])
