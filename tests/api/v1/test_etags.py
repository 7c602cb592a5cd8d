"""Two people change the same settings: none of them undoes the other unknowingly."""

import pytest
from httpx2 import Response

from tests.api.callers import TenantCaller

LEVELS = ["/settings", "/apps/{app}/settings", "/apps/{app}/roles/worker"]


@pytest.fixture(autouse=True)
def role(caller: TenantCaller) -> None:
    caller.put(caller.role_path(), {})


def change(caller: TenantCaller, path: str, tag: str, method: str = "PATCH") -> Response:
    return caller.ask(method, path, {"maximum_dynos": 7}, headers={"If-Match": tag})


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_change_of_what_was_read_is_made(caller: TenantCaller, level: str, method: str) -> None:
    path = level.format(app=caller.app.name)
    tag = caller.get(path).headers["ETag"]
    answer = change(caller, path, tag, method)
    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_change_of_what_was_changed_meanwhile_is_refused(
    caller: TenantCaller, level: str, method: str
) -> None:
    path = level.format(app=caller.app.name)
    tag = caller.get(path).headers["ETag"]
    caller.patch(path, {"minimum_dynos": 2})
    answer = change(caller, path, tag, method)
    assert (answer.status_code, answer.json()["id"]) == (412, "precondition_failed")
    assert caller.get(path).json()["settings"] == {"minimum_dynos": 2}


def test_a_wider_level_that_was_changed_is_a_change(caller: TenantCaller) -> None:
    tag = caller.get(caller.role_path()).headers["ETag"]
    caller.patch("/settings", {"minimum_dynos": 2})
    assert change(caller, caller.role_path(), tag).status_code == 412


def test_a_role_that_was_made_again_is_another_one(caller: TenantCaller) -> None:
    tag = caller.get(caller.role_path()).headers["ETag"]
    caller.delete(caller.role_path())
    caller.put(caller.role_path(), {})
    assert change(caller, caller.role_path(), tag).status_code == 412


def test_a_star_matches_whatever_is_there(caller: TenantCaller) -> None:
    assert change(caller, caller.role_path(), "*").status_code == 200


def test_one_of_several_tags_is_enough(caller: TenantCaller) -> None:
    tag = caller.get("/settings").headers["ETag"]
    assert change(caller, "/settings", f'"other", {tag}').status_code == 200


def test_a_role_that_is_not_there_matches_nothing(caller: TenantCaller) -> None:
    assert change(caller, caller.role_path("new"), "*", "PUT").status_code == 412
    assert caller.get(caller.role_path("new")).status_code == 404


def test_a_role_is_made_only_where_there_is_none(caller: TenantCaller) -> None:
    new = {"If-None-Match": "*"}
    assert caller.ask("PUT", caller.role_path("new"), {}, headers=new).status_code == 201
    assert caller.ask("PUT", caller.role_path("new"), {}, headers=new).status_code == 412


def test_a_role_is_not_removed_when_it_was_changed_meanwhile(caller: TenantCaller) -> None:
    tag = caller.get(caller.role_path()).headers["ETag"]
    caller.patch(caller.role_path(), {"minimum_dynos": 2})
    answer = caller.ask("DELETE", caller.role_path(), headers={"If-Match": tag})
    assert answer.status_code == 412
    assert caller.get(caller.role_path()).status_code == 200
