"""Planted secrets, which must show in no answer, log line or row."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from httpx2 import Response
from sqlalchemy import event, select
from sqlmodel import Session, SQLModel
from starlette.testclient import TestClient

from api.app import create_app
from api.container import Outside
from guv.apps.models import App
from guv.config import Config
from guv.tenants.models import Tenant
from sandbox.heroku.customer import Customer, Partner
from sandbox.heroku.model import AddOn
from sandbox.server import Sandbox
from sandbox.traffic import Fault
from tests.api.authorizing import SECRET, query
from tests.api.callers import HerokuCaller, TenantCaller, engine_of
from tests.builders import NOON

PLANTED = (
    "addon-password-marker",
    "oauth-secret-marker",
    SECRET,
    "pasted-token-marker",
    "broker-password-marker",
    "license-key-marker",
    "wrong-password-marker",
)
BROKER = "https://watcher:broker-password-marker@rabbit.example.com?vhost=orders"
TARGET = {"new_relic": {"account_id": 1, "license_key": "license-key-marker"}}


class Watched:
    """All answers of the web process, and the secrets used so far."""

    def __init__(self, client: TestClient, config: Config) -> None:
        self.client = client
        self.answers: list[Response] = []
        self.secrets = [*PLANTED, config.guv_encryption_keys.get_secret_value()]
        client.event_hooks["response"] = [self.answers.append]


@pytest.fixture
def watched(web_config: Config) -> Iterator[Watched]:
    """A web process whose brokers refuse every second time."""
    calls = iter(range(1000))

    def broker(_request: httpx.Request) -> httpx.Response:
        if next(calls) % 2:
            return httpx.Response(401, json={"reason": "Login failed"})
        return httpx.Response(200, json=[{"name": "orders"}])

    outside = Outside(broker=httpx.MockTransport(broker))
    with TestClient(create_app(web_config, outside), raise_server_exceptions=False) as client:
        yield Watched(client, web_config)


def provision(watched: Watched, world: Sandbox, addon: AddOn) -> TenantCaller:
    """Provision a tenant whose first attempt fails half-way."""
    heroku = HerokuCaller(watched.client, "addon-password-marker")
    body = Customer(world.heroku, Partner("", "", "")).provision_body(addon, {})
    world.traffic.add_fault(Fault("/addons", status=500, calls=1))
    for _ in range(2):
        answer = heroku.ask("POST", "", body)
    key = answer.json()["config"]["GUV_URL"].split(":")[2].split("@")[0]
    watched.answers.clear()  # the key is in these two, and only there
    tokens = world.heroku.authorizations
    watched.secrets += [key, body["oauth_grant"]["code"], *tokens.access, *tokens.refresh]
    app = App(tenant_id=addon.id, heroku_id=addon.app.id, name=addon.app.name, created_at=NOON)
    tenant = Tenant(id=addon.id, name=addon.name, plan=addon.plan, created_at=NOON)
    return TenantCaller(watched.client, key, tenant, app)


def use_everything(tenant: TenantCaller) -> None:
    tenant.put("/settings", {"notify": TARGET})
    tenant.put("/settings", {"notify": {"new_relic": {"license_key": "license-key-marker"}}})
    tenant.put(tenant.role_path(), {"notify": TARGET, "minimum_dynos": 1})
    for url in (BROKER, BROKER, BROKER.replace("https", "license"), BROKER.replace("@", "/@")):
        tenant.put(tenant.app_path("/broker"), {"url": url})
    for path in ("/settings", "/apps", tenant.app_path("/broker"), tenant.role_path()):
        tenant.get(path)
    tenant.get(f"/apps/{tenant.key}")
    tenant.get("/decisions", cursor="license-key-marker")
    tenant.put(tenant.app_path("/authorization"), {"token": "pasted-token-marker"})
    tenant.put(tenant.app_path("/authorization"), {"token": "pasted-token-marker with space"})
    way = tenant.ask("POST", tenant.app_path("/authorization/connect")).json()["url"]
    for _ in range(2):
        back = {"state": query(way)["state"], "code": "pasted-token-marker"}
        tenant.client.get("/heroku/oauth/callback", params=back)
    tenant.client.get("/v1/apps", auth=("guv", "wrong-password-marker"))
    tenant.client.get("/v1/apps", headers={"Authorization": "Bearer wrong-password-marker"})
    tenant.client.post("/heroku/resources", auth=("guv", "wrong-password-marker"), json={})
    HerokuCaller(tenant.client, "addon-password-marker").provision(
        uuid="x", oauth_grant={"code": 1}
    )


def test_no_secret_shows(
    watched: Watched,
    world: Sandbox,
    addon: AddOn,
    session: Session,
    logged: Callable[[], str],
) -> None:
    tenant = provision(watched, world, addon)
    use_everything(tenant)
    fail_once(tenant)
    shown = {
        "answers": "\n".join(f"{dict(answer.headers)} {answer.text}" for answer in watched.answers),
        "logs": logged(),
        "rows": rows(session),
    }
    assert len(watched.answers) > 15
    assert all(len(part) > 1000 for part in shown.values())
    for place, text in shown.items():
        for secret in watched.secrets:
            assert secret not in text, place


def fail_once(tenant: TenantCaller) -> None:
    """Cause an unexpected error whose text holds secrets."""
    engine = engine_of(tenant.client)

    def boom(*_: Any) -> None:
        raise RuntimeError(f"postgres://u:broker-password-marker@h and {tenant.key}")

    event.listen(engine, "commit", boom)
    assert tenant.get("/apps").status_code == 500
    event.remove(engine, "commit", boom)


def rows(session: Session) -> str:
    """Return every row of every table as text, sealed columns in hexadecimal and decoded."""
    dumped_rows = []
    for table in SQLModel.metadata.sorted_tables:
        for row in session.execute(select(table)).mappings():
            values = {
                name: bytes(value).decode("latin-1") if isinstance(value, bytes) else value
                for name, value in row.items()
            }
            dumped_rows.append(json.dumps({"table": table.name, **values}, default=str))
    return "\n".join(dumped_rows)


def test_a_log_line_of_a_failure_is_written_with_its_secrets_masked(
    watched: Watched, world: Sandbox, addon: AddOn, logged: Callable[[], str]
) -> None:
    fail_once(provision(watched, world, addon))
    assert '"status": 500' in logged()


def test_configuration_is_not_printed_with_its_secrets(web_config: Config) -> None:
    printed = repr(web_config) + repr(create_app(web_config).state.parts)
    assert not [secret for secret in PLANTED if secret in printed]
