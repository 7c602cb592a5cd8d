"""Control routes of the stand-ins: orders, and records of what they saw."""

import httpx
import pytest

from sandbox.heroku.model import App
from sandbox.server import Sandbox


def test_an_app_made_over_http_is_there_for_its_owner(
    sandbox: Sandbox, control: httpx.Client
) -> None:
    control.post("/apps", json={"name": "mill", "formation": {"worker": 2}, "boot_delay": 3})
    token = control.post("/tokens/mill").json()["token"]
    answer = httpx.get(
        f"{sandbox.url}/apps/mill/dynos", headers={"Authorization": f"Bearer {token}"}
    )
    assert [dyno["name"] for dyno in answer.json()] == ["worker.1", "worker.2"]


def test_an_app_can_be_limited_locked_and_slowed_down(control: httpx.Client, shop: App) -> None:
    change = {"limit": 3, "locked": True, "boot_delay": 7.5}
    control.patch("/apps/shop", json=change)
    assert (shop.limit, shop.locked, shop.boot_delay.total_seconds()) == (3, True, 7.5)


def test_a_field_left_out_of_an_app_change_stays(control: httpx.Client, shop: App) -> None:
    shop.limit = 3
    control.patch("/apps/shop", json={"locked": True})
    assert (shop.limit, shop.locked) == (3, True)


def test_a_limit_can_be_lifted(control: httpx.Client, customer_api: httpx.Client) -> None:
    control.patch("/apps/shop", json={"limit": 3})
    control.patch("/apps/shop", json={"limit": None})
    answer = customer_api.patch("/apps/shop/formation/worker", json={"quantity": 5})
    assert answer.status_code == 200


def test_somebody_else_may_scale(control: httpx.Client, customer_api: httpx.Client) -> None:
    order = {"quantities": {"worker": 4}, "by": "colleague@example.com"}
    control.post("/apps/shop/formation", json=order)
    [change] = control.get("/formation-changes").json()
    seen = customer_api.get("/apps/shop/formation/worker").json()["quantity"]
    assert (seen, change["after"], change["by"]) == (4, 4, "colleague@example.com")


def test_an_app_can_be_deleted(control: httpx.Client, customer_api: httpx.Client) -> None:
    control.delete("/apps/shop")
    assert customer_api.get("/apps/shop").status_code == 404


def test_requests_are_recorded_with_their_bodies_and_answers(
    control: httpx.Client, customer_api: httpx.Client
) -> None:
    customer_api.patch("/apps/shop/formation/worker?a=b", json={"quantity": 2})
    [asked] = control.get("/requests", params={"method": "PATCH"}).json()
    assert (asked["path"], asked["query"]) == ("/apps/shop/formation/worker", "a=b")
    assert (asked["body"], asked["status"]) == ({"quantity": 2}, 200)
    assert asked["headers"]["authorization"].startswith("Bearer HRKU-user-")


def test_forms_are_recorded_by_their_fields(sandbox: Sandbox, control: httpx.Client) -> None:
    httpx.post(f"{sandbox.url}/oauth/token", data={"grant_type": "x", "code": "1"})
    [asked] = control.get("/requests", params={"path": "/oauth"}).json()
    assert asked["body"] == {"grant_type": "x", "code": "1"}
    assert asked["status"] == 401


@pytest.mark.parametrize(("content", "body"), [(b"no json", "no json"), (b"\xff", r"b'\xff'")])
def test_bodies_of_any_kind_are_recorded(
    sandbox: Sandbox, control: httpx.Client, content: bytes, body: str
) -> None:
    httpx.post(f"{sandbox.url}/apps", content=content)
    assert control.get("/requests").json()[0]["body"] == body


def test_the_record_of_requests_can_be_emptied(
    control: httpx.Client, customer_api: httpx.Client
) -> None:
    customer_api.get("/apps/shop")
    control.delete("/requests")
    assert control.get("/requests").json() == []


def test_control_routes_are_not_recorded_and_know_no_faults(control: httpx.Client) -> None:
    control.post("/faults", json={"status": 500})
    assert control.get("/requests").json() == []


def test_faults_set_over_http_can_be_ended(
    control: httpx.Client, customer_api: httpx.Client
) -> None:
    control.post("/faults", json={"path": "/apps", "status": 502, "body": {"id": "bad_gateway"}})
    faulty = customer_api.get("/apps/shop")
    control.delete("/faults")
    assert (faulty.status_code, faulty.json()) == (502, {"id": "bad_gateway"})
    assert customer_api.get("/apps/shop").status_code == 200


def test_token_rules_can_be_changed(control: httpx.Client, sandbox: Sandbox) -> None:
    control.patch("/tokens", json={"lifetime": 30, "partner_may_scale": False})
    rules = sandbox.heroku.authorizations
    assert (rules.lifetime, rules.partner_may_scale) == (30, False)


def test_tokens_can_be_revoked(control: httpx.Client, customer_api: httpx.Client) -> None:
    # A customer's token belongs to no resource, so that only revoking all of them ends it.
    control.delete("/tokens", params={"addon": "01234567-89ab-cdef-0123-456789abcdef"})
    spared = customer_api.get("/apps/shop").status_code
    control.delete("/tokens")
    assert (spared, customer_api.get("/apps/shop").status_code) == (200, 401)


def test_an_order_with_an_unknown_field_is_a_mistake(control: httpx.Client) -> None:
    answer = control.patch("/apps/shop", json={"limits": 3})
    assert answer.status_code == 422


def test_an_app_that_is_not_there_is_not_found(control: httpx.Client) -> None:
    assert control.patch("/apps/nothing", json={}).status_code == 404


def test_the_variables_of_an_app_can_be_read(control: httpx.Client, shop: App) -> None:
    shop.config_vars["GUV_URL"] = "https://guv"
    assert control.get("/apps/shop/config-vars").json() == {"GUV_URL": "https://guv"}
