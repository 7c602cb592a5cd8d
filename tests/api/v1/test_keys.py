"""API keys: creation, last use, rotation, removal and rate limit."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from api.app import create_app
from api.container import Outside
from guv.config import Config
from guv.crypto import Sealer
from tests.api.callers import TenantCaller, a_caller, faults
from tests.builders import NOON


class Clock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(web_config: Config, clock: Clock) -> Iterator[TestClient]:
    """A web process with a clock of its own, where a key may make 20 requests in a minute."""
    config = web_config.model_copy(update={"guv_api_rate": 20})
    with TestClient(create_app(config, Outside(clock=clock))) as client:
        yield client


def made(caller: TenantCaller, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = caller.ask("POST", "/keys", {"name": "notebook", **body}).json()
    return answer


def status(caller: TenantCaller, key: str, method: str = "GET") -> int:
    body: dict[str, Any] | None = None if method == "GET" else {}
    return caller.client.request(method, "/v1/settings", json=body, auth=("", key)).status_code


def test_a_new_key_opens_the_api(caller: TenantCaller) -> None:
    assert status(caller, made(caller)["key"]) == 200


def test_a_new_key_reads_only_unless_asked_to_write(caller: TenantCaller) -> None:
    assert status(caller, made(caller)["key"], "PUT") == 403
    assert status(caller, made(caller, scope="write")["key"], "PUT") == 200


def test_an_api_key_is_shown_once(caller: TenantCaller) -> None:
    key = made(caller)["key"]
    assert key not in caller.get("/keys").text


def test_the_list_of_keys_shows_their_last_use(caller: TenantCaller) -> None:
    made(caller)
    used = {key["name"]: key["last_used_at"] for key in caller.get("/keys").json()["keys"]}
    assert used == {"GUV_URL": "2026-11-25T12:00:00Z", "notebook": None}


def test_a_removed_key_works_no_more(caller: TenantCaller) -> None:
    key = made(caller)
    assert caller.delete(f"/keys/{key['id']}").status_code == 204
    assert status(caller, key["key"]) == 401


def test_the_key_in_use_is_not_removed(caller: TenantCaller) -> None:
    (own,) = caller.get("/keys").json()["keys"]
    assert caller.delete(f"/keys/{own['id']}").status_code == 409


def test_a_rotated_key_works_until_its_end(caller: TenantCaller, clock: Clock) -> None:
    old = made(caller, scope="write")
    new = caller.ask("POST", f"/keys/{old['id']}/rotate", {"old_valid_for": 3600}).json()
    assert (new["name"], new["scope"]) == ("notebook", "write")
    assert (status(caller, old["key"]), status(caller, new["key"])) == (200, 200)
    clock.now += timedelta(seconds=3601)
    assert (status(caller, old["key"]), status(caller, new["key"])) == (401, 200)


def test_a_rotation_without_a_body_leaves_the_old_key_a_day(
    caller: TenantCaller, clock: Clock
) -> None:
    old = made(caller)
    assert caller.ask("POST", f"/keys/{old['id']}/rotate").status_code == 201
    clock.now += timedelta(days=1, seconds=-1)
    assert status(caller, old["key"]) == 200
    clock.now += timedelta(seconds=2)
    assert status(caller, old["key"]) == 401


def test_an_api_key_needs_a_visible_name(caller: TenantCaller) -> None:
    answer = caller.ask("POST", "/keys", {"name": " "})
    assert faults(answer).keys() == {"name"}
    assert caller.ask("POST", "/keys", {"name": " ci "}).json()["name"] == "ci"


def test_a_second_rotation_does_not_extend_the_old_keys_life(
    caller: TenantCaller, clock: Clock
) -> None:
    old = made(caller)
    caller.ask("POST", f"/keys/{old['id']}/rotate", {"old_valid_for": 60})
    caller.ask("POST", f"/keys/{old['id']}/rotate", {"old_valid_for": 6000})
    clock.now += timedelta(seconds=61)
    assert status(caller, old["key"]) == 401


def test_another_tenants_key_is_not_found(
    caller: TenantCaller, session: Session, sealer: Sealer
) -> None:
    other = a_caller(caller.client, session, sealer)
    key = made(other)
    assert caller.delete(f"/keys/{key['id']}").status_code == 404
    assert caller.ask("POST", f"/keys/{key['id']}/rotate", {}).status_code == 404
    assert status(other, key["key"]) == 200


def test_an_unknown_key_is_not_found(caller: TenantCaller) -> None:
    assert caller.delete(f"/keys/{uuid4()}").status_code == 404


def test_every_answer_has_the_rate_limit_headers(caller: TenantCaller) -> None:
    caller.get("/settings")
    headers = caller.get("/apps/none").headers
    assert (headers["RateLimit-Limit"], headers["RateLimit-Remaining"]) == ("20", "18")
    assert 0 < int(headers["RateLimit-Reset"]) <= 60


def test_requests_above_the_rate_limit_get_429(caller: TenantCaller) -> None:
    answers = [caller.get("/settings") for _ in range(21)]
    assert [answer.status_code for answer in answers[-2:]] == [200, 429]
    assert answers[-1].json()["id"] == "rate_limit"
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_each_key_of_a_tenant_has_its_own_rate_limit(caller: TenantCaller) -> None:
    key = made(caller)["key"]
    for _ in range(21):
        caller.get("/settings")
    assert status(caller, key) == 200


def test_the_rate_limit_refuses_nobody_without_redis(
    web_config: Config, session: Session, sealer: Sealer
) -> None:
    config = web_config.model_copy(
        update={"redis_url": type(web_config.redis_url)("redis://127.0.0.1:9")}
    )
    with TestClient(create_app(config)) as client:
        caller = a_caller(client, session, sealer)
        assert caller.get("/settings").status_code == 200
