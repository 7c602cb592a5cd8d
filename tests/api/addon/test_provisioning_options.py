"""Options of `heroku addons:create guv -- ...`: applied, or refused with a reason."""

from typing import Any

import pytest
from sqlmodel import Session, select

from guv.apps.models import App, Broker
from guv.crypto import Sealer
from guv.roles.models import Role
from guv.settings.models import SettingsLevel
from guv.tenants.models import Tenant
from sandbox.heroku.customer import Customer, Partner
from sandbox.heroku.model import AddOn
from sandbox.server import Sandbox
from sandbox.traffic import Fault
from tests.api.callers import HerokuCaller

NOBODY = Partner("http://127.0.0.1:9", "guv", "unused")
URL = "amqps://user:password-marker@rabbit.example.com/orders"


@pytest.fixture
def provision(heroku: HerokuCaller, world: Sandbox, addon: AddOn) -> Any:
    """Send a provisioning with options as the command line gives them: all as text."""

    def send(**options: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in options.items()}
        body = Customer(world.heroku, NOBODY).provision_body(addon, named)
        return heroku.ask("POST", "", body)

    return send


def levels(session: Session) -> dict[str, dict[str, Any]]:
    return {row.level: row.values for row in session.exec(select(SettingsLevel))}


def test_provisioning_options_set_the_broker(
    provision: Any, session: Session, sealer: Sealer
) -> None:
    assert provision(broker_url=URL).status_code == 200
    broker = session.exec(select(Broker)).one()
    assert sealer.open(broker.url_sealed) == URL
    assert "password-marker" not in broker.address


def test_provisioning_options_set_the_apps_settings(provision: Any, session: Session) -> None:
    provision(target_deadline="120", maximum_dynos="20", dry_run="true")
    assert levels(session) == {
        "app": {"target_deadline": 120.0, "maximum_dynos": 20, "dry_run": True}
    }


def test_provisioning_options_with_queues_create_their_role(
    provision: Any, session: Session
) -> None:
    provision(queues="orders, mails", role="mailer", maximum_dynos="3")
    assert session.exec(select(Role)).one().name == "mailer"
    stored = levels(session)
    assert stored["role"] == {"queues": ["orders", "mails"]}
    assert stored["app"] == {"maximum_dynos": 3}


def test_the_config_option_sets_many_roles_and_common_settings(
    provision: Any, session: Session
) -> None:
    config = '{"*": {"maximum_dynos": 20}, "worker": {"queues": ["a"]}, "mailer": {}}'
    provision(config=config)
    assert sorted(role.name for role in session.exec(select(Role))) == ["mailer", "worker"]
    assert levels(session)["app"] == {"maximum_dynos": 20}


def test_provisioning_options_wait_sealed_until_the_app_is_known(
    provision: Any, world: Sandbox, session: Session
) -> None:
    world.traffic.add_fault(Fault("/oauth/token", status=503, calls=1))
    assert provision(broker_url=URL).status_code == 202
    sealed = session.exec(select(Tenant)).one().options_sealed
    assert sealed
    assert b"password-marker" not in sealed
    provision(broker_url=URL)
    session.expire_all()
    assert session.exec(select(Broker)).one()
    assert session.exec(select(Tenant)).one().options_sealed is None


def test_a_repeated_delivery_does_not_set_options_again(provision: Any, session: Session) -> None:
    provision(maximum_dynos="20")
    provision(maximum_dynos="30")
    assert levels(session)["app"] == {"maximum_dynos": 20}
    assert len(session.exec(select(App)).all()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"broker_url": "http"}, "--broker-url"),
        ({"maximum_dynos": "many"}, "--maximum-dynos"),
        ({"minimum_dynos": "9"}, "maximum_dynos"),
        ({"config": "no json"}, "--config"),
        ({"config": '{"worker": {"maximun_dynos": 1}}'}, "--config worker.maximun_dynos"),
        ({"role": "no/name"}, "--role"),
    ],
)
def test_an_invalid_option_is_refused_with_a_sentence_for_the_customer(
    provision: Any, session: Session, options: dict[str, str], message: str
) -> None:
    answer = provision(**options)
    assert answer.status_code == 422
    assert message in answer.json()["message"]
    assert session.exec(select(Tenant)).all() == []


def test_a_broken_url_is_not_repeated_in_the_refusal(provision: Any) -> None:
    answer = provision(broker_url="ftp://user:password-marker@rabbit")
    assert answer.status_code == 422
    assert "password-marker" not in answer.text


def test_an_unknown_option_is_named_with_the_nearest_option(provision: Any) -> None:
    answer = provision(minimum="2")
    assert answer.status_code == 200
    assert "minimum (did you mean minimum_dynos?)" in answer.json()["message"]
