"""Webhook events: signed, in order, and repeated until they are accepted."""

from uuid import uuid4

import pytest

from sandbox.heroku.model import AddOn, App, Webhook
from sandbox.heroku.webhooks import SIGNATURE
from sandbox.server import Sandbox
from sandbox.traffic import Asked, Fault
from tests.builders import NOON

HOOK = "/hook"


@pytest.fixture
def subscribed(sandbox: Sandbox, shop: App) -> AddOn:
    """Make a resource whose events go to the stand-ins' own hook."""
    addon = sandbox.heroku.new_addon(shop, "basic")
    hook = Webhook(uuid4(), f"{sandbox.url}{HOOK}", ("api:app", "api:addon"), "secret", NOON)
    addon.webhooks.append(hook)
    sandbox.traffic.add_fault(Fault(HOOK, status=204))
    return addon


def delivered(sandbox: Sandbox) -> list[Asked]:
    sandbox.heroku.post.wait()
    return sandbox.traffic.requests("POST", HOOK)


def test_a_rename_is_told_with_the_name_before(sandbox: Sandbox, subscribed: AddOn) -> None:
    sandbox.heroku.change_app(subscribed.app, name="boutique")
    [event] = delivered(sandbox)
    assert event.body["data"]["name"] == "boutique"
    assert event.body["previous_data"] == {"name": "shop"}
    assert len(event.headers[SIGNATURE.lower()]) == 44


def test_what_is_not_subscribed_to_is_not_told(sandbox: Sandbox, subscribed: AddOn) -> None:
    sandbox.heroku.scale(subscribed.app, [{"type": "worker", "quantity": 2}])
    assert delivered(sandbox) == []


def test_an_event_that_is_not_taken_comes_again_before_the_next(
    sandbox: Sandbox, subscribed: AddOn
) -> None:
    sandbox.traffic.add_fault(Fault(HOOK, status=503, calls=1))
    for name in ("first", "second"):
        sandbox.heroku.change_app(subscribed.app, name=name)
    assert [delivery.body["data"]["name"] for delivery in delivered(sandbox)] == [
        "first",
        "first",
        "second",
    ]


def test_an_event_can_be_delivered_twice(sandbox: Sandbox, subscribed: AddOn) -> None:
    sandbox.heroku.post.repeats = 2
    sandbox.heroku.change_app(subscribed.app, maintenance=True)
    first, second = delivered(sandbox)
    assert first.body == second.body


def test_the_end_of_a_resource_is_told_before_it_is_forgotten(
    sandbox: Sandbox, subscribed: AddOn
) -> None:
    sandbox.heroku.change_plan(subscribed, "premium")
    sandbox.heroku.remove_addon(subscribed)
    sandbox.heroku.change_app(subscribed.app, name="later")
    assert [delivery.body["action"] for delivery in delivered(sandbox)] == ["update", "destroy"]
