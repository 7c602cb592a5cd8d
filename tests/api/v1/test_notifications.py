"""The list of notification targets, and whether they accept alerts."""

from typing import Any

import pytest
from sqlmodel import Session, select

from guv.settings.models import SettingsLevel
from tests.api.callers import TenantCaller, faults
from tests.builders import NOON

NEW_RELIC = {"account_id": 42, "license_key": "license-key-marker"}
HOOK = {"url": "https://hooks.example.com/", "secret": "whsec_d2ViaG9vay1zZWNyZXQtbWFya2VyLTI0"}


@pytest.fixture(autouse=True)
def role(caller: TenantCaller) -> None:
    caller.put(caller.role_path(), {})


def targets(caller: TenantCaller) -> list[dict[str, Any]]:
    answer = caller.get("/notifications")
    assert answer.status_code == 200
    assert "marker" not in answer.text
    targets: list[dict[str, Any]] = answer.json()["targets"]
    return targets


def test_the_notifications_are_empty_without_a_target(caller: TenantCaller) -> None:
    assert targets(caller) == []


def test_each_level_with_a_notification_target_is_listed_the_widest_first(
    caller: TenantCaller,
) -> None:
    caller.patch(caller.role_path(), {"notify": {"webhook": HOOK}})
    caller.patch("/settings", {"notify": {"new_relic": NEW_RELIC}})
    caller.patch(caller.app_path("/settings"), {"notify": {"new_relic": NEW_RELIC}})
    assert [(target["level"], target["app"], target["role"]) for target in targets(caller)] == [
        ("global", None, None),
        ("app", caller.app.name, None),
        ("role", caller.app.name, "worker"),
    ]


def test_the_alert_condition_for_a_lost_heartbeat_is_printed(caller: TenantCaller) -> None:
    caller.patch("/settings", {"notify": {"new_relic": {**NEW_RELIC, "heartbeat": True}}})
    (target,) = targets(caller)
    recipe = target["silence_alarm"]
    assert recipe["nrql"] == "SELECT max(secondsLate) FROM GuvHeartbeat"
    assert "accountId: 42" in recipe["nerdgraph"]
    assert recipe["nrql"] in recipe["nerdgraph"]
    assert recipe["nerdgraph"].count("{") == recipe["nerdgraph"].count("}")


def test_a_target_without_a_heartbeat_has_no_alert_condition(caller: TenantCaller) -> None:
    caller.patch("/settings", {"notify": {"new_relic": NEW_RELIC}})
    assert targets(caller)[0]["silence_alarm"] is None


def test_new_relics_refusal_is_shown_with_notifications_and_settings(
    caller: TenantCaller, session: Session
) -> None:
    caller.patch("/settings", {"notify": {"new_relic": {**NEW_RELIC, "events": "all"}}})
    level = session.exec(select(SettingsLevel).where(SettingsLevel.level == "global")).one()
    level.feed_failures, level.feed_error, level.feed_until = 3, "New Relic refuses (403)", NOON
    session.add(level)
    session.commit()
    (target,) = targets(caller)
    assert (target["failures"], target["error"]) == (3, "New Relic refuses (403)")
    assert target["events_until"] == "2026-11-25T12:00:00Z"
    warned = {
        "field": "notify.new_relic",
        "message": "does not take guv's events: " + target["error"],
    }
    assert warned in caller.get("/settings").json()["warnings"]
    assert warned in caller.get(caller.role_path()).json()["warnings"]


@pytest.mark.parametrize(
    ("values", "field"), [({"events": "some"}, "events"), ({"heartbeat": "yes"}, "heartbeat")]
)
def test_an_invalid_notification_target_is_refused(
    caller: TenantCaller, values: dict[str, Any], field: str
) -> None:
    answer = caller.patch("/settings", {"notify": {"new_relic": {**NEW_RELIC, **values}}})
    assert answer.status_code == 422
    assert list(faults(answer)) == [f"notify.new_relic.{field}"]
