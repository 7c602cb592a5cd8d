"""Actions: pause, override, schedule preview, explanation, broker check and test alert."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from api.app import create_app
from api.container import Outside
from guv.config import Config
from guv.crypto import Sealer
from guv.history.models import SampleRow
from sandbox.server import Sandbox
from tests.api.callers import TenantCaller, a_caller, faults
from tests.builders import NOON, a_broker, a_role

PAUSE = {"direction": "down", "until": "2027-01-01T00:00:00Z"}
OVERRIDE = {"until": "2027-01-01T00:00:00Z", "maximum_dynos": 20}
WINDOW = {"days": [2], "start": "14:00", "end": "16:00", "timezone": "UTC", "minimum_dynos": 3}


@pytest.fixture
def client(web_config: Config, world: Sandbox) -> Iterator[TestClient]:
    """A web process at Wednesday noon, with a broker that has the queue `orders` only."""

    def broker(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] != httpx.BasicAuth("u", "p")._auth_header:
            return httpx.Response(401, json={"reason": "Login failed"})
        return httpx.Response(200, json=[{"name": "orders"}])

    outside = Outside(clock=lambda: NOON, broker=httpx.MockTransport(broker))
    config = web_config.model_copy(update={"new_relic_events_url": world.url})
    with TestClient(create_app(config, outside), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def caller(client: TestClient, session: Session, sealer: Sealer) -> TenantCaller:
    caller = a_caller(client, session, sealer)
    a_role(session, caller.app)
    session.commit()
    return caller


def effective(caller: TenantCaller, name: str) -> Any:
    return caller.get(caller.role_path()).json()["effective"][name]


def test_an_app_is_paused_and_resumed(caller: TenantCaller) -> None:
    assert caller.put(caller.app_path("/pause"), PAUSE).status_code == 204
    assert effective(caller, "pause") == {"value": PAUSE, "source": "app"}
    assert caller.delete(caller.app_path("/pause")).status_code == 204
    assert effective(caller, "pause")["value"] is None


def test_a_role_is_paused_and_resumed(caller: TenantCaller) -> None:
    caller.put(f"{caller.role_path()}/pause", PAUSE)
    assert effective(caller, "pause") == {"value": PAUSE, "source": "role"}
    caller.delete(f"{caller.role_path()}/pause")
    assert effective(caller, "pause")["value"] is None


def test_a_role_is_overridden_until_an_instant(caller: TenantCaller) -> None:
    caller.put(f"{caller.role_path()}/override", OVERRIDE)
    assert effective(caller, "override")["value"]["maximum_dynos"] == 20
    caller.delete(f"{caller.role_path()}/override")
    assert effective(caller, "override")["value"] is None


def test_an_override_without_bounds_is_refused(caller: TenantCaller) -> None:
    answer = caller.put(f"{caller.role_path()}/override", {"until": "2027-01-01T00:00:00Z"})
    assert answer.status_code == 422


def test_a_schedule_preview_shows_its_windows(caller: TenantCaller) -> None:
    answer = caller.put(f"{caller.role_path()}/schedule", {"schedules": [WINDOW]}).json()
    assert answer["now"] == {"minimum_dynos": 1, "maximum_dynos": 5, "because": "minimum"}
    first, second = answer["next"][:2]
    assert (first["at"], first["minimum_dynos"]) == ("2026-11-25T14:00:00Z", 3)
    assert (second["at"], second["because"]) == ("2026-11-25T16:00:00Z", "minimum")


def test_a_schedule_of_a_wider_level_is_previewed_at_the_role(caller: TenantCaller) -> None:
    caller.put("/settings", {"schedules": [WINDOW]})
    answer = caller.get(f"{caller.role_path()}/schedule").json()
    assert (answer["source"], len(answer["schedules"])) == ("global", 1)


def test_an_explanation_without_a_sample_says_so(caller: TenantCaller) -> None:
    answer = caller.get(f"{caller.role_path()}/explain").json()
    assert (answer["reason"], answer["sample_at"]) == ("no_data", None)
    assert "no usable sample" in answer["explanation"]


def test_an_explanation_says_what_would_be_decided_and_why(
    caller: TenantCaller, session: Session
) -> None:
    role = a_role(session, caller.app, "busy", processing_time=10.0, maximum_dynos=50)
    for seconds in (20, 10):
        at = NOON - timedelta(seconds=seconds)
        counts: dict[str, Any] = {"messages_ready": 100, "messages_unacknowledged": 1, "dynos": 1}
        session.add(SampleRow(role_id=role.id, at=at, published=200, served=99, **counts))
    session.commit()
    answer = caller.get(f"{caller.role_path('busy')}/explain").json()
    assert (answer["direction"], answer["current"]) == ("up", 1)
    assert answer["desired"] > 5
    assert answer["trail"][0]["name"] == "deadline"
    assert answer["estimates"]["backlog"] == 101


def test_an_explanation_changes_nothing(caller: TenantCaller) -> None:
    caller.get(f"{caller.role_path()}/explain")
    assert caller.get("/decisions").json()["decisions"] == []


def test_a_broker_check_covers_the_queues_of_all_roles(
    caller: TenantCaller, session: Session, sealer: Sealer
) -> None:
    a_broker(session, caller.app, sealer, "https://u:p@rabbit.example.com")
    session.commit()
    caller.put(caller.role_path(), {"queues": ["order", "orders"]})
    answer = caller.ask("POST", caller.app_path("/broker/test")).json()
    assert answer["ok"] is False
    (message,) = answer["messages"]
    assert "no queue 'order'; did you mean 'orders'?" in message


def test_a_broker_check_shows_why_the_broker_refused(
    caller: TenantCaller, session: Session, sealer: Sealer
) -> None:
    a_broker(session, caller.app, sealer, "https://u:wrong@rabbit.example.com")
    session.commit()
    answer = caller.ask("POST", caller.app_path("/broker/test"))
    assert answer.json()["ok"] is False
    assert "management" in answer.text


def test_a_broker_check_without_a_broker_is_refused(caller: TenantCaller) -> None:
    assert caller.ask("POST", caller.app_path("/broker/test")).status_code == 404


def test_a_test_alert_is_sent_and_resolved(caller: TenantCaller) -> None:
    target = {"account_id": 7, "license_key": "license-key-marker"}
    caller.patch("/settings", {"notify": {"new_relic": target}})
    answer = caller.ask("POST", f"{caller.role_path()}/test-page")
    assert answer.status_code == 200
    assert "license-key-marker" not in answer.text


def test_a_test_alert_without_a_target_is_refused(caller: TenantCaller) -> None:
    assert "notify" in faults(caller.ask("POST", f"{caller.role_path()}/test-page"))
