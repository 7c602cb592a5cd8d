"""Provisioning of a tenant, its app and its API key."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from sqlmodel import Session, select
from starlette.testclient import TestClient

from api.app import create_app
from guv.apps.models import App
from guv.clock import utc_now
from guv.config import Config
from guv.crypto import Sealer
from guv.tenants.models import ApiKey, Tenant
from sandbox.heroku.customer import Customer, Partner
from sandbox.heroku.model import AddOn
from sandbox.server import Sandbox
from sandbox.traffic import Fault
from tests.api.callers import HerokuCaller
from tests.builders import a_key

NOBODY = Partner("http://127.0.0.1:9", "guv", "unused")


def a_body(world: Sandbox, addon: AddOn) -> dict[str, Any]:
    """Return the body that Heroku sends for that resource, with a new grant."""
    return Customer(world.heroku, NOBODY).provision_body(addon, {})


def the_tenant(session: Session) -> Tenant:
    session.expire_all()
    return session.exec(select(Tenant)).one()


def test_provisioning_answers_with_the_uuid_and_a_guv_url(heroku: HerokuCaller) -> None:
    uuid = str(uuid4())
    answer = heroku.provision(uuid=uuid)
    assert answer.status_code == 200
    assert answer.json()["id"] == uuid
    assert list(answer.json()["config"]) == ["GUV_URL"]


def test_the_guv_url_opens_the_api(heroku: HerokuCaller, client: TestClient) -> None:
    url = heroku.provision().json()["config"]["GUV_URL"]
    assert url.startswith("https://guv:guv_")
    assert url.endswith("@guv.example.com/v1")
    key = url.split(":")[2].split("@")[0]
    assert client.get("/v1/apps", auth=("guv", key)).status_code == 200


def test_provisioning_learns_the_app_and_seals_its_tokens(
    heroku: HerokuCaller, world: Sandbox, addon: AddOn, session: Session, sealer: Sealer
) -> None:
    assert heroku.ask("POST", "", a_body(world, addon)).status_code == 200
    app = session.exec(select(App)).one()
    assert (app.heroku_id, app.name) == (addon.app.id, addon.app.name)
    assert app.access_token_sealed
    assert sealer.open(app.access_token_sealed) in world.heroku.authorizations.access
    assert app.token_expires_at
    assert app.token_expires_at - utc_now() > timedelta(hours=7)


def test_provisioning_deletes_the_grant_once_the_app_is_known(
    heroku: HerokuCaller, world: Sandbox, addon: AddOn, session: Session
) -> None:
    heroku.ask("POST", "", a_body(world, addon))
    assert the_tenant(session).grant_sealed is None


def test_a_repeated_provisioning_gets_the_same_answer(
    heroku: HerokuCaller, world: Sandbox, addon: AddOn, session: Session
) -> None:
    body = a_body(world, addon)
    answers = [heroku.ask("POST", "", body).json() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert len(session.exec(select(Tenant)).all()) == 1
    assert len(session.exec(select(App)).all()) == 1
    assert len(session.exec(select(ApiKey)).all()) == 1


def test_two_provisionings_at_once_make_one_tenant_and_use_the_grant_once(
    heroku: HerokuCaller, world: Sandbox, addon: AddOn, session: Session
) -> None:
    body = a_body(world, addon)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: heroku.ask("POST", "", body), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(session.exec(select(App)).all()) == 1
    assert len(world.traffic.requests("POST", "/oauth/token")) == 1


def test_the_key_stays_the_same_when_the_encryption_keys_are_rotated(
    heroku: HerokuCaller, web_config: Config
) -> None:
    body = {"uuid": str(uuid4()), "plan": "basic"}
    before = heroku.ask("POST", "", body).json()
    keys = f"{Fernet.generate_key().decode()},{web_config.guv_encryption_keys.get_secret_value()}"
    rotated = Config.model_validate({**web_config.model_dump(), "guv_encryption_keys": keys})
    with TestClient(create_app(rotated)) as client:
        after = HerokuCaller(client, heroku.password).ask("POST", "", body).json()
    assert before["config"] == after["config"]


def test_a_revoked_key_is_not_given_again(heroku: HerokuCaller, session: Session) -> None:
    body = {"uuid": str(uuid4()), "plan": "basic"}
    before = heroku.ask("POST", "", body).json()
    session.exec(select(ApiKey)).one().revoked_at = utc_now()
    session.commit()
    assert heroku.ask("POST", "", body).json()["config"] != before["config"]


def test_a_provisioning_with_unknown_fields_is_accepted(heroku: HerokuCaller) -> None:
    answer = heroku.provision(
        log_input_url="https://token:t.1@1.us.logplex.io/logs", new_in_2027={"a": [1]}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("grant", [{}, {"oauth_grant": None}], ids=["none", "null"])
def test_a_provisioning_without_a_grant_is_accepted_with_a_message(
    heroku: HerokuCaller, grant: dict[str, None]
) -> None:
    answer = heroku.provision(**grant)
    assert answer.status_code == 200
    assert "sent no authorization" in answer.json()["message"]


def test_unused_provisioning_options_are_named(heroku: HerokuCaller) -> None:
    answer = heroku.provision(options={"min": "2"})
    assert answer.status_code == 200
    assert "Ignored options: min" in answer.json()["message"]


def test_an_unknown_plan_is_refused_with_the_known_plans(
    heroku: HerokuCaller, session: Session
) -> None:
    answer = heroku.provision(plan="gold")
    assert answer.status_code == 422
    assert "test, basic, standard, premium" in answer.json()["message"]
    assert session.exec(select(Tenant)).all() == []


@pytest.mark.parametrize("body", [{}, {"uuid": "1", "plan": "basic"}, {"uuid": "1" * 32}])
def test_a_provisioning_without_uuid_or_plan_is_refused(heroku: HerokuCaller, body: Any) -> None:
    answer = heroku.ask("POST", "", body)
    assert answer.status_code == 422
    assert answer.json()["fields"]


def test_a_grant_is_kept_sealed_while_heroku_does_not_answer(
    heroku: HerokuCaller, world: Sandbox, addon: AddOn, session: Session, sealer: Sealer
) -> None:
    world.traffic.add_fault(Fault("/oauth/token", status=503))
    body = a_body(world, addon)
    answer = heroku.ask("POST", "", body)
    assert answer.status_code == 202
    assert answer.json().keys() == {"id", "message"}
    sealed = the_tenant(session).grant_sealed
    assert sealed
    assert body["oauth_grant"]["code"] in sealer.open(sealed)


def test_a_repeated_delivery_exchanges_the_kept_grant(
    heroku: HerokuCaller, world: Sandbox, addon: AddOn, session: Session
) -> None:
    world.traffic.add_fault(Fault("/oauth/token", status=503, calls=1))
    body = a_body(world, addon)
    heroku.ask("POST", "", body)
    heroku.ask("POST", "", body)
    assert session.exec(select(App)).one().name == addon.app.name


def test_tokens_are_kept_when_the_app_cannot_be_read(
    heroku: HerokuCaller, world: Sandbox, addon: AddOn, session: Session
) -> None:
    world.traffic.add_fault(Fault("/addons", status=500, calls=1))
    body = a_body(world, addon)
    assert heroku.ask("POST", "", body).status_code == 202
    assert session.exec(select(App)).all() == []
    heroku.ask("POST", "", a_body(world, addon))
    assert session.exec(select(App)).one().name == addon.app.name
    assert len(world.traffic.requests("POST", "/oauth/token")) == 1


def test_the_tenants_own_look_at_its_apps_exchanges_the_kept_grant(
    heroku: HerokuCaller, client: TestClient, world: Sandbox, addon: AddOn, session: Session
) -> None:
    world.traffic.add_fault(Fault("/oauth/token", status=503, calls=1))
    heroku.ask("POST", "", a_body(world, addon))
    key = a_key(session, addon.id, "another", utc_now())
    session.commit()
    apps = client.get("/v1/apps", auth=("guv", key)).json()
    assert [app["name"] for app in apps["apps"]] == [addon.app.name]


def test_a_grant_that_heroku_refuses_is_named(
    heroku: HerokuCaller, world: Sandbox, addon: AddOn
) -> None:
    body = a_body(world, addon)
    body["oauth_grant"]["code"] = "used-already"
    answer = heroku.ask("POST", "", body)
    assert answer.status_code == 200
    assert "refused" in answer.json()["message"]


def test_a_deprovisioned_resource_stays_gone(heroku: HerokuCaller) -> None:
    body = {"uuid": str(uuid4()), "plan": "basic"}
    heroku.ask("POST", "", body)
    heroku.ask("DELETE", f"/{body['uuid']}")
    assert heroku.ask("POST", "", body).status_code == 410
