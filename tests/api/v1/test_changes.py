"""The change log: who changed what, when, from what to what."""

from typing import Any

import pytest

from tests.api.callers import TenantCaller, faults


@pytest.fixture(autouse=True)
def changed(caller: TenantCaller) -> None:
    caller.put("/settings", {"maximum_dynos": 10})
    caller.put(caller.app_path("/settings"), {"percentile": 95})
    caller.put(caller.role_path(), {"maximum_dynos": 20})
    caller.patch("/settings", {"maximum_dynos": 12, "minimum_dynos": 2})


def changes(caller: TenantCaller, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = caller.get("/changes", **query).json()["changes"]
    return rows


def test_the_newest_change_comes_first(caller: TenantCaller) -> None:
    assert [change["level"] for change in changes(caller)] == ["global", "role", "app", "global"]


def test_a_change_says_who_and_from_what_to_what(caller: TenantCaller) -> None:
    newest = changes(caller, limit=1)[0]
    assert newest["by"] == "key GUV_URL"
    assert newest["before"] == {"maximum_dynos": 10, "minimum_dynos": None}
    assert newest["after"] == {"maximum_dynos": 12, "minimum_dynos": 2}
    assert newest["version"] == 2


def test_a_change_names_its_app_and_role(caller: TenantCaller) -> None:
    named = [(change["app"], change["role"]) for change in changes(caller)]
    shop = caller.app.name
    assert named == [(None, None), (shop, "worker"), (shop, None), (None, None)]


def test_changes_are_filtered_by_app(caller: TenantCaller) -> None:
    assert [change["level"] for change in changes(caller, app=caller.app.name)] == ["app"]


def test_changes_are_filtered_by_role(caller: TenantCaller) -> None:
    assert [change["level"] for change in changes(caller, role="worker")] == ["role"]


def test_changes_of_a_removed_role_can_be_read(caller: TenantCaller) -> None:
    caller.delete(caller.role_path())
    assert [change["role"] for change in changes(caller, role="worker")] == ["worker", "worker"]


def test_the_removal_of_a_role_says_who_and_what_was_set(caller: TenantCaller) -> None:
    caller.delete(caller.role_path())
    newest = changes(caller, role="worker")[0]
    assert (newest["by"], newest["level"], newest["version"]) == ("key GUV_URL", "role", 2)
    assert newest["before"] == {"role": "worker", "maximum_dynos": 20}
    assert newest["after"] == {"role": None, "maximum_dynos": None}


def test_changes_are_filtered_by_time(caller: TenantCaller) -> None:
    at = changes(caller, limit=1)[0]["at"]
    assert len(changes(caller, **{"from": at})) == 1
    assert len(changes(caller, to=at)) == 3


def test_pages_of_changes_follow_each_other(caller: TenantCaller) -> None:
    first = caller.get("/changes", limit=3).json()
    caller.put("/settings", {})
    second = caller.get("/changes", limit=3, cursor=first["next_cursor"]).json()
    assert [change["version"] for change in second["changes"]] == [1]
    assert second["next_cursor"] is None


def test_an_invalid_cursor_of_changes_is_refused(caller: TenantCaller) -> None:
    assert "cursor" in faults(caller.get("/changes", cursor="nonsense"))


def test_a_license_key_is_not_in_the_change_log(caller: TenantCaller) -> None:
    target = {"new_relic": {"account_id": 1, "license_key": "license-key-marker"}}
    caller.patch("/settings", {"notify": target})
    assert changes(caller, limit=1)[0]["after"] == {"notify": "[set]"}
    assert "license-key-marker" not in caller.get("/changes").text
