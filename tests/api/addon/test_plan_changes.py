"""Plan changes of a resource."""

import pytest
from sqlmodel import Session, select

from guv.crypto import Sealer
from guv.roles.models import TickSchedule
from guv.tenants.models import Tenant
from tests.api.callers import HerokuCaller, TenantCaller
from tests.builders import an_app


def change(heroku: HerokuCaller, caller: TenantCaller, plan: str) -> tuple[int, str]:
    answer = heroku.ask("PUT", f"/{caller.tenant.id}", {"plan": plan})
    return answer.status_code, answer.json()["message"]


def plan_of(session: Session) -> str:
    session.expire_all()
    return session.exec(select(Tenant)).one().plan


def test_a_plan_with_room_for_the_current_use_is_accepted(
    heroku: HerokuCaller, caller: TenantCaller, session: Session
) -> None:
    status, _ = change(heroku, caller, "basic")
    assert (status, plan_of(session)) == (200, "basic")


def test_a_change_to_the_same_plan_changes_nothing(
    heroku: HerokuCaller, caller: TenantCaller
) -> None:
    status, message = change(heroku, caller, "premium")
    assert (status, "already premium" in message) == (200, True)


def test_a_plan_change_with_extra_fields_is_accepted(
    heroku: HerokuCaller, caller: TenantCaller
) -> None:
    body = {"plan": "standard", "heroku_id": "app1@heroku.com", "uuid": "x"}
    assert heroku.ask("PUT", f"/{caller.tenant.id}", body).status_code == 200


def test_a_plan_with_too_few_roles_is_refused_with_what_to_reduce(
    heroku: HerokuCaller, caller: TenantCaller, session: Session
) -> None:
    for name in ("a", "b", "c", "d", "e"):
        caller.put(caller.role_path(name), {})
    status, message = change(heroku, caller, "test")
    assert status == 422
    assert message == "Plan test is too small: remove 2 of 5 roles (at most 3)."
    assert plan_of(session) == "premium"


def test_a_plan_with_too_few_apps_is_refused_with_what_to_reduce(
    heroku: HerokuCaller, caller: TenantCaller, session: Session, sealer: Sealer
) -> None:
    an_app(session, caller.tenant, sealer)
    session.commit()
    _, message = change(heroku, caller, "basic")
    assert "remove 1 of 2 apps (at most 1)" in message


def test_a_plan_with_a_longer_interval_than_the_settings_need_is_refused(
    heroku: HerokuCaller, caller: TenantCaller
) -> None:
    caller.put(caller.role_path(), {"interval": 5})
    status, message = change(heroku, caller, "basic")
    assert status == 422
    assert "set the interval of role 'worker'" in message
    assert "at least 10" in message


def test_roles_tick_as_the_new_plan_allows(
    heroku: HerokuCaller, caller: TenantCaller, session: Session
) -> None:
    caller.put(caller.role_path(), {})
    schedule = session.exec(select(TickSchedule)).one()
    assert schedule.interval_s == 10
    change(heroku, caller, "test")
    session.refresh(schedule)
    assert schedule.interval_s == 60
    change(heroku, caller, "basic")
    session.refresh(schedule)
    assert schedule.interval_s == 10


def test_an_unknown_plan_is_refused(heroku: HerokuCaller, caller: TenantCaller) -> None:
    status, message = change(heroku, caller, "gold")
    assert status == 422
    assert "'gold' is not a known plan" in message


@pytest.mark.parametrize(("uuid", "status"), [("1" * 32, 404), ("no-uuid", 422)])
def test_an_unknown_resource_has_no_plan(heroku: HerokuCaller, uuid: str, status: int) -> None:
    assert heroku.ask("PUT", f"/{uuid}", {"plan": "basic"}).status_code == status


def test_a_deprovisioned_resource_has_no_plan(heroku: HerokuCaller, caller: TenantCaller) -> None:
    heroku.ask("DELETE", f"/{caller.tenant.id}")
    assert change(heroku, caller, "basic")[0] == 410
