"""Authentication of tenants and of Heroku."""

import base64
from datetime import timedelta

import pytest
from sqlmodel import Session, select
from starlette.testclient import TestClient

from api.app import create_app
from api.auth.credentials import BasicCredentials, are_equal, parse_api_key, parse_basic
from guv.config import Config
from guv.tenants.models import ApiKey
from tests.api.callers import TenantCaller
from tests.api.dashboard.conftest import HandClock


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("Bearer k", "k"),
        ("bearer  k ", "k"),
        (basic("guv:k"), "k"),  # as in GUV_URL
        (basic("k:"), "k"),  # as the user, without a password
        (basic("guv:a:b"), "a:b"),  # only the first colon separates
        (None, None),
        ("", None),
        ("Bearer ", None),
        ("Basic", None),
        ("Basic !!!", None),
        (basic("no colon"), None),
        (basic(":"), None),
        ("Basic /w==", None),  # no UTF-8
        ("Digest k", None),
    ],
)
def test_the_api_key_is_read_from_the_authorization_header(
    header: str | None, key: str | None
) -> None:
    assert parse_api_key(header) == key


def test_credentials_are_never_printed() -> None:
    assert "marker" not in repr(parse_basic(basic("guv:marker")))


@pytest.mark.parametrize(
    ("user", "password", "right"),
    [("guv", "p", True), ("guv", "q", False), ("vug", "p", False), ("guv", "", False)],
)
def test_herokus_user_and_password_must_both_be_right(
    user: str, password: str, *, right: bool
) -> None:
    assert are_equal(BasicCredentials(user, password), "guv", "p") is right


def test_an_empty_password_opens_nothing() -> None:
    assert not are_equal(BasicCredentials("guv", ""), "guv", "")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "auth", ["", basic("guv:wrong"), basic("gov:addon-password-marker"), basic("guv:")]
)
def test_herokus_credentials_are_compared_before_any_lookup(
    client: TestClient, method: str, auth: str
) -> None:
    path = "/heroku/resources" + ("" if method == "POST" else "/no-uuid")
    answer = client.request(method, path, headers={"Authorization": auth}, json={"nonsense": 1})
    assert answer.status_code == 401
    assert answer.json()["id"] == "unauthorized"
    assert answer.headers["www-authenticate"].startswith("Basic")


def test_a_tenants_key_is_no_key_to_herokus_calls(client: TestClient, caller: TenantCaller) -> None:
    answer = client.post("/heroku/resources", auth=("guv", caller.key), json={})
    assert answer.status_code == 401


def test_herokus_password_is_no_key_to_a_tenant(client: TestClient) -> None:
    assert client.get("/v1/apps", auth=("guv", "addon-password-marker")).status_code == 401


def test_an_api_key_works_as_password_as_user_and_as_bearer(
    client: TestClient, caller: TenantCaller
) -> None:
    for answer in (
        client.get("/v1/apps", auth=("guv", caller.key)),
        client.get("/v1/apps", auth=(caller.key, "")),
        client.get("/v1/apps", headers={"Authorization": f"Bearer {caller.key}"}),
    ):
        assert answer.status_code == 200


def test_a_missing_key_and_an_unknown_key_are_refused(client: TestClient) -> None:
    assert client.get("/v1/apps").status_code == 401
    assert client.get("/v1/apps", auth=("guv", "guv_unknown")).status_code == 401


def test_a_revoked_key_is_refused(caller: TenantCaller, session: Session, clock: HandClock) -> None:
    session.exec(select(ApiKey)).one().revoked_at = clock()
    session.commit()
    assert caller.get("/apps").status_code == 401


def test_a_deprovisioned_tenants_key_is_refused(caller: TenantCaller, session: Session) -> None:
    caller.tenant.state = "deprovisioned"
    session.add(caller.tenant)
    session.commit()
    assert caller.get("/apps").status_code == 401


def test_a_read_only_key_reads_and_changes_nothing(caller: TenantCaller, session: Session) -> None:
    session.exec(select(ApiKey)).one().scope = "read"
    session.commit()
    assert caller.get("/settings").status_code == 200
    assert caller.put("/settings", {}).status_code == 403


def test_a_keys_last_use_is_noted_once_an_hour(
    caller: TenantCaller, session: Session, clock: HandClock
) -> None:
    key = session.exec(select(ApiKey)).one()

    def used_at() -> object:
        caller.get("/apps")
        session.refresh(key)
        return key.last_used_at

    first = used_at()
    assert first is not None
    assert used_at() == first
    clock.pass_by(timedelta(hours=2))
    assert used_at() == clock()


def test_authentication_comes_before_validation_of_the_body(client: TestClient) -> None:
    assert client.put("/v1/settings", json={"nonsense": 1}).status_code == 401


def test_a_service_without_an_addon_password_refuses_everybody(web_config: Config) -> None:
    open_door = Config.model_validate({**web_config.model_dump(), "guv_addon_password": ""})
    with TestClient(create_app(open_door)) as client:
        assert client.delete("/heroku/resources/1", auth=("guv", "")).status_code == 401
