"""Removal of the add-on: scaling stops before the answer, secrets are deleted."""

from uuid import uuid4

from sqlmodel import Session, select

from guv.apps.models import App, Broker
from guv.clock import utc_now
from guv.crypto import Sealer
from guv.incidents.models import Incident
from guv.roles import tick_schedule
from guv.roles.models import Role
from guv.settings.models import SettingsLevel
from guv.tenants.models import ApiKey, Tenant
from tests.api.callers import HerokuCaller, TenantCaller
from tests.api.rows import an_incident
from tests.builders import NOON, a_broker


def remove(heroku: HerokuCaller, caller: TenantCaller) -> int:
    return heroku.ask("DELETE", f"/{caller.tenant.id}").status_code


def test_deprovisioning_is_answered_204_without_a_body(
    heroku: HerokuCaller, caller: TenantCaller
) -> None:
    answer = heroku.ask("DELETE", f"/{caller.tenant.id}")
    assert (answer.status_code, answer.content) == (204, b"")


def test_repeated_and_unknown_deprovisionings_are_answered_410(
    heroku: HerokuCaller, caller: TenantCaller
) -> None:
    remove(heroku, caller)
    assert remove(heroku, caller) == 410
    assert heroku.ask("DELETE", f"/{uuid4()}").status_code == 410


def test_no_role_of_a_deprovisioned_tenant_is_due(
    heroku: HerokuCaller, caller: TenantCaller, session: Session
) -> None:
    caller.put(caller.role_path(), {})
    assert len(tick_schedule.mark_queued(session.connection(), utc_now(), 10)) == 1
    session.rollback()
    remove(heroku, caller)
    assert tick_schedule.mark_queued(session.connection(), utc_now(), 10) == []


def test_deprovisioning_deletes_tokens_brokers_and_license_keys(
    heroku: HerokuCaller, caller: TenantCaller, session: Session, sealer: Sealer
) -> None:
    a_broker(session, caller.app, sealer, "amqp://u:p@rabbit.example.com/v")
    session.commit()
    target = {"account_id": 1, "license_key": "license-key-marker"}
    caller.put("/settings", {"notify": {"new_relic": target}})
    remove(heroku, caller)
    session.expire_all()
    app = session.exec(select(App)).one()
    assert (app.access_token_sealed, app.refresh_token_sealed) == (None, None)
    assert session.exec(select(Broker)).all() == []
    assert [level.notify_sealed for level in session.exec(select(SettingsLevel))] == [None]


def test_deprovisioning_deletes_a_grant_that_was_never_exchanged(
    heroku: HerokuCaller, caller: TenantCaller, session: Session, sealer: Sealer
) -> None:
    caller.tenant.grant_sealed = sealer.seal("{}")
    session.add(caller.tenant)
    session.commit()
    remove(heroku, caller)
    session.expire_all()
    assert session.exec(select(Tenant)).one().grant_sealed is None


def test_a_deprovisioned_tenants_key_is_refused(
    heroku: HerokuCaller, caller: TenantCaller, session: Session
) -> None:
    remove(heroku, caller)
    assert caller.get("/apps").status_code == 401
    assert session.exec(select(ApiKey)).one().revoked_at is not None


def test_deprovisioning_resolves_open_incidents(
    heroku: HerokuCaller, caller: TenantCaller, session: Session
) -> None:
    caller.put(caller.role_path(), {})
    role = session.exec(select(Role)).one()
    an_incident(session, role, opened_at=NOON)
    remove(heroku, caller)
    session.expire_all()
    assert session.exec(select(Incident)).one().resolved_at is not None


def test_deprovisioning_leaves_another_tenants_roles_ticking(
    heroku: HerokuCaller, caller: TenantCaller, session: Session
) -> None:
    other = heroku.provision()
    caller.put(caller.role_path(), {})
    heroku.ask("DELETE", f"/{other.json()['id']}")
    assert len(tick_schedule.mark_queued(session.connection(), utc_now(), 10)) == 1
