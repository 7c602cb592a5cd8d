"""Isolation of tenants: every route is called with another tenant's key."""

import itertools
import json
import re
from typing import Any

import pytest
from sqlmodel import Session, select
from starlette.testclient import TestClient

from guv.crypto import Sealer
from guv.history.models import SampleRow
from guv.replays.models import ReplayRow
from guv.roles.models import Role
from guv.settings.models import SettingsChange
from guv.tenants.models import ApiKey
from tests.api.callers import TenantCaller, a_caller
from tests.api.rows import a_decision, an_incident
from tests.builders import NOON, a_broker, a_key, a_level, a_role


@pytest.fixture
def victim(client: TestClient, session: Session, sealer: Sealer) -> TenantCaller:
    """A tenant with a row of every kind, each with the marker in it."""
    caller = a_caller(client, session, sealer)
    caller.app.name = "victim-marker"
    session.add(caller.app)
    caller.app.credential_by = "victim-marker"
    a_broker(session, caller.app, sealer, "https://u:p@victim-marker.example.com")
    role = a_role(session, caller.app, "victim-role", process_type="victim-marker")
    session.add(SampleRow(role_id=role.id, at=NOON))
    change: dict[str, Any] = {
        "tenant_id": caller.tenant.id,
        "subject_id": role.id,
        "level": "role",
        "version": 1,
    }
    session.add(SettingsChange(**change, at=NOON, by="victim-marker"))
    a_key(session, caller.tenant.id, "victim-marker", NOON)
    a_target(session, caller, sealer)
    session.add(replay_of(role))
    a_decision(session, role, explanation="victim-marker")
    an_incident(session, role, title="victim-marker")
    return caller


def a_target(session: Session, caller: TenantCaller, sealer: Sealer) -> None:
    """Set a notification target for the app."""
    target = {"webhook": {"url": "https://victim-marker.example.com/", "secret": "whsec_"}}
    own = {"level": "app", "updated_by": "victim-marker"}
    sealed = sealer.seal(json.dumps(target))
    a_level(session, caller.tenant.id, caller.app.id, notify_sealed=sealed, **own)


def replay_of(role: Role) -> ReplayRow:
    return ReplayRow(
        tenant_id=role.tenant_id,
        app_id=role.app_id,
        role_id=role.id,
        asked_at=NOON,
        asked_by="victim-marker",
        since=NOON,
        until=NOON,
        seen_at=NOON,
    )


BODIES: dict[str, Any] = {
    "authorization": {"token": "HRKU-made-up"},
    "broker": {"url": "http://u:p@127.0.0.1:9"},
    "override": {"until": "2027-01-01T00:00:00Z", "maximum_dynos": 2},
    "schedule": {"schedules": []},
    "web-metrics": {"seconds": 10, "requests": 1},
}
NAMELESS: dict[str, Any] = {
    "/v1/keys": {"name": "callers"},
    "/v1/settings": {
        "maximum_dynos": 7,
        "notify": {"webhook": {"url": "http://127.0.0.1:9/", "secret": f"whsec_{'A' * 32}"}},
    },
    "/v1/config": {"*": {"maximum_dynos": 8}},
}
NAMING = {"/v1/samples"}  # need an app's or role's name
NUMBERS = {"/v1/statistics"}
AS_OF_NOW = {"/v1/statistics", "/v1/overview"}  # tell the instant that they are of


def tenant_routes(client: TestClient) -> list[tuple[str, str]]:
    paths = client.get("/openapi.json").json()["paths"]
    return [
        (method.upper(), path)
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/v1/")
    ]


def body_for(path: str) -> Any:
    return BODIES.get(path.rpartition("/")[2], {})


def test_routes_answer_404_for_another_tenants_app(
    client: TestClient, caller: TenantCaller, victim: TenantCaller
) -> None:
    walked = 0
    for method, path in tenant_routes(client):
        if "{app}" not in path:
            continue
        for app in (victim.app.name, str(victim.app.heroku_id), str(victim.app.id)):
            real = path.format(app=app, role="victim-role").removeprefix("/v1")
            body = None if method in {"GET", "DELETE"} else body_for(path)
            answer = caller.ask(method, real, body)
            assert (method, path, answer.status_code) == (method, path, 404)
            walked += 1
    assert walked >= 30


def test_routes_answer_404_for_another_tenants_row(
    client: TestClient, caller: TenantCaller, victim: TenantCaller, session: Session
) -> None:
    mine = (ApiKey.tenant_id == victim.tenant.id, ReplayRow.tenant_id == victim.tenant.id)
    ids = {
        "key": session.exec(select(ApiKey.id).where(mine[0])).first(),
        "replay": session.exec(select(ReplayRow.id).where(mine[1])).one(),
    }
    routes = [
        (method, path)
        for method, path in tenant_routes(client)
        if "{" in path and "{app}" not in path
    ]
    assert {name for _, path in routes for name in re.findall(r"{(\w+)}", path)} == set(ids)
    for method, path in routes:
        real = path.format(**ids).removeprefix("/v1")
        answer = caller.ask(method, real, None if method in {"GET", "DELETE"} else {})
        assert (method, path, answer.status_code) == (method, path, 404)
    for kept in (ApiKey, ReplayRow):
        assert session.exec(select(kept).where(kept.tenant_id == victim.tenant.id)).first()


def test_every_route_without_a_name_changes_the_callers_own_rows_only(
    client: TestClient, caller: TenantCaller, victim: TenantCaller
) -> None:
    reads = [path for method, path in tenant_routes(client) if method == "GET" and "{" not in path]
    reads = [path.removeprefix("/v1") for path in reads if path not in NAMING | AS_OF_NOW]
    before = {path: victim.get(path).text for path in reads}
    changes = [(m, path) for m, path in tenant_routes(client) if m != "GET" and "{" not in path]
    assert {path for _, path in changes} >= {"/v1/settings", "/v1/config", "/v1/keys"}
    for method, path in changes:
        body = NAMELESS.get(path, {})
        answer = caller.ask(method, path.removeprefix("/v1"), body)
        assert answer.status_code in {200, 201}, answer.text
    assert {path: victim.get(path).text for path in reads} == before


def test_a_configuration_cannot_name_another_tenants_app(
    caller: TenantCaller, victim: TenantCaller
) -> None:
    before = victim.get("/config").text
    document = {"victim-role": {"app": "victim-marker", "maximum_dynos": 9}}
    answer = caller.put("/config", document)
    assert answer.status_code in {404, 422}
    assert victim.get("/config").text == before


def test_every_list_is_without_another_tenants_rows(
    client: TestClient, caller: TenantCaller, victim: TenantCaller
) -> None:
    lists = [path for method, path in tenant_routes(client) if method == "GET" and "{" not in path]
    lists = [path for path in lists if path not in NAMING | NUMBERS and "settings" not in path]
    assert len(lists) >= 4
    for path in lists:
        assert "victim-marker" in victim.get(path.removeprefix("/v1")).text
        assert "victim-marker" not in caller.get(path.removeprefix("/v1")).text


VICTIMS = {"app": "victim-marker", "role": "victim-role"}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        *itertools.product(
            ["/decisions", "/incidents", "/changes", "/statistics", "/replays"],
            [{"app": "victim-marker"}, {"role": "victim-role"}],
        ),
        ("/samples", VICTIMS),
    ],
)
def test_filters_by_another_tenants_names_match_no_rows(
    caller: TenantCaller, victim: TenantCaller, path: str, query: dict[str, str]
) -> None:
    assert victim.get(path, **query).status_code == 200
    assert caller.get(path, **query).status_code == 404


def test_another_tenants_cursor_shows_none_of_its_rows(
    caller: TenantCaller, victim: TenantCaller, session: Session
) -> None:
    a_decision(session, a_role(session, victim.app, "second"), 3600)
    cursor = victim.get("/decisions", limit=1).json()["next_cursor"]
    assert caller.get("/decisions", cursor=cursor).json()["decisions"] == []


def test_errors_for_another_tenants_app_and_an_unknown_app_are_equal(
    caller: TenantCaller, victim: TenantCaller
) -> None:
    theirs = caller.get("/apps/victim-marker").json()["message"]
    nobodys = caller.get("/apps/nobodys").json()["message"]
    assert re.sub("victim-marker|nobodys", "", theirs) == re.sub("nobodys", "", nobodys)
    assert victim.get("/apps/victim-marker").status_code == 200


def test_the_same_names_may_be_used_by_two_tenants(
    caller: TenantCaller, victim: TenantCaller
) -> None:
    assert caller.put(caller.role_path("victim-role"), {}).status_code == 201
    assert victim.get(victim.role_path("victim-role")).status_code == 200


def test_settings_of_a_tenant_do_not_apply_to_another_tenant(
    caller: TenantCaller, victim: TenantCaller
) -> None:
    before = victim.get(victim.role_path("victim-role")).json()
    caller.put("/settings", {"maximum_dynos": 99})
    assert victim.get(victim.role_path("victim-role")).json() == before
