"""ETags of settings: concurrent changes do not overwrite each other."""

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
def test_a_change_with_the_current_etag_is_made(
    caller: TenantCaller, level: str, method: str
) -> None:
    path = level.format(app=caller.app.name)
    tag = caller.get(path).headers["ETag"]
    answer = change(caller, path, tag, method)
    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_change_with_an_outdated_etag_is_refused(
    caller: TenantCaller, level: str, method: str
) -> None:
    path = level.format(app=caller.app.name)
    tag = caller.get(path).headers["ETag"]
    caller.patch(path, {"minimum_dynos": 2})
    answer = change(caller, path, tag, method)
    assert (answer.status_code, answer.json()["id"]) == (412, "precondition_failed")
    assert caller.get(path).json()["settings"] == {"minimum_dynos": 2}


def test_a_change_of_a_wider_level_outdates_the_etag(caller: TenantCaller) -> None:
    tag = caller.get(caller.role_path()).headers["ETag"]
    caller.patch("/settings", {"minimum_dynos": 2})
    assert change(caller, caller.role_path(), tag).status_code == 412


def test_a_recreated_role_has_another_etag(caller: TenantCaller) -> None:
    tag = caller.get(caller.role_path()).headers["ETag"]
    caller.delete(caller.role_path())
    caller.put(caller.role_path(), {})
    assert change(caller, caller.role_path(), tag).status_code == 412


def test_an_etag_of_star_matches_any_settings(caller: TenantCaller) -> None:
    assert change(caller, caller.role_path(), "*").status_code == 200


def test_a_match_of_any_of_several_etags_is_enough(caller: TenantCaller) -> None:
    tag = caller.get("/settings").headers["ETag"]
    assert change(caller, "/settings", f'"other", {tag}').status_code == 200


def test_an_unknown_role_matches_no_etag(caller: TenantCaller) -> None:
    assert change(caller, caller.role_path("new"), "*", "PUT").status_code == 412
    assert caller.get(caller.role_path("new")).status_code == 404


def test_if_none_match_creates_a_role_only_where_none_exists(caller: TenantCaller) -> None:
    new = {"If-None-Match": "*"}
    assert caller.ask("PUT", caller.role_path("new"), {}, headers=new).status_code == 201
    assert caller.ask("PUT", caller.role_path("new"), {}, headers=new).status_code == 412


def test_a_role_with_an_outdated_etag_is_not_removed(caller: TenantCaller) -> None:
    tag = caller.get(caller.role_path()).headers["ETag"]
    caller.patch(caller.role_path(), {"minimum_dynos": 2})
    answer = caller.ask("DELETE", caller.role_path(), headers={"If-Match": tag})
    assert answer.status_code == 412
    assert caller.get(caller.role_path()).status_code == 200
