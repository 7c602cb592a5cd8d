"""Settings stored by level, with a version and a change log."""

from datetime import timedelta
from typing import Any

from sqlmodel import Session, select

from guv.apps.models import App
from guv.crypto import Sealer
from guv.roles.models import Role
from guv.settings.change_log import ChangeFilter, list_changes
from guv.settings.models import SettingsChange, SettingsLevel
from guv.settings.queries import (
    Edit,
    notify_target,
    read_level,
    role_settings,
    stored_levels,
    tenant_settings,
    write_level,
)
from guv.settings.resolve import Level
from guv.tenants.models import Tenant
from tests.builders import NOON, a_role, a_tenant

EDIT = Edit("key test", NOON)


def changes(session: Session, tenant: Tenant) -> list[SettingsChange]:
    wanted = ChangeFilter(subjects=[tenant.id])
    return [entry.change for entry in list_changes(session, tenant, wanted, 10)]


def write(
    session: Session, tenant: Tenant, values: dict[str, Any], notify: bytes | None = None
) -> Level:
    level = Level("global", values)
    return write_level(session, tenant, level, tenant.id, notify=notify, edit=EDIT)


def test_a_settings_level_that_was_never_set_is_empty(session: Session, tenant: Tenant) -> None:
    assert read_level(session, tenant, "global", tenant.id) == Level("global", {}, 0)


def test_each_settings_change_has_the_next_version(session: Session, tenant: Tenant) -> None:
    assert write(session, tenant, {"concurrency": 1}).version == 1
    assert write(session, tenant, {"concurrency": 2}).version == 2
    assert read_level(session, tenant, "global", tenant.id) == Level(
        "global", {"concurrency": 2}, 2
    )


def test_storing_equal_settings_is_no_change(session: Session, tenant: Tenant) -> None:
    write(session, tenant, {"concurrency": 1}, b"sealed")
    assert write(session, tenant, {"concurrency": 1}, b"sealed").version == 1
    assert len(changes(session, tenant)) == 1


def test_the_change_log_has_the_differences_newest_first(session: Session, tenant: Tenant) -> None:
    write(session, tenant, {"concurrency": 1, "dry_run": True})
    write(session, tenant, {"concurrency": 2, "dry_run": True})
    newest, first = changes(session, tenant)
    assert (newest.before, newest.after) == ({"concurrency": 1}, {"concurrency": 2})
    assert (first.before, first.by, first.at) == (
        {"concurrency": None, "dry_run": None},
        "key test",
        NOON,
    )


def test_a_new_secret_is_logged_as_a_change_without_the_secret(
    session: Session, tenant: Tenant
) -> None:
    write(session, tenant, {}, b"one")
    write(session, tenant, {}, b"two")
    newest = changes(session, tenant)[0]
    assert (newest.before, newest.after) == ({"notify": "[set]"}, {"notify": "[set]"})


def test_settings_levels_exclude_another_tenants(session: Session, tenant: Tenant) -> None:
    write(session, tenant, {"concurrency": 1})
    other = a_tenant(session)
    assert read_level(session, other, "global", tenant.id).version == 0
    assert stored_levels(session, other) == {}
    assert list_changes(session, other, ChangeFilter(), 10) == []


def test_only_the_requested_settings_levels_are_read(
    session: Session, tenant: Tenant, role: Role
) -> None:
    write(session, tenant, {"concurrency": 1})
    assert stored_levels(session, tenant, [role.id]) == {}
    assert list(stored_levels(session, tenant, [tenant.id])) == [tenant.id]


def test_effective_settings_of_all_roles_equal_those_of_each_role(
    session: Session, tenant: Tenant, app: App
) -> None:
    roles = [a_role(session, app, name, concurrency=n) for n, name in enumerate("abc", start=1)]
    write(session, tenant, {"dry_run": True})
    together = tenant_settings(session, tenant)
    assert [resolved.effective for resolved in together] == [
        role_settings(session, tenant, app, role) for role in roles
    ]
    assert together[0].name == f"role 'a' of app '{app.name}'"


def test_prospective_settings_are_validated_without_storing(
    session: Session, tenant: Tenant, role: Role
) -> None:
    (resolved,) = tenant_settings(session, tenant, {role.id: Level("role", {"concurrency": 9})})
    assert resolved.effective.concurrency == 9
    assert session.exec(select(SettingsLevel)).all() == []


def test_removed_roles_have_no_effective_settings(
    session: Session, tenant: Tenant, role: Role
) -> None:
    role.removed_at = NOON + timedelta(days=1)
    session.add(role)
    assert tenant_settings(session, tenant) == []


def test_the_narrowest_notification_target_counts(
    session: Session, tenant: Tenant, role: Role, app: App, sealer: Sealer
) -> None:
    assert notify_target(session, tenant, app, role, sealer) is None
    write(session, tenant, {}, sealer.seal('{"of": "tenant"}'))
    assert notify_target(session, tenant, app, role, sealer) == {"of": "tenant"}
    level = Level("role", {})
    own = sealer.seal('{"of": "role"}')
    write_level(session, tenant, level, role.id, notify=own, edit=EDIT)
    assert notify_target(session, tenant, app, role, sealer) == {"of": "role"}
