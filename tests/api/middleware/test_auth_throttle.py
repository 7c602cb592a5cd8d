"""The throttle of failed authentication, by address."""

from collections.abc import Iterator

import pytest
from httpx2 import Response
from pydantic import SecretStr
from sqlmodel import Session
from starlette.testclient import TestClient

from api.app import create_app
from guv.config import Config
from guv.crypto import Sealer
from tests.api.callers import TenantCaller, a_caller

MOST = 3
ADDRESS = "203.0.113.7"


@pytest.fixture
def client(web_config: Config) -> Iterator[TestClient]:
    config = web_config.model_copy(update={"guv_wrong_keys": MOST})
    with TestClient(create_app(config), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def caller(client: TestClient, session: Session, sealer: Sealer) -> TenantCaller:
    return a_caller(client, session, sealer)


def tried(client: TestClient, key: str, path: str = "/v1/settings", via: str = ADDRESS) -> Response:
    headers = {"X-Forwarded-For": via}
    user = "guv" if path.startswith("/v1") else "wrong"
    return client.get(path, auth=(user, key), headers=headers)


def came_in(client: TestClient) -> Response:
    headers = {"X-Forwarded-For": ADDRESS}
    form = {"resource_id": "x", "timestamp": "1", "resource_token": "guess"}
    return client.post("/sso/login", data=form, headers=headers)


def signed_on(client: TestClient) -> int:
    return came_in(client).status_code


def test_a_throttled_browser_gets_a_page(client: TestClient) -> None:
    for _ in range(MOST + 1):
        answer = came_in(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "300")
    assert answer.headers["content-type"].startswith("text/html")
    assert "Too many requests" in answer.text


def test_wrong_keys_are_counted_and_then_throttled(client: TestClient) -> None:
    answers = [tried(client, f"guess-{number}") for number in range(MOST + 2)]

    assert [answer.status_code for answer in answers] == [401] * MOST + [429] * 2
    assert answers[-1].json()["id"] == "rate_limit"
    assert int(answers[-1].headers["Retry-After"]) == 300


def test_a_right_key_from_a_throttled_address_is_accepted(caller: TenantCaller) -> None:
    for number in range(MOST + 1):
        tried(caller.client, f"guess-{number}")

    assert tried(caller.client, caller.key).status_code == 200


def test_a_throttled_address_is_refused_even_with_the_add_ons_password(
    client: TestClient,
) -> None:
    path = "/heroku/resources/01234567-89ab-cdef-0123-456789abcdef"
    headers = {"X-Forwarded-For": ADDRESS}
    for number in range(MOST):
        answer = client.delete(path, auth=("guv", f"guess-{number}"), headers=headers)
        assert answer.status_code == 401
    right = ("guv", "addon-password-marker")

    assert client.delete(path, auth=right, headers=headers).status_code == 429
    assert client.delete(path, auth=right).status_code != 429  # Heroku comes from elsewhere


def test_guessed_sign_ons_are_throttled(client: TestClient) -> None:
    statuses = [signed_on(client) for _ in range(MOST + 1)]
    assert statuses[:MOST] == [403] * MOST
    assert statuses[-1] == 429


def test_a_page_left_open_after_its_session_throttles_nobody(client: TestClient) -> None:
    headers = {"X-Forwarded-For": ADDRESS}
    pages = [client.get("/dashboard", headers=headers).status_code for _ in range(MOST + 3)]

    assert set(pages) == {401}
    assert signed_on(client) == 403


def test_wrong_keys_of_programs_keep_no_person_from_signing_on(client: TestClient) -> None:
    for number in range(MOST + 1):
        tried(client, f"guess-{number}")

    assert signed_on(client) == 403


def test_the_throttle_counts_each_address_alone(client: TestClient) -> None:
    for number in range(MOST + 1):
        tried(client, f"guess-{number}")

    assert tried(client, "guess", via="203.0.113.8").status_code == 401


def test_a_forged_forwarded_address_does_not_evade_the_throttle(client: TestClient) -> None:
    for number in range(MOST):
        tried(client, f"guess-{number}", via=f"198.51.100.{number}, {ADDRESS}")

    assert tried(client, "guess", via=f"198.51.100.99, {ADDRESS}").status_code == 429


@pytest.mark.parametrize(
    "addresses",
    [
        ["2001:db8:1:2::1", "2001:db8:1:2:ffff::2", "2001:db8:1:2:3:4:5:6", "2001:DB8:1:2::"],
        ["203.0.113.9", "::ffff:203.0.113.9", "::ffff:cb00:7109", "203.0.113.9"],
    ],
)
def test_the_throttle_counts_the_addresses_of_an_ipv6_network_together(
    client: TestClient, addresses: list[str]
) -> None:
    answers = [tried(client, "guess", via=address) for address in addresses]
    assert [answer.status_code for answer in answers] == [401] * MOST + [429]


def test_the_throttle_counts_each_ipv6_network_alone(client: TestClient) -> None:
    for _ in range(MOST + 1):
        tried(client, "guess", via="2001:db8:1:2::1")

    assert tried(client, "guess", via="2001:db8:1:3::1").status_code == 401


def test_the_throttle_refuses_nobody_without_redis(web_config: Config) -> None:
    away = web_config.model_copy(
        update={"guv_wrong_keys": 1, "redis_url": SecretStr("redis://127.0.0.1:9")}
    )
    with TestClient(create_app(away), raise_server_exceptions=False) as client:
        assert [tried(client, "guess").status_code for _ in range(3)] == [401] * 3
