"""New Relic targets: set like other settings, license key never shown."""

from typing import Any

import pytest
from sqlmodel import Session, select

from guv.crypto import Sealer
from guv.roles.models import Role
from guv.settings.models import SettingsChange, SettingsLevel
from tests.api.callers import TenantCaller, faults, stored_target
from tests.api.rows import an_incident
from tests.builders import NOON

KEY = "license-key-marker-NRAL"


def target(key: str = KEY, account: int = 42) -> dict[str, Any]:
    return {"notify": {"new_relic": {"account_id": account, "license_key": key, "region": "eu"}}}


SHOWN = {
    "new_relic": {
        "account_id": 42,
        "license_key": "[masked]",
        "region": "eu",
        "priority": "high",
        "events": "none",
        "heartbeat": False,
    }
}


@pytest.fixture(autouse=True)
def role(caller: TenantCaller) -> None:
    caller.put(caller.role_path(), {})


def test_the_worker_reads_the_license_key_that_was_set(
    caller: TenantCaller, session: Session, sealer: Sealer
) -> None:
    caller.put("/settings", target())
    assert stored_target(caller, session, sealer)["new_relic"]["license_key"] == KEY


def test_the_license_key_is_in_no_answer(caller: TenantCaller) -> None:
    put = caller.put("/settings", target())
    assert put.json()["settings"]["notify"] == SHOWN
    for answer in (put, caller.get("/settings"), caller.get(caller.role_path())):
        assert KEY not in answer.text


def test_the_narrowest_notification_target_applies(caller: TenantCaller) -> None:
    caller.put("/settings", target())
    caller.put(caller.app_path("/settings"), target(account=43))
    notify = caller.get(caller.role_path()).json()["effective"]["notify"]
    assert (notify["value"]["new_relic"]["account_id"], notify["source"]) == (43, "app")


def test_a_notification_target_that_was_read_can_be_put_back(
    caller: TenantCaller, session: Session, sealer: Sealer
) -> None:
    before = caller.put("/settings", target()).json()
    after = caller.put("/settings", before["settings"]).json()
    assert after == before
    assert stored_target(caller, session, sealer)["new_relic"]["license_key"] == KEY


def test_a_masked_key_without_a_stored_one_is_refused(caller: TenantCaller) -> None:
    answer = caller.put("/settings", target("[masked]"))
    assert answer.status_code == 422
    assert faults(answer) == {
        "notify.new_relic.license_key": "is required: it was sent masked, and none is stored"
    }


def test_changes_of_other_settings_keep_the_notification_target(caller: TenantCaller) -> None:
    caller.put("/settings", target())
    assert caller.patch("/settings", {"concurrency": 2}).json()["settings"]["notify"] == SHOWN


@pytest.mark.parametrize("nothing", [None, {}, {"new_relic": None}])
def test_null_removes_the_notification_target(caller: TenantCaller, nothing: Any) -> None:
    caller.put("/settings", target())
    answer = caller.patch("/settings", {"notify": nothing}).json()
    assert "notify" not in answer["settings"]
    assert answer["effective"]["notify"] == {"value": None, "source": "default"}


def test_a_put_without_a_notification_target_removes_the_target(caller: TenantCaller) -> None:
    caller.put("/settings", target())
    assert "notify" not in caller.put("/settings", {}).json()["settings"]


def test_a_new_license_key_is_a_logged_change_without_the_key(
    caller: TenantCaller, session: Session
) -> None:
    caller.put("/settings", target())
    answer = caller.put("/settings", target("another-license-key-marker"))
    assert answer.json()["version"] == 2
    after = [change.after for change in session.exec(select(SettingsChange))]
    assert after == [{"notify": "[set]"}, {"notify": "[set]"}]


def test_the_license_key_is_in_no_readable_column(caller: TenantCaller, session: Session) -> None:
    caller.put("/settings", target())
    level = session.exec(select(SettingsLevel)).one()
    assert level.values == {}
    assert KEY.encode() not in (level.notify_sealed or b"")


def test_a_license_key_that_is_too_short_is_refused_without_being_repeated(
    caller: TenantCaller,
) -> None:
    answer = caller.put("/settings", target("short"))
    assert answer.status_code == 422
    assert "notify.new_relic.license_key" in faults(answer)
    assert "short" not in answer.json()["fields"][0]["message"].replace("too short", "")


@pytest.mark.parametrize(("key", "left"), [("another-key-marker", None), (KEY, "403")])
def test_a_new_target_gets_the_notifications_that_the_old_target_refused(
    caller: TenantCaller, session: Session, key: str, left: str | None
) -> None:
    caller.put(caller.role_path(), target())
    role = session.exec(select(Role)).one()
    incident = an_incident(session, role, opened_at=NOON, notify_error="403")
    caller.put(caller.role_path(), target(key))
    session.refresh(incident)
    assert incident.notify_error == left


@pytest.mark.parametrize(
    "key", ["NRAL\0NRAL", "NRAL\r\nX: y", "NRAL NRAL", "ключ-ключ", "NRAL\x7fNRAL"]
)
def test_a_license_key_that_no_header_can_carry_is_refused(caller: TenantCaller, key: str) -> None:
    answer = caller.put("/settings", target(key))
    assert answer.status_code == 422
    assert "without spaces" in faults(answer)["notify.new_relic.license_key"]
