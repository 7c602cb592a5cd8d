"""Apps, roles, keys and tenants, each visible to its own tenant only."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from guv.apps import queries as apps
from guv.apps.models import Broker
from guv.crypto import Sealer, new_api_key
from guv.errors import NotFound
from guv.roles import queries as roles
from guv.roles.models import Role, TickSchedule
from guv.tenants import keys
from guv.tenants import queries as tenants
from guv.tenants.models import ApiKey, Tenant
from tests.builders import NOON, a_key, a_role, a_tenant, an_app

LATER = NOON + timedelta(minutes=1)


def test_an_app_is_found_by_name_and_by_uuid(session: Session, sealer: Sealer) -> None:
    tenant = a_tenant(session)
    app = an_app(session, tenant, sealer)
    assert apps.find_app(session, tenant, app.name) == app
    assert apps.find_app(session, tenant, str(app.heroku_id)) == app


def test_another_tenants_app_is_not_found(session: Session, sealer: Sealer) -> None:
    app = an_app(session, a_tenant(session), sealer)
    other = a_tenant(session)
    for name in (app.name, str(app.heroku_id)):
        with pytest.raises(NotFound):
            apps.find_app(session, other, name)
    assert apps.list_apps(session, other) == []
    assert apps.find_broker(session, other, app) is None


def test_a_stored_app_keeps_its_row_and_takes_its_new_name(session: Session) -> None:
    tenant, heroku_id = a_tenant(session), uuid4()
    first = apps.put_app(session, tenant, heroku_id, "old", NOON)
    session.flush()
    again = apps.put_app(session, tenant, heroku_id, "new", LATER)
    assert (again.id, again.name, again.created_at) == (first.id, "new", NOON)


def test_a_new_broker_resets_the_failures_of_the_old_broker(
    session: Session, sealer: Sealer
) -> None:
    tenant = a_tenant(session)
    app = an_app(session, tenant, sealer)
    broker = apps.put_broker(session, tenant, app, b"sealed", "there", NOON)
    broker.failures, broker.retry_at, broker.note = 3, LATER, "no answer"
    session.flush()
    apps.put_broker(session, tenant, app, b"sealed too", "elsewhere", LATER)
    stored = session.exec(select(Broker)).one()
    assert (stored.address, stored.failures, stored.retry_at, stored.note) == (
        "elsewhere",
        0,
        None,
        "",
    )
    assert apps.list_brokers(session, tenant) == {app.id: stored}


def test_a_new_role_is_due_at_once(session: Session, sealer: Sealer) -> None:
    tenant = a_tenant(session)
    app = an_app(session, tenant, sealer)
    role = roles.add_role(session, tenant, app, "worker", 10.0, NOON)
    schedule = session.get_one(TickSchedule, role.id)
    assert (schedule.due_at, schedule.interval_s, schedule.enabled) == (NOON, 10.0, True)
    assert roles.count_roles(session, tenant) == 1


def test_a_removed_role_is_found_for_its_history_only(session: Session, sealer: Sealer) -> None:
    tenant = a_tenant(session)
    app = an_app(session, tenant, sealer)
    role = a_role(session, app)
    roles.remove_role(session, role, LATER)
    session.flush()
    with pytest.raises(NotFound):
        roles.find_role(session, tenant, app, "worker")
    assert roles.list_roles(session, tenant, app) == []
    assert roles.list_all_roles(session, tenant) == {}
    assert roles.count_roles(session, tenant) == 0
    assert roles.find_roles(session, tenant, app, "worker") == [role.id]
    assert not session.get_one(TickSchedule, role.id).enabled


def test_a_role_is_due_again_only_when_its_interval_changes(
    session: Session, sealer: Sealer
) -> None:
    app = an_app(session, a_tenant(session), sealer)
    same, other = a_role(session, app, "same"), a_role(session, app, "other")
    roles.set_intervals(session, {same.id: 10.0, other.id: 30.0}, LATER)
    session.flush()
    assert session.get_one(TickSchedule, same.id).due_at == NOON
    moved = session.get_one(TickSchedule, other.id)
    assert (moved.due_at, moved.interval_s) == (LATER, 30.0)


def test_an_api_key_opens_its_own_tenant_until_revoked(session: Session) -> None:
    tenant = a_tenant(session)
    key = a_key(session, tenant.id, "GUV_URL", NOON)
    session.flush()
    opened = keys.find_tenant(session, key, NOON)
    assert opened is not None
    assert opened[0] == tenant
    opened[1].revoked_at = LATER
    session.flush()
    assert keys.find_tenant(session, key, LATER) is None
    assert keys.count_revoked(session, tenant.id, "GUV_URL") == 1


def test_an_api_key_that_is_put_twice_is_stored_once(session: Session) -> None:
    tenant, key = a_tenant(session), new_api_key()
    for _ in range(2):
        keys.put_key(session, tenant.id, "GUV_URL", key, NOON)
        session.flush()
    assert len(session.exec(select(ApiKey)).all()) == 1
    assert keys.first_valid(session, tenant.id, [new_api_key(), key]) == key
    assert keys.first_valid(session, a_tenant(session).id, [key]) is None


def test_an_api_key_is_stored_as_its_hash_only(session: Session) -> None:
    key = a_key(session, a_tenant(session).id, "GUV_URL", NOON)
    session.flush()
    assert key not in str(session.exec(select(ApiKey)).one().model_dump())


def test_a_tenant_is_registered_once(session: Session) -> None:
    tenant_id = uuid4()

    def register(plan: str) -> bool:
        tenant = Tenant(id=tenant_id, name="guv-1", plan=plan, created_at=NOON)
        return tenants.register_tenant(session, tenant)

    assert register("basic")
    assert not register("premium")
    assert session.exec(select(Tenant)).one().plan == "basic"


def test_a_locked_tenant_is_read_as_it_is_now(session: Session, engine: Engine) -> None:
    tenant = a_tenant(session)
    session.commit()
    with Session(engine) as other:
        other.get_one(Tenant, tenant.id).plan = "test"
        other.commit()
    locked = tenants.lock_tenant(session, tenant.id)
    assert locked is not None
    assert locked.plan == "test"


def test_an_unknown_tenant_cannot_be_locked(session: Session) -> None:
    assert tenants.lock_tenant(session, uuid4()) is None


def test_a_locked_tenants_ticks_do_not_wait(
    session: Session, engine: Engine, sealer: Sealer
) -> None:
    tenant = a_tenant(session)
    app = an_app(session, tenant, sealer)
    session.commit()
    tenants.lock_tenant(session, tenant.id)
    with Session(engine) as tick:
        tick.connection().exec_driver_sql("set local lock_timeout = '500ms'")
        role = a_role(tick, app)  # refers to the tenant, as all that a tick writes does
        tick.commit()
        assert tick.get_one(Role, role.id).tenant_id == tenant.id
