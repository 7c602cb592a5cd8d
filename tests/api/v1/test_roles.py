"""Roles over the API: created, replaced and removed within the plan."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from sqlmodel import Session, select

from guv.clock import utc_now
from guv.crypto import Sealer
from guv.incidents.models import Incident
from guv.roles import tick_schedule
from guv.roles.models import Role
from tests.api.callers import TenantCaller, a_caller
from tests.api.rows import an_incident


def test_put_creates_a_role_that_is_due_at_once(caller: TenantCaller, session: Session) -> None:
    answer = caller.put(caller.role_path(), {"maximum_dynos": 3})
    assert answer.status_code == 201
    assert (answer.json()["role"], answer.json()["app"]) == ("worker", caller.app.name)
    role = session.exec(select(Role)).one()
    assert tick_schedule.mark_queued(session.connection(), utc_now(), 10) == [role.id]


def test_put_of_an_existing_role_replaces_its_settings(caller: TenantCaller) -> None:
    caller.put(caller.role_path(), {"maximum_dynos": 3})
    assert caller.put(caller.role_path(), {}).status_code == 200


def test_patch_and_get_of_an_unknown_role_are_not_found(caller: TenantCaller) -> None:
    for answer in (caller.get(caller.role_path()), caller.patch(caller.role_path(), {})):
        assert answer.status_code == 404
        assert answer.json()["id"] == "not_found"


@pytest.mark.parametrize("name", ["a%20b", "a.b", "%00", "x" * 101, "ä"])
def test_a_role_name_that_heroku_cannot_accept_is_refused(caller: TenantCaller, name: str) -> None:
    answer = caller.put(caller.role_path(name), {})
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == "role"


def test_the_plans_limit_of_roles_is_named(
    caller: TenantCaller, session: Session, sealer: Sealer
) -> None:
    poor = a_caller(caller.client, session, sealer, plan="test")
    for name in ("a", "b", "c"):
        assert poor.put(poor.role_path(name), {}).status_code == 201
    answer = poor.put(poor.role_path("d"), {})
    assert answer.status_code == 422
    assert answer.json()["message"].startswith("Plan test allows 3 roles, and 3 are used")
    assert poor.put(poor.role_path("a"), {}).status_code == 200


def test_roles_made_at_once_stay_within_the_plan(
    caller: TenantCaller, session: Session, sealer: Sealer
) -> None:
    poor = a_caller(caller.client, session, sealer, plan="test")
    with ThreadPoolExecutor(8) as pool:
        paths = [poor.role_path(f"r{number}") for number in range(8)]
        statuses = list(pool.map(lambda path: poor.put(path, {}).status_code, paths))
    assert sorted(statuses) == [201] * 3 + [422] * 5


def test_the_same_role_created_twice_at_once_exists_once(
    caller: TenantCaller, session: Session
) -> None:
    with ThreadPoolExecutor(4) as pool:
        statuses = list(
            pool.map(lambda _: caller.put(caller.role_path(), {}).status_code, range(4))
        )
    assert sorted(statuses) == [200, 200, 200, 201]
    assert len(session.exec(select(Role)).all()) == 1


def test_roles_are_listed_by_name_with_their_settings(caller: TenantCaller) -> None:
    caller.put(caller.role_path("mails"), {"concurrency": 2})
    caller.put(caller.role_path("billing"), {})
    roles = caller.get(caller.app_path("/roles")).json()["roles"]
    assert [role["role"] for role in roles] == ["billing", "mails"]
    assert roles[1] == caller.get(caller.role_path("mails")).json()


def test_a_removed_role_is_not_due_any_more(caller: TenantCaller, session: Session) -> None:
    caller.put(caller.role_path(), {})
    answer = caller.delete(caller.role_path())
    assert (answer.status_code, answer.content) == (204, b"")
    assert caller.get(caller.role_path()).status_code == 404
    assert caller.delete(caller.role_path()).status_code == 404
    assert tick_schedule.mark_queued(session.connection(), utc_now(), 10) == []


def test_a_removed_roles_name_and_place_in_the_plan_are_free_again(caller: TenantCaller) -> None:
    caller.put(caller.role_path(), {"maximum_dynos": 3})
    caller.delete(caller.role_path())
    answer = caller.put(caller.role_path(), {})
    assert answer.status_code == 201
    assert answer.json()["settings"] == {}


def test_a_removed_roles_incidents_are_over(caller: TenantCaller, session: Session) -> None:
    caller.put(caller.role_path(), {})
    an_incident(session, session.exec(select(Role)).one())
    caller.delete(caller.role_path())
    session.expire_all()
    assert session.exec(select(Incident)).one().resolved_at is not None


def test_an_app_is_found_by_its_uuid_too(caller: TenantCaller) -> None:
    path = f"/apps/{caller.app.heroku_id}/roles/worker"
    assert caller.put(path, {}).status_code == 201
    assert caller.get(caller.role_path()).status_code == 200


def test_an_unknown_app_has_no_roles(caller: TenantCaller) -> None:
    answer = caller.put("/apps/nobodys/roles/worker", {})
    assert answer.status_code == 404
    assert answer.json()["message"] == "Couldn't find the app 'nobodys'."


@pytest.mark.parametrize("name", ["-", "_", "a" * 100, "a" * 101, "a" * 150, "a b", "ä"])
def test_paths_queries_and_the_file_accept_the_same_role_names(
    caller: TenantCaller, name: str
) -> None:
    is_name = len(name) <= 100 and not {" ", "ä"} & set(name)
    created = caller.put(caller.role_path(quote(name)), {"process_type": "worker"})
    assert created.status_code == (201 if is_name else 422)
    answer = caller.get("/decisions", role=name)
    assert answer.status_code == (200 if is_name else 422)
    document = f"{caller.app.name}/{name}: {{process_type: worker}}\n".encode()
    auth = ("guv", caller.key)
    imported = caller.client.put("/v1/config", content=document, auth=auth)
    assert imported.status_code == (200 if is_name else 422)
