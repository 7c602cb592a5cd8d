"""Formation of the stand-in, with Heroku's behavior."""

from typing import Any

import httpx
import pytest

from sandbox.heroku.model import App
from sandbox.server import Sandbox
from tests.sandbox.conftest import MovedClock
from tests.sandbox.heroku import schema


def quantities(api: httpx.Client) -> dict[str, int]:
    return {
        process["type"]: process["quantity"] for process in api.get("/apps/shop/formation").json()
    }


def states(api: httpx.Client) -> dict[str, str]:
    return {dyno["name"]: dyno["state"] for dyno in api.get("/apps/shop/dynos").json()}


@pytest.mark.parametrize(
    ("asked", "becomes"), [(3, 3), ("3", 3), ("+2", 3), ("-1", 0), (0, 0), ("+0", 1)]
)
def test_a_quantity_may_be_a_number_text_or_a_step(
    customer_api: httpx.Client, asked: int | str, becomes: int
) -> None:
    answer = customer_api.patch("/apps/shop/formation/worker", json={"quantity": asked})
    assert (answer.status_code, answer.json()["quantity"]) == (200, becomes)


@pytest.mark.parametrize("asked", ["many", "", 1.5, True, None, -1, "-2"])
def test_a_quantity_that_is_none_is_refused_and_changes_nothing(
    customer_api: httpx.Client, asked: Any
) -> None:
    answer = customer_api.patch("/apps/shop/formation/worker", json={"quantity": asked})
    assert (answer.status_code, answer.json()["id"]) == (422, "invalid_params")
    assert quantities(customer_api) == {"web": 1, "worker": 1}


def test_an_app_answers_by_its_id_and_by_its_name(customer_api: httpx.Client, shop: App) -> None:
    by_id = customer_api.get(f"/apps/{shop.id}/formation").json()
    assert customer_api.get("/apps/shop/formation").json() == by_id


def test_new_dynos_are_starting_until_their_boot_is_over(
    customer_api: httpx.Client, clock: MovedClock
) -> None:
    customer_api.patch("/apps/shop/formation/worker", json={"quantity": 2})
    clock.pass_by(19.9)
    early = states(customer_api)
    clock.pass_by(0.1)
    late = states(customer_api)
    assert early == {"web.1": "up", "worker.1": "up", "worker.2": "starting"}
    assert late == {"web.1": "up", "worker.1": "up", "worker.2": "up"}


def test_the_dynos_with_the_highest_numbers_stop_first(
    customer_api: httpx.Client, sandbox: Sandbox, shop: App
) -> None:
    customer_api.patch("/apps/shop/formation/worker", json={"quantity": 3})
    before = sandbox.heroku.dynos(shop, "worker")
    customer_api.patch("/apps/shop/formation/worker", json={"quantity": 1})
    assert sandbox.heroku.dynos(shop, "worker") == before[:1]


def test_a_batch_with_one_refused_update_changes_nothing(customer_api: httpx.Client) -> None:
    updates = [{"type": "web", "quantity": 2}, {"type": "wörker", "quantity": 2}]
    answer = customer_api.patch("/apps/shop/formation", json={"updates": updates})
    assert (answer.status_code, answer.json()["id"]) == (404, "not_found")
    assert quantities(customer_api) == {"web": 1, "worker": 1}


def test_a_batch_answers_with_all_that_changed(customer_api: httpx.Client) -> None:
    updates = [{"type": "web", "quantity": "2"}, {"type": "worker", "quantity": 4}]
    answer = customer_api.patch("/apps/shop/formation", json={"updates": updates})
    assert {process["type"]: process["quantity"] for process in answer.json()} == {
        "web": 2,
        "worker": 4,
    }


def test_above_the_limit_heroku_names_the_limit_and_changes_nothing(
    customer_api: httpx.Client, shop: App
) -> None:
    shop.limit = 5
    answer = customer_api.patch("/apps/shop/formation/worker", json={"quantity": 6})
    assert answer.status_code == 422
    assert answer.json() == {
        "id": "cannot_run_above_limit",
        "message": "Cannot run more than 5 Standard-1X size dynos.",
        "limit": 5,
        "size": "Standard-1X",
    }
    assert quantities(customer_api)["worker"] == 1


def test_a_formation_above_a_new_limit_may_still_shrink(
    customer_api: httpx.Client, shop: App
) -> None:
    customer_api.patch("/apps/shop/formation/worker", json={"quantity": 9})
    shop.limit = 5
    answer = customer_api.patch("/apps/shop/formation/worker", json={"quantity": 8})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("size", "most"), [("Eco", 1), ("Basic", 1), ("Standard-2X", 99), ("Performance-M", 10)]
)
def test_every_size_has_its_usual_limit(
    sandbox: Sandbox, customer_api: httpx.Client, size: str, most: int
) -> None:
    body = {"quantity": most + 1, "dyno_size": {"name": size}}
    refused = customer_api.patch("/apps/shop/formation/worker", json=body)
    allowed = customer_api.patch("/apps/shop/formation/worker", json=body | {"quantity": most})
    assert (refused.json()["id"], allowed.status_code) == ("cannot_run_above_limit", 200)
    assert sandbox.heroku.changes[-1].after == most


def test_an_unknown_size_is_refused_with_the_known_ones(customer_api: httpx.Client) -> None:
    answer = customer_api.patch("/apps/shop/formation/worker", json={"size": "1X"})
    assert answer.json()["message"].startswith("No such size as 1X. Available dyno sizes are Eco")


def test_a_release_under_way_locks_the_formation(customer_api: httpx.Client, shop: App) -> None:
    shop.locked = True
    refused = customer_api.patch("/apps/shop/formation/worker", json={"quantity": 2})
    shop.locked = False
    allowed = customer_api.patch("/apps/shop/formation/worker", json={"quantity": 2})
    assert (refused.status_code, allowed.status_code) == (422, 200)
    assert "release phase" in refused.json()["message"]


def test_every_change_is_noted_with_time_and_author(
    customer_api: httpx.Client, sandbox: Sandbox, clock: MovedClock
) -> None:
    clock.pass_by(7)
    customer_api.patch("/apps/shop/formation/worker", json={"quantity": 3})
    [change] = sandbox.heroku.changes
    assert (change.at, change.before, change.after) == (clock.now, 1, 3)
    assert (change.process_type, change.by) == ("worker", "owner@example.com")


@pytest.mark.parametrize("body", ["[1]", "no json", '"text"'])
def test_a_body_that_is_no_object_is_a_bad_request(customer_api: httpx.Client, body: str) -> None:
    answer = customer_api.patch(
        "/apps/shop/formation/worker", content=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["id"]) == (400, "bad_request")


def test_updates_that_are_no_list_are_refused(customer_api: httpx.Client) -> None:
    answer = customer_api.patch("/apps/shop/formation", json={"updates": "worker=2"})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("path", "thing"),
    [
        ("/apps/shop", "app"),
        ("/apps/shop/formation/worker", "formation"),
        ("/apps/shop/formation", "formation"),
        ("/apps/shop/dynos", "dyno"),
        ("/account/rate-limits", "rate-limit"),
    ],
)
def test_answers_keep_to_the_published_schema(
    customer_api: httpx.Client, path: str, thing: str
) -> None:
    body = customer_api.get(path).json()
    schema.validate_answer("GET", path, body)
    first = body[0] if isinstance(body, list) else body
    assert set(first) <= schema.declared_properties(thing)
    assert set(first) >= {"id", "created_at", "updated_at"} or thing == "rate-limit"


def test_releases_keep_to_the_published_schema(
    sandbox: Sandbox, customer_api: httpx.Client, shop: App
) -> None:
    sandbox.heroku.release(shop, "Deploy fa8b262f", "ci@example.com")
    body = customer_api.get("/apps/shop/releases").json()
    schema.validate_answer("GET", "/apps/shop/releases", body)
    assert set(body[0]) <= schema.declared_properties("release")


def test_the_newest_release_can_be_asked_for_alone(
    sandbox: Sandbox, customer_api: httpx.Client, shop: App
) -> None:
    for number in range(3):
        sandbox.heroku.release(shop, f"Deploy {number}", "ci@example.com")
    newest = {"Range": "version ..; order=desc,max=1"}
    [last] = customer_api.get("/apps/shop/releases", headers=newest).json()
    fields = (last["version"], last["description"], last["user"]["email"], last["current"])
    assert fields == (3, "Deploy 2", "ci@example.com", True)
    assert [release["version"] for release in customer_api.get("/apps/shop/releases").json()] == [
        1,
        2,
        3,
    ]


def test_a_release_can_be_made_by_a_control_route(control: httpx.Client, shop: App) -> None:
    answer = control.post("/apps/shop/releases", json={"by": "ci@example.com"})
    assert (answer.status_code, answer.json()["version"]) == (201, 1)
    assert [release.by for release in shop.releases] == ["ci@example.com"]
