"""Requests of a suspended tenant, which may read and change nothing."""

from sqlmodel import Session

from guv.tenants.queries import suspend_tenant
from tests.api.callers import TenantCaller


def suspend(caller: TenantCaller, session: Session, why: str) -> None:
    suspend_tenant(session, caller.tenant, why)
    session.commit()


def test_a_suspended_tenant_may_read_and_hears_why_it_may_not_change(
    caller: TenantCaller, session: Session
) -> None:
    suspend(caller, session, "an unpaid bill")
    assert caller.get("/settings").status_code == 200
    refused = caller.put("/settings", {"maximum_dynos": 9})
    assert refused.status_code == 403
    assert refused.json()["message"].endswith("suspended this add-on: an unpaid bill")
    assert caller.get("/settings").json()["settings"] == {}


def test_a_resumed_tenant_may_change_settings_again(caller: TenantCaller, session: Session) -> None:
    suspend(caller, session, "an unpaid bill")
    suspend(caller, session, "")
    assert caller.put("/settings", {"maximum_dynos": 9}).status_code == 200
