"""Settings at three levels, and the source of each effective value."""

import pytest
from sqlmodel import Session, select

from guv.roles.models import TickSchedule
from guv.settings.models import SettingsChange
from tests.api.callers import TenantCaller

LEVELS = ["/settings", "/apps/{app}/settings", "/apps/{app}/roles/worker"]


@pytest.fixture(autouse=True)
def role(caller: TenantCaller) -> None:
    caller.put(caller.role_path(), {})


def at(caller: TenantCaller, level: str) -> str:
    return level.format(app=caller.app.name)


@pytest.mark.parametrize("level", LEVELS)
def test_an_untouched_settings_level_is_empty(caller: TenantCaller, level: str) -> None:
    answer = caller.get(at(caller, level)).json()
    assert answer["settings"] == {}
    assert answer["version"] == 0


@pytest.mark.parametrize("level", LEVELS)
def test_put_replaces_the_settings_level(caller: TenantCaller, level: str) -> None:
    caller.put(at(caller, level), {"minimum_dynos": 2, "maximum_dynos": 7})
    answer = caller.put(at(caller, level), {"maximum_dynos": 9}).json()
    assert answer["settings"] == {"maximum_dynos": 9}
    assert answer["version"] == 2


@pytest.mark.parametrize("level", LEVELS)
def test_patch_changes_named_settings_and_null_resets_them(
    caller: TenantCaller, level: str
) -> None:
    caller.put(at(caller, level), {"minimum_dynos": 2, "maximum_dynos": 7})
    answer = caller.patch(at(caller, level), {"minimum_dynos": None, "concurrency": 4}).json()
    assert answer["settings"] == {"maximum_dynos": 7, "concurrency": 4}


@pytest.mark.parametrize("level", LEVELS)
def test_settings_that_were_put_are_read_back(caller: TenantCaller, level: str) -> None:
    put = caller.put(at(caller, level), {"target_deadline": 120, "dry_run": True}).json()
    assert caller.get(at(caller, level)).json() == put


def test_null_in_a_put_leaves_the_setting_unset(caller: TenantCaller) -> None:
    assert caller.put("/settings", {"minimum_dynos": None}).json()["settings"] == {}


def test_putting_equal_settings_is_no_change(caller: TenantCaller) -> None:
    first = caller.put("/settings", {"maximum_dynos": 7}).json()
    assert caller.put("/settings", {"maximum_dynos": 7}).json() == first


def test_each_effective_setting_names_its_source(caller: TenantCaller) -> None:
    caller.put("/settings", {"maximum_dynos": 20, "percentile": 95.0, "alert_after": 30})
    caller.put(caller.app_path("/settings"), {"percentile": 98.0, "alert_after": 40})
    answer = caller.put(caller.role_path(), {"alert_after": 50}).json()
    assert {name: answer["effective"][name] for name in ("minimum_dynos", "maximum_dynos")} == {
        "minimum_dynos": {"value": 1, "source": "default"},
        "maximum_dynos": {"value": 20, "source": "global"},
    }
    assert answer["effective"]["percentile"] == {"value": 98.0, "source": "app"}
    assert answer["effective"]["alert_after"] == {"value": 50.0, "source": "role"}
    assert answer["effective_version"] == "1.1.1"


def test_a_wider_level_does_not_show_settings_of_roles(caller: TenantCaller) -> None:
    effective = caller.get("/settings").json()["effective"]
    assert not {"queues", "process_type", "override"} & effective.keys()


def test_queue_and_process_type_are_the_roles_name_by_default(caller: TenantCaller) -> None:
    effective = caller.get(caller.role_path()).json()["effective"]
    assert effective["queues"]["value"] == ["worker"]
    assert effective["process_type"]["value"] == "worker"


def test_every_setting_can_be_set_and_read_again(caller: TenantCaller) -> None:
    values = {
        "queues": ["orders", "mails"],
        "process_type": "urgent",
        "minimum_dynos": 0,
        "maximum_dynos": 9,
        "target_deadline": 300.0,
        "percentile": 99.5,
        "processing_time": 4.0,
        "processing_time_stddev": 2.0,
        "concurrency": 8,
        "boot_time": 20.0,
        "policy": "target_tracking",
        "policy_parameters": {"tolerance": 0.5, "count_running": True, "style": "hpa"},
        "interval": 15,
        "history": 300.0,
        "step_up": 3,
        "step_down": 1,
        "cooldown_up": 0.0,
        "cooldown_down": 120.0,
        "change_budget": 20,
        "busy_protection": "always",
        "busy_protection_limit": 600.0,
        "schedules": [
            {"days": [0, 4], "start": "08:00", "end": "18:00", "timezone": "Europe/Berlin"}
            | {"minimum_dynos": 2}
        ],
        "override": {"until": "2027-01-01T00:00:00Z", "maximum_dynos": 20},
        "pause": {"direction": "down", "until": "2027-01-01T00:00:00Z"},
        "dry_run": True,
        "no_data": {"after": 120.0, "dynos": 3},
        "monthly_dyno_hours": 500.0,
        "alert_after": 30.0,
    }
    assert caller.put(caller.role_path(), values).json()["settings"] == values


def test_the_interval_moves_the_roles_schedule(caller: TenantCaller, session: Session) -> None:
    schedule = session.exec(select(TickSchedule)).one()
    caller.patch(caller.role_path(), {"interval": 30})
    session.refresh(schedule)
    assert schedule.interval_s == 30


def test_a_wider_levels_interval_moves_the_schedules_of_roles_without_their_own(
    caller: TenantCaller, session: Session
) -> None:
    caller.put(caller.role_path("own"), {"interval": 20})
    caller.put("/settings", {"interval": 45})
    session.expire_all()
    intervals = session.exec(select(TickSchedule.interval_s)).all()
    assert sorted(intervals) == [20, 45]


def test_other_settings_leave_the_roles_schedule_alone(
    caller: TenantCaller, session: Session
) -> None:
    before = session.exec(select(TickSchedule.due_at)).one()
    caller.patch(caller.role_path(), {"maximum_dynos": 9})
    session.expire_all()
    assert session.exec(select(TickSchedule.due_at)).one() == before


def test_a_settings_change_is_logged_with_the_key_and_both_values(
    caller: TenantCaller, session: Session
) -> None:
    caller.put("/settings", {"maximum_dynos": 7, "concurrency": 2})
    caller.patch("/settings", {"maximum_dynos": 8})
    change = session.exec(select(SettingsChange).order_by(SettingsChange.version.desc())).first()  # type: ignore[attr-defined]  # a column
    assert change
    assert (change.by, change.version) == ("key GUV_URL", 2)
    assert (change.before, change.after) == ({"maximum_dynos": 7}, {"maximum_dynos": 8})
