"""Provisioning requests in all forms that Heroku is known to send."""

from typing import Any
from uuid import uuid4

import pytest

from sandbox.heroku.customer import Customer, Partner
from sandbox.heroku.model import AddOn
from sandbox.server import Sandbox
from sandbox.traffic import Fault
from tests.api.callers import HerokuCaller

HEADERS = {"Accept": "application/vnd.heroku-addons+json; version=3"}


@pytest.fixture
def body(world: Sandbox, addon: AddOn) -> dict[str, Any]:
    """All fields that Heroku is known to send, whatever the manifest requires."""
    sent = Customer(world.heroku, Partner("", "", "")).provision_body(addon, {})
    return {
        **sent,
        "log_input_url": "https://token:t.0123@1.us.logplex.io/logs",
        "log_drain_token": f"d.{uuid4()}",
        "heroku_id": "app1234@heroku.com",
        "logplex_token": None,
    }


def test_the_whole_body_of_a_provisioning_is_accepted(
    heroku: HerokuCaller, body: dict[str, Any]
) -> None:
    auth = ("guv", heroku.password)
    answer = heroku.client.post("/heroku/resources", json=body, auth=auth, headers=HEADERS)
    assert answer.status_code in {200, 202}
    assert answer.json()["id"] == body["uuid"]


def test_config_of_a_provisioning_is_text_of_declared_names(
    heroku: HerokuCaller, body: dict[str, Any]
) -> None:
    config = heroku.ask("POST", "", body).json()["config"]
    assert list(config) == ["GUV_URL"]
    assert isinstance(config["GUV_URL"], str)


@pytest.mark.parametrize(
    "expires_at",
    [
        "2100-11-25T12:05:00-0800",
        "2100-11-25T12:05:00-08:00",
        "2100-11-25T20:05:00Z",
        None,
        "soon",
        17,
    ],
)
def test_a_grant_is_exchanged_with_any_form_of_expires_at(
    heroku: HerokuCaller, body: dict[str, Any], world: Sandbox, expires_at: Any
) -> None:
    body["oauth_grant"]["expires_at"] = expires_at
    assert "cannot scale" not in heroku.ask("POST", "", body).json()["message"]
    assert len(world.traffic.requests("POST", "/oauth/token")) == 1


@pytest.mark.parametrize("options", [None, {}, {"dry-run": "true"}, {"dry-run": True}])
def test_provisioning_options_are_text_or_true_or_missing(
    heroku: HerokuCaller, body: dict[str, Any], options: Any
) -> None:
    assert heroku.ask("POST", "", {**body, "options": options}).status_code in {200, 202}


def test_a_grant_that_seems_expired_is_tried_all_the_same(
    heroku: HerokuCaller, body: dict[str, Any], world: Sandbox
) -> None:
    """Heroku's clock decides."""
    body["oauth_grant"]["expires_at"] = "2026-01-01T00:00:00Z"
    assert "cannot scale" not in heroku.ask("POST", "", body).json()["message"]
    assert len(world.traffic.requests("POST", "/oauth/token")) == 1


def test_an_expired_grant_is_named_in_the_answer(
    heroku: HerokuCaller, body: dict[str, Any], world: Sandbox
) -> None:
    world.heroku.authorizations.grants.clear()
    message = heroku.ask("POST", "", body).json()["message"]
    assert "It cannot scale your app yet: Heroku refused the authorization." in message
    assert "addons:open" in message


def test_a_late_provisioning_answer_has_no_config(
    heroku: HerokuCaller, body: dict[str, Any], world: Sandbox
) -> None:
    world.traffic.add_fault(Fault("/oauth/token", status=503))
    answer = heroku.ask("POST", "", body)
    assert (answer.status_code, answer.json().keys()) == (202, {"id", "message"})
