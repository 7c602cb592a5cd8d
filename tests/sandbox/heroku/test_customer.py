"""Heroku's calls to a partner when customers create, change and destroy add-ons."""

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from guv.heroku.client import HerokuClient
from sandbox.heroku.customer import Customer, Partner, PartnerRefused
from sandbox.heroku.model import App
from sandbox.server import Sandbox
from tests.sandbox.conftest import api_with
from tests.sandbox.heroku import schema


@dataclass
class Call:
    method: str
    path: str
    authorization: str
    body: Any


@dataclass
class FakePartner:
    """A partner that answers as told, and remembers what Heroku asked."""

    status: int = 201
    answer: dict[str, Any] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)


@pytest.fixture
def partner() -> FakePartner:
    return FakePartner(answer={"id": "our-id", "config": {"GUV_URL": "https://guv/v1"}})


@pytest.fixture
def partner_url(partner: FakePartner) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            authorization = self.headers["Authorization"]
            partner.calls.append(Call(self.command, self.path, authorization, body))
            self.send_response(partner.status)
            self.end_headers()
            if partner.status != 204:
                self.wfile.write(json.dumps(partner.answer).encode())

        def log_message(self, *_: Any) -> None:
            pass

    for method in ("POST", "PUT", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/heroku/resources"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def customer(sandbox: Sandbox, partner_url: str) -> Customer:
    return sandbox.customer(Partner(partner_url, "guv", "addon-password"))


def test_a_new_add_on_is_provisioned_and_its_variables_are_the_apps(
    customer: Customer, shop: App
) -> None:
    addon = customer.create_addon(shop, "basic")
    assert (addon.state, addon.provider_id) == ("provisioned", "our-id")
    assert shop.config_vars == {"GUV_URL": "https://guv/v1"}


def test_the_partner_is_asked_with_its_credentials_and_all_fields(
    customer: Customer, partner: FakePartner, shop: App
) -> None:
    addon = customer.create_addon(shop, "basic", {"broker-url": "amqp://x"})
    [call] = partner.calls
    login = base64.b64encode(b"guv:addon-password").decode()
    assert (call.method, call.path) == ("POST", "/heroku/resources")
    assert call.authorization == f"Basic {login}"
    assert call.body["uuid"] == str(addon.id)
    assert call.body["plan"] == "basic"
    assert call.body["options"] == {"broker-url": "amqp://x"}
    assert call.body["oauth_grant"]["type"] == "authorization_code"
    assert "app" not in call.body


def test_the_grant_in_a_provision_call_opens_the_app(
    customer: Customer, partner: FakePartner, sandbox: Sandbox, shop: App
) -> None:
    addon = customer.create_addon(shop)
    client = HerokuClient(
        api_url=sandbox.url, id_url=sandbox.url, client_secret="oauth-secret", timeout=5
    )
    tokens = client.exchange_grant(partner.calls[0].body["oauth_grant"]["code"])
    app_read = client.read_addon_app(addon.id, tokens.access_token)
    client.close()
    assert (app_read.id, app_read.name) == (shop.id, "shop")


def test_a_refused_add_on_leaves_nothing(
    customer: Customer, partner: FakePartner, sandbox: Sandbox, shop: App
) -> None:
    partner.status, partner.answer = 422, {"message": "no such plan"}
    with pytest.raises(PartnerRefused, match="422: no such plan"):
        customer.create_addon(shop)
    assert shop.config_vars == {}
    assert {addon.state for addon in sandbox.heroku.addons.values()} == {"deprovisioned"}


def test_a_variable_that_the_manifest_does_not_declare_is_an_error(
    customer: Customer, partner: FakePartner, shop: App
) -> None:
    partner.answer = {"id": "x", "config": {"DATABASE_URL": "postgres://"}}
    with pytest.raises(PartnerRefused, match="DATABASE_URL is not declared"):
        customer.create_addon(shop)


def test_a_partner_who_does_not_answer_has_not_provisioned(sandbox: Sandbox, shop: App) -> None:
    nobody = sandbox.customer(Partner("http://127.0.0.1:9/heroku/resources", "guv", "x"))
    with pytest.raises(PartnerRefused, match="ConnectError"):
        nobody.create_addon(shop)


def test_an_add_on_accepted_with_202_is_finished_over_the_platform_api(
    customer: Customer, partner: FakePartner, sandbox: Sandbox, shop: App
) -> None:
    partner.status = 202
    addon = customer.create_addon(shop)
    state_before, vars_before = addon.state, dict(shop.config_vars)
    with partner_api(sandbox, partner) as api:
        config = {"config": [{"name": "GUV_URL", "value": "https://late"}]}
        api.patch(f"/addons/{addon.id}/config", json=config)
        done = api.post(f"/addons/{addon.id}/actions/provision").json()
    assert (state_before, vars_before) == ("provisioning", {})
    assert (done["state"], shop.config_vars) == ("provisioned", {"GUV_URL": "https://late"})


def test_a_provisioning_that_fails_later_removes_the_resource(
    customer: Customer, partner: FakePartner, sandbox: Sandbox, shop: App
) -> None:
    partner.status = 202
    addon = customer.create_addon(shop)
    with partner_api(sandbox, partner) as api:
        done = api.post(f"/addons/{addon.id}/actions/deprovision").json()
        assert done["state"] == "deprovisioned"
        assert api.get(f"/addons/{addon.id}").status_code == 401


def test_an_undeclared_variable_is_refused_over_the_platform_api(
    customer: Customer, partner: FakePartner, sandbox: Sandbox, shop: App
) -> None:
    addon = customer.create_addon(shop)
    with partner_api(sandbox, partner) as api:
        path = f"/addons/{addon.id}/config"
        undeclared = api.patch(path, json={"config": [{"name": "PORT", "value": "1"}]})
        misshapen = api.patch(path, json={"config": {"GUV_URL": "1"}})
        assert (undeclared.status_code, misshapen.status_code) == (422, 422)
        assert api.get(path).json() == [{"name": "GUV_URL", "value": "https://guv/v1"}]


def test_an_add_on_keeps_to_the_published_schema(
    customer: Customer, partner: FakePartner, sandbox: Sandbox, shop: App
) -> None:
    addon = customer.create_addon(shop)
    path = f"/addons/{addon.id}"
    with partner_api(sandbox, partner) as api:
        body = api.get(path).json()
        schema.validate_answer("GET", path, body)
        schema.validate_answer("GET", f"{path}/config", api.get(f"{path}/config").json())
    assert set(body) <= schema.declared_properties("add-on")


def test_a_plan_change_is_a_put_to_the_resource(
    customer: Customer, partner: FakePartner, shop: App
) -> None:
    addon = customer.create_addon(shop, "basic")
    partner.status = 200
    customer.change_plan(addon, "premium")
    assert (partner.calls[-1].method, partner.calls[-1].body) == ("PUT", {"plan": "premium"})
    assert partner.calls[-1].path == f"/heroku/resources/{addon.id}"
    assert addon.plan == "premium"


def test_a_refused_plan_change_keeps_the_plan(
    customer: Customer, partner: FakePartner, shop: App
) -> None:
    addon = customer.create_addon(shop, "premium")
    partner.status, partner.answer = 422, {"message": "2 roles too many"}
    with pytest.raises(PartnerRefused, match="2 roles too many"):
        customer.change_plan(addon, "basic")
    assert addon.plan == "premium"


@pytest.mark.parametrize("status", [204, 200, 410])
def test_a_destroyed_add_on_is_gone_with_its_tokens_and_variables(
    customer: Customer, partner: FakePartner, sandbox: Sandbox, shop: App, status: int
) -> None:
    addon = customer.create_addon(shop)
    with partner_api(sandbox, partner) as api:
        partner.status = status
        customer.destroy_addon(addon)
        assert api.get("/apps/shop").status_code == 401
    assert (addon.state, shop.config_vars) == ("deprovisioned", {})


def test_a_failed_destruction_keeps_the_resource(
    customer: Customer, partner: FakePartner, shop: App
) -> None:
    addon = customer.create_addon(shop)
    partner.status = 500
    with pytest.raises(PartnerRefused, match="500"):
        customer.destroy_addon(addon)
    assert addon.state == "provisioned"


def test_add_ons_are_made_changed_and_destroyed_over_the_control_routes(
    control: httpx.Client, partner: FakePartner, partner_url: str, shop: App
) -> None:
    where = {"base_url": partner_url, "id": "guv", "password": "addon-password"}
    control.put("/partner", json=where).raise_for_status()
    made = control.post("/addons", json={"app": "shop", "options": {"min": "2"}}).json()
    partner.status = 200
    changed = control.put(f"/addons/{made['id']}", json={"plan": "basic"}).json()
    gone = control.delete(f"/addons/{made['id']}")
    assert (made["config"], changed["plan"]["name"]) == ({"GUV_URL": "https://guv/v1"}, "guv:basic")
    assert (gone.status_code, shop.config_vars) == (204, {})


def test_without_a_partner_no_add_on_can_be_made(control: httpx.Client, shop: App) -> None:
    answer = control.post("/addons", json={"app": shop.name})
    assert (answer.status_code, "partner" in answer.json()["message"]) == (422, True)


def test_a_partners_refusal_is_shown_over_the_control_routes(
    control: httpx.Client, partner: FakePartner, partner_url: str, shop: App
) -> None:
    control.put("/partner", json={"base_url": partner_url, "id": "guv", "password": "x"})
    partner.status, partner.answer = 401, {"message": "wrong password"}
    answer = control.post("/addons", json={"app": shop.name})
    assert (answer.status_code, answer.json()["message"]) == (502, "401: wrong password")


def test_no_password_is_printed(partner_url: str) -> None:
    assert "secret" not in repr(Partner(partner_url, "guv", "secret"))


def partner_api(sandbox: Sandbox, partner: FakePartner) -> httpx.Client:
    """Return a client of the Platform API with the token for the last provision call's grant."""
    heroku, code = sandbox.heroku, partner.calls[0].body["oauth_grant"]["code"]
    tokens = heroku.authorizations.exchange(code, "oauth-secret", heroku.clock())
    return api_with(sandbox, tokens.access_token)
