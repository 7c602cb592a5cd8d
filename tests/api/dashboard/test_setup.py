"""Setup of an app, from nothing to a scaled role."""

from typing import Any

import httpx
import pytest
from sqlmodel import Session, select
from starlette.testclient import TestClient

from api.app import create_app
from api.container import Outside
from guv.apps.models import App, Broker
from guv.config import Config
from guv.crypto import Sealer
from guv.roles.models import Role
from guv.settings.models import SettingsChange, SettingsLevel
from tests.api.callers import a_caller
from tests.api.dashboard.browser import Browser
from tests.api.dashboard.conftest import HandClock
from tests.api.dashboard.test_overview import text_of

URL = "https://watcher:broker-password-marker@rabbit.example.com?vhost=orders"


class FakeRabbit:
    """A broker's management API that answers as told."""

    def __init__(self) -> None:
        self.status, self.queues = 200, ["orders", "mails"]

    def __call__(self, _request: httpx.Request) -> httpx.Response:
        return httpx.Response(self.status, json=[{"name": name} for name in self.queues])


@pytest.fixture
def rabbit() -> FakeRabbit:
    return FakeRabbit()


@pytest.fixture
def client(page_config: Config, clock: HandClock, rabbit: FakeRabbit) -> Any:
    app = create_app(page_config, Outside(clock=clock, broker=httpx.MockTransport(rabbit)))
    with TestClient(
        app, "https://testserver", raise_server_exceptions=False, follow_redirects=False
    ) as client:
        yield client


def start(visitor: Browser) -> str:
    return f"/dashboard/apps/{visitor.owner.app.name}/start"


def send(visitor: Browser, form: str, **values: Any) -> httpx.Response:
    path = f"/dashboard/apps/{visitor.owner.app.name}/{form}"
    answer: Any = visitor.send(start(visitor), path, **values)
    return answer  # type: ignore[no-any-return]


ROLE = {"queue": ["orders"], "process_type": "worker", "target_deadline": "120"}
BOUNDS = {"minimum_dynos": "0", "maximum_dynos": "7"}


def test_a_broker_is_tested_before_it_is_saved_and_its_queues_are_offered(
    visitor: Browser, session: Session, rabbit: FakeRabbit
) -> None:
    rabbit.status = 401
    refused = send(visitor, "broker", url=URL)
    assert refused.status_code == 422
    assert "needs the tag management" in refused.text
    assert session.exec(select(Broker)).all() == []
    rabbit.status = 200
    assert send(visitor, "broker", url=URL).headers["location"].endswith("/start?done=broker")
    shown = visitor.get(start(visitor)).text
    assert 'name="queue" value="orders"' in shown
    assert "broker-password-marker" not in shown + refused.text


def test_setup_creates_a_role_in_dry_run_mode(visitor: Browser, session: Session) -> None:
    send(visitor, "broker", url=URL)
    assert send(visitor, "roles", **ROLE, **BOUNDS).status_code == 303
    level = session.exec(select(SettingsLevel)).one()
    assert level.values == {
        "queues": ["orders"],
        "process_type": "worker",
        "target_deadline": 120.0,
        "minimum_dynos": 0,
        "maximum_dynos": 7,
        "dry_run": True,
    }
    assert session.exec(select(SettingsChange)).one().by == "owner@example.com"


def test_an_invalid_role_in_setup_is_marked_at_its_field_and_keeps_other_texts(
    visitor: Browser, session: Session
) -> None:
    send(visitor, "broker", url=URL)
    wrong = {**ROLE, "minimum_dynos": "9", "maximum_dynos": "7", "target_deadline": "77"}
    answer = send(visitor, "roles", **wrong)
    assert answer.status_code == 422
    assert 'id="minimum_dynos-fault"' in answer.text
    assert "above maximum_dynos 7" in answer.text
    assert 'value="77"' in answer.text
    assert session.exec(select(Role)).all() == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("target_deadline", "soon", "must be a number"),
        ("target_deadline", "nan", "finite number"),
        ("minimum_dynos", "1.5", "must be a whole number"),
        ("maximum_dynos", "5000", "at most 1000"),
        ("process_type", "a b", "letters, digits, - and _"),
        ("process_type", "a" * 101, "1 to 100 letters"),
        ("queue", [], "at least one queue"),
    ],
)
def test_an_invalid_field_of_setup_is_refused_with_its_reason(
    visitor: Browser, session: Session, field: str, value: Any, said: str
) -> None:
    send(visitor, "broker", url=URL)
    answer = send(visitor, "roles", **{**ROLE, **BOUNDS, field: value})
    assert (answer.status_code, said in answer.text) == (422, True)
    assert session.exec(select(Role)).all() == []


def test_setup_does_not_overwrite_an_existing_role(visitor: Browser, session: Session) -> None:
    send(visitor, "broker", url=URL)
    send(visitor, "roles", **ROLE, **BOUNDS)
    again = visitor.send(
        start(visitor) + "?add=role",
        start(visitor).replace("/start", "/roles"),
        **{**ROLE, **BOUNDS, "maximum_dynos": "99"},
    )
    assert again.status_code == 412
    assert session.exec(select(SettingsLevel)).one().values["maximum_dynos"] == 7


def test_start_of_scaling_ends_the_dry_run(visitor: Browser, session: Session) -> None:
    send(visitor, "broker", url=URL)
    send(visitor, "roles", **ROLE, **BOUNDS)
    assert send(visitor, "roles/worker/live").status_code == 303
    session.expire_all()
    assert session.exec(select(SettingsLevel)).one().values["dry_run"] is False
    assert "worker scales between 0 and 7 dynos" in text_of(visitor.get(start(visitor)).text)


def test_setup_steps_taken_over_the_api_are_done(visitor: Browser) -> None:
    owner = visitor.owner
    owner.put(owner.app_path("/broker"), {"url": URL})
    owner.put(owner.role_path(), {})
    shown = text_of(visitor.get(start(visitor)).text)
    assert "1. Broker done" in shown
    assert "2. Role done" in shown
    assert "4. Dry run next" in shown


def test_setup_reports_a_failing_broker_and_accepts_a_typed_queue(
    visitor: Browser, rabbit: FakeRabbit, session: Session
) -> None:
    send(visitor, "broker", url=URL)
    rabbit.status = 500
    assert "data-queue-trouble" in visitor.get(start(visitor)).text
    values = {**ROLE, **BOUNDS, "queue": [], "other_queue": "orders"}
    assert send(visitor, "roles", **values).status_code == 303
    assert session.exec(select(SettingsLevel)).one().values["queues"] == ["orders"]


def test_setup_of_an_unauthorized_app_shows_the_reason(visitor: Browser, session: Session) -> None:
    app = session.get_one(App, visitor.owner.app.id)
    app.authorization_state, app.authorization_note = "needs_authorization", "You do not have"
    session.commit()
    assert "You do not have" in visitor.get(start(visitor)).text


def test_setup_of_another_tenants_app_is_not_found(
    visitor: Browser, client: TestClient, session: Session, sealer: Sealer
) -> None:
    other = a_caller(client, session, sealer).app.name
    for path in ("", "/start"):
        assert visitor.get(f"/dashboard/apps/{other}{path}").status_code == 404
    csrf = visitor.csrf()
    for form in ("broker", "roles", "roles/worker/live"):
        values = {"csrf": csrf, "url": URL, **ROLE, **BOUNDS}
        answer = visitor.post(f"/dashboard/apps/{other}/{form}", values)
        assert (form, answer.status_code) == (form, 404)
