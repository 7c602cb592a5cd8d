"""Access to the stand-in of Heroku: grants, tokens, rights and call limits."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from guv.errors import HerokuRefused, HerokuUnavailable
from guv.heroku.client import HerokuClient
from sandbox.heroku.model import AddOn, App
from sandbox.server import Sandbox
from sandbox.traffic import Fault
from tests.sandbox.conftest import MovedClock, api_with


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[HerokuClient]:
    """Return guv's own client, which must understand the stand-in's answers."""
    client = HerokuClient(
        api_url=sandbox.url, id_url=sandbox.url, client_secret="oauth-secret", timeout=5
    )
    yield client
    client.close()


@pytest.fixture
def addon(sandbox: Sandbox, shop: App) -> AddOn:
    return sandbox.heroku.new_addon(shop, "test")


@pytest.fixture
def code(sandbox: Sandbox, addon: AddOn, clock: MovedClock) -> str:
    return sandbox.heroku.authorizations.new_grant(addon, clock()).code


def test_a_grant_turns_into_tokens_that_open_the_app(
    client: HerokuClient, shop: App, code: str
) -> None:
    tokens = client.exchange_grant(code)
    assert client.read_formation(shop.id, tokens.access_token).quantities == {"web": 1, "worker": 1}


def test_a_grant_works_once(client: HerokuClient, code: str) -> None:
    client.exchange_grant(code)
    with pytest.raises(HerokuRefused, match="unauthorized: OAuth authorization invalid"):
        client.exchange_grant(code)


def test_a_grant_expires_after_five_minutes(
    client: HerokuClient, code: str, clock: MovedClock
) -> None:
    clock.pass_by(300)
    with pytest.raises(HerokuRefused, match="OAuth authorization invalid"):
        client.exchange_grant(code)


def test_a_grant_needs_the_partners_secret(sandbox: Sandbox, code: str) -> None:
    form = {"grant_type": "authorization_code", "code": code, "client_secret": "wrong"}
    assert httpx.post(f"{sandbox.url}/oauth/token", data=form).status_code == 401


def test_the_token_endpoint_takes_its_form_from_the_query_too(sandbox: Sandbox, code: str) -> None:
    form = {"grant_type": "authorization_code", "code": code, "client_secret": "oauth-secret"}
    assert httpx.post(f"{sandbox.url}/oauth/token", params=form).status_code == 200


def test_an_access_token_expires_and_the_refresh_token_brings_another(
    client: HerokuClient, sandbox: Sandbox, shop: App, code: str, clock: MovedClock
) -> None:
    sandbox.heroku.authorizations.lifetime = 60
    tokens = client.exchange_grant(code)
    clock.pass_by(60)
    with pytest.raises(HerokuRefused, match="Invalid credentials provided"):
        client.read_formation(shop.id, tokens.access_token)
    renewed = client.refresh_tokens(str(tokens.refresh_token))
    assert client.read_formation(shop.id, renewed.access_token)


def test_revoked_tokens_are_dead_and_cannot_be_renewed(
    client: HerokuClient, sandbox: Sandbox, shop: App, code: str
) -> None:
    tokens = client.exchange_grant(code)
    sandbox.heroku.authorizations.revoke()
    with pytest.raises(HerokuRefused, match="unauthorized"):
        client.read_formation(shop.id, tokens.access_token)
    with pytest.raises(HerokuRefused, match="OAuth authorization invalid"):
        client.refresh_tokens(str(tokens.refresh_token))


def test_revoking_may_spare_the_refresh_token(
    client: HerokuClient, sandbox: Sandbox, addon: AddOn, code: str
) -> None:
    tokens = client.exchange_grant(code)
    sandbox.heroku.authorizations.revoke(addon.id, refresh=False)
    assert client.refresh_tokens(str(tokens.refresh_token)).access_token != tokens.access_token


def test_revoking_one_add_on_spares_the_others(
    client: HerokuClient, sandbox: Sandbox, shop: App, code: str
) -> None:
    tokens = client.exchange_grant(code)
    sandbox.heroku.authorizations.revoke(uuid4())
    assert client.read_formation(shop.id, tokens.access_token)


@pytest.mark.parametrize("header", [None, "Bearer unknown", "Basic abc", "Bearer"])
def test_without_a_known_token_nothing_opens(sandbox: Sandbox, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    answer = httpx.get(f"{sandbox.url}/apps/shop/formation", headers=headers)
    assert answer.status_code == 401
    assert answer.json() == {"id": "unauthorized", "message": "Invalid credentials provided."}


def test_a_token_for_one_app_does_not_open_another(
    sandbox: Sandbox, customer_api: httpx.Client
) -> None:
    sandbox.heroku.new_app("others", {"worker": 1})
    answer = customer_api.get("/apps/others/formation")
    assert answer.status_code == 403
    assert answer.json()["message"] == "You do not have access to the app others."


def test_an_app_that_is_gone_is_not_found(
    sandbox: Sandbox, customer_api: httpx.Client, shop: App
) -> None:
    sandbox.heroku.remove_app(shop)
    answer = customer_api.get(f"/apps/{shop.id}/formation")
    assert answer.status_code == 404
    assert answer.json()["resource"] == "app"


def test_a_renamed_app_keeps_its_id_and_loses_its_old_name(
    customer_api: httpx.Client, control: httpx.Client, shop: App
) -> None:
    control.patch("/apps/shop", json={"name": "store"})
    assert customer_api.get(f"/apps/{shop.id}").json()["name"] == "store"
    assert customer_api.get("/apps/shop").status_code == 404


def test_a_partner_without_the_right_to_scale_is_forbidden_to(
    client: HerokuClient, sandbox: Sandbox, shop: App, addon: AddOn, code: str
) -> None:
    sandbox.heroku.authorizations.partner_may_scale = False
    token = client.exchange_grant(code).access_token
    with pytest.raises(HerokuRefused, match="forbidden"):
        client.scale(shop.id, "worker", 2, token)
    assert client.read_addon_app(addon.id, token).name == "shop"


def test_changes_with_a_partners_token_bear_the_partners_name(
    client: HerokuClient, sandbox: Sandbox, shop: App, code: str
) -> None:
    client.scale(shop.id, "worker", 2, client.exchange_grant(code).access_token)
    assert sandbox.heroku.changes[-1].by == "guv@addons.heroku.com"


def test_a_customers_token_does_not_open_the_add_on(
    customer_api: httpx.Client, addon: AddOn
) -> None:
    assert customer_api.get(f"/addons/{addon.id}").status_code == 403


def test_every_call_costs_one_of_the_accounts_calls(customer_api: httpx.Client) -> None:
    left = [int(customer_api.get("/apps/shop").headers["RateLimit-Remaining"]) for _ in range(3)]
    assert left == [4499, 4498, 4497]


def test_asking_for_the_calls_left_costs_none(customer_api: httpx.Client) -> None:
    left = [customer_api.get("/account/rate-limits").json() for _ in range(2)]
    assert left == [{"remaining": 4500}] * 2


def test_without_calls_left_heroku_says_429_until_one_comes_back(
    customer_api: httpx.Client, control: httpx.Client, clock: MovedClock
) -> None:
    control.put("/rate-limit", json={"remaining": 0, "account": "owner@example.com"})
    refused = customer_api.get("/apps/shop")
    clock.pass_by(0.8)
    allowed = customer_api.get("/apps/shop")
    assert (refused.status_code, refused.json()["id"]) == (429, "rate_limit")
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert allowed.status_code == 200


def test_partners_share_one_account_and_customers_have_their_own(
    client: HerokuClient, control: httpx.Client, customer_api: httpx.Client, shop: App, code: str
) -> None:
    token = client.exchange_grant(code).access_token
    control.put("/rate-limit", json={"remaining": 0})
    with pytest.raises(HerokuUnavailable, match="429"):
        client.read_formation(shop.id, token)
    assert customer_api.get("/apps/shop").status_code == 200


def test_an_unchanged_answer_is_not_sent_again(customer_api: httpx.Client) -> None:
    tag = customer_api.get("/apps/shop/formation").headers["ETag"]
    same = customer_api.get("/apps/shop/formation", headers={"If-None-Match": tag})
    customer_api.patch("/apps/shop/formation/worker", json={"quantity": 2})
    changed = customer_api.get("/apps/shop/formation", headers={"If-None-Match": tag})
    assert (same.status_code, same.content, changed.status_code) == (304, b"", 200)


def test_every_answer_has_its_own_request_id(sandbox: Sandbox, customer_api: httpx.Client) -> None:
    with api_with(sandbox, "unknown") as stranger:
        ids = {
            customer_api.get("/apps/shop").headers["Request-Id"],
            customer_api.get("/apps/nothing").headers["Request-Id"],
            stranger.get("/apps/shop").headers["Request-Id"],
        }
    assert len(ids) == 3


def test_a_fault_is_answered_as_often_as_told_and_no_longer(
    sandbox: Sandbox, customer_api: httpx.Client
) -> None:
    sandbox.traffic.add_fault(Fault(path="/apps/.*/formation", status=503, calls=2))
    path = "/apps/shop/formation"
    assert [customer_api.get(path).status_code for _ in range(3)] == [503, 503, 200]


def test_a_fault_concerns_its_own_path_and_method_only(
    sandbox: Sandbox, customer_api: httpx.Client
) -> None:
    sandbox.traffic.add_fault(Fault(path="/apps", method="PATCH", status=500))
    assert customer_api.get("/apps/shop/formation").status_code == 200


def test_a_hanging_call_is_answered_late(sandbox: Sandbox, customer_api: httpx.Client) -> None:
    sandbox.traffic.add_fault(Fault(hang=0.4))
    with pytest.raises(httpx.ReadTimeout):
        customer_api.get("/apps/shop", timeout=0.1)
    assert customer_api.get("/apps/shop", timeout=5).status_code == 200
