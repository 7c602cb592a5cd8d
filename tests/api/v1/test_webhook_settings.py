"""Webhook targets: set like other settings, secret and path never shown."""

from typing import Any

import pytest
from sqlmodel import Session, select

from guv.crypto import Sealer
from guv.roles.models import Role
from sandbox.server import Sandbox
from tests.api.callers import TenantCaller, faults, stored_target
from tests.api.rows import an_incident
from tests.builders import NOON

SECRET = "whsec_d2ViaG9vay1zZWNyZXQtbWFya2VyLTI0"
URL = "https://hooks.example.com/services/url-marker"
SHOWN = {"webhook": {"url": "https://hooks.example.com/[masked]", "secret": "[masked]"}}


def webhook(url: str = URL, secret: str = SECRET) -> dict[str, Any]:
    return {"notify": {"webhook": {"url": url, "secret": secret}}}


@pytest.fixture(autouse=True)
def role(caller: TenantCaller) -> None:
    caller.put(caller.role_path(), {})


def test_the_worker_reads_the_webhook_that_was_set(
    caller: TenantCaller, session: Session, sealer: Sealer
) -> None:
    answer = caller.put("/settings", webhook())
    assert answer.json()["settings"]["notify"] == SHOWN
    assert "marker" not in answer.text
    assert stored_target(caller, session, sealer) == webhook()["notify"]


def test_a_webhook_target_that_was_read_can_be_put_back(
    caller: TenantCaller, session: Session, sealer: Sealer
) -> None:
    before = caller.put("/settings", webhook()).json()
    assert caller.put("/settings", before["settings"]).json() == before
    assert stored_target(caller, session, sealer) == webhook()["notify"]


def test_a_new_relic_account_can_be_added_to_a_webhook(
    caller: TenantCaller, session: Session, sealer: Sealer
) -> None:
    caller.put("/settings", webhook())
    new_relic = {"account_id": 42, "license_key": "license-key-marker"}
    caller.patch("/settings", {"notify": {**SHOWN, "new_relic": new_relic}})
    assert set(stored_target(caller, session, sealer)) == {"webhook", "new_relic"}
    assert stored_target(caller, session, sealer)["webhook"]["secret"] == SECRET


@pytest.mark.parametrize(
    ("url", "secret", "field", "words"),
    [
        ("http://hooks.example.com/x", SECRET, "url", "must begin with https://"),
        ("ftp://hooks.example.com/x", SECRET, "url", "must begin with https://"),
        ("https://", SECRET, "url", "is not an address"),
        ("https://hooks.example.com:port/x", SECRET, "url", "is not an address"),
        ("https://hooks.example.com/a b", SECRET, "url", "is not an address"),
        ("hooks.example.com", SECRET, "url", "is not an address"),
        ("https://xn--/x", SECRET, "url", "is not an address"),
        ("https://xn--a.example.com/x", SECRET, "url", "is not an address"),
        ("https://hooks.example.com/\0", SECRET, "url", "is not an address"),
        (
            "https://user:password@hooks.example.com/x",
            SECRET,
            "url",
            "must not name a user and password",
        ),
        ("https://elsewhere.example.com/[masked]", SECRET, "url", "it was sent masked"),
        (URL, "[masked]", "secret", "it was sent masked"),
        (URL, "whsec_c2hvcnQ=", "secret", "24 to 64 bytes"),
        (URL, "a-secret-of-some-length-without-prefix", "secret", "must be whsec_"),
        (URL, "whsec_" + "%" * 40, "secret", "in Base64"),
        (URL, "whsec_" + "A" * 120, "secret", "24 to 64 bytes"),
    ],
)
def test_an_invalid_webhook_is_refused_with_its_field(
    caller: TenantCaller, url: str, secret: str, field: str, words: str
) -> None:
    answer = caller.put("/settings", webhook(url, secret))
    assert answer.status_code == 422
    assert words in faults(answer)[f"notify.webhook.{field}"]
    assert "password@" not in answer.text


def test_a_test_alert_goes_to_every_target(caller: TenantCaller, world: Sandbox) -> None:
    world.hooks.secrets["shop"] = SECRET
    world.new_relic.accounts["7"] = "license-key-marker"
    new_relic = {"account_id": 7, "license_key": "license-key-marker"}
    hook = webhook(f"{world.url}/hooks/shop")["notify"]
    caller.put("/settings", {"notify": {**hook, "new_relic": new_relic}})
    answer = caller.ask("POST", f"{caller.role_path()}/test-page")
    assert answer.json() == {"ok": True, "messages": []}
    taken = [request.body["type"] for request in world.hooks.taken if request.hook == "shop"]
    assert taken == ["incident.opened", "incident.resolved"]
    pages = [incident for incident in world.new_relic.incidents if incident.account == "7"]
    assert [incident.closed_at is not None for incident in pages] == [True]
    assert world.new_relic.errors == []


@pytest.mark.parametrize("level", ["", "app"])
def test_a_wider_levels_test_alert_names_every_role(
    caller: TenantCaller, world: Sandbox, level: str
) -> None:
    world.hooks.secrets["wide"], app = SECRET, caller.app_path()
    caller.patch("/settings", webhook(f"{world.url}/hooks/wide"))
    before = len(world.hooks.taken)
    answer = caller.ask("POST", f"{app if level else ''}/test-page")
    assert answer.json() == {"ok": True, "messages": []}
    events = [request.body["data"] for request in world.hooks.taken[before:]]
    wanted = {"app": caller.app.name if level else "every app", "role": "every role"}
    assert [{name: data[name] for name in wanted} for data in events] == [wanted, wanted]


def test_a_wider_levels_test_alert_without_a_target_is_refused(caller: TenantCaller) -> None:
    caller.patch("/settings", webhook())
    caller.patch(caller.app_path("/settings"), {"notify": "none"})
    answer = caller.ask("POST", f"{caller.app_path()}/test-page")
    assert (answer.status_code, set(faults(answer))) == (422, {"notify"})
    caller.patch("/settings", {"notify": None})
    answer = caller.ask("POST", "/test-page")
    assert list(faults(answer)) == ["notify"]


def test_a_test_alert_shows_which_target_refused_and_why(
    caller: TenantCaller, world: Sandbox
) -> None:
    new_relic = {"account_id": 8, "license_key": "not-the-key-marker"}
    hook = webhook(f"{world.url}/hooks/nobody")["notify"]
    caller.put("/settings", {"notify": {**hook, "new_relic": new_relic}})
    answer = caller.ask("POST", f"{caller.role_path()}/test-page").json()
    assert answer["ok"] is False
    assert answer["messages"] == [
        "New Relic rejects the license key (403); it must be an ingest key of this account",
        "the webhook answers 404",
    ]


def test_refused_notifications_are_sent_again_after_a_good_test_alert(
    caller: TenantCaller, session: Session, world: Sandbox
) -> None:
    world.hooks.secrets["again"] = SECRET
    caller.put("/settings", webhook(f"{world.url}/hooks/again"))
    role = session.exec(select(Role)).one()
    refused = {"webhook": {"attempts": 1, "error": "the webhook answers 404", "refused": True}}
    incident = an_incident(session, role, opened_at=NOON, notify_error="404", deliveries=refused)
    caller.ask("POST", f"{caller.role_path()}/test-page")
    session.refresh(incident)
    assert (incident.notify_error, incident.deliveries) == (None, {"webhook": {}})
    assert incident.notify_at is not None


def test_an_incident_shows_the_notifications_of_each_target(
    caller: TenantCaller, session: Session
) -> None:
    role = session.exec(select(Role)).one()
    deliveries = {
        "webhook": {"opened_at": NOON.isoformat()},
        "new_relic": {"attempts": 2, "error": "x"},
    }
    an_incident(session, role, opened_at=NOON, deliveries=deliveries)
    (shown,) = caller.get("/incidents").json()["incidents"]
    assert [(delivery["target"], delivery["attempts"]) for delivery in shown["deliveries"]] == [
        ("new_relic", 2),
        ("webhook", 0),
    ]
    assert shown["deliveries"][1]["opened_at"] == "2026-11-25T12:00:00Z"
