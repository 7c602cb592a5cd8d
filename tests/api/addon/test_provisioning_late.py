"""Provisioning with a slow Heroku: answered 202 and finished later."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from guv.apps.models import App
from guv.clock import utc_now
from guv.tenants.models import ApiKey, PendingProvisioning, Tenant
from sandbox.heroku.customer import Customer, Partner
from sandbox.heroku.model import AddOn
from sandbox.server import Sandbox
from sandbox.traffic import Fault
from tests.api.callers import HerokuCaller

NOBODY = Partner("http://127.0.0.1:9", "guv", "unused")


@pytest.fixture
def body(world: Sandbox, addon: AddOn) -> dict[str, Any]:
    """The body that Heroku sends for the resource."""
    return Customer(world.heroku, NOBODY).provision_body(addon, {})


def unfinished(session: Session) -> PendingProvisioning:
    session.expire_all()
    return session.exec(select(PendingProvisioning)).one()


def test_provisioning_answers_within_three_seconds_while_the_token_endpoint_hangs(
    heroku: HerokuCaller, world: Sandbox, body: dict[str, Any]
) -> None:
    world.traffic.add_fault(Fault("/oauth/token", hang=5))
    start = time.monotonic()
    answer = heroku.ask("POST", "", body)
    assert time.monotonic() - start < 3
    assert answer.status_code == 202
    assert "config" not in answer.json()


def test_twenty_provisionings_at_once_are_answered_in_time(
    heroku: HerokuCaller, world: Sandbox, body: dict[str, Any], session: Session
) -> None:
    world.traffic.add_fault(Fault("/oauth/token", hang=5))
    start = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: heroku.ask("POST", "", body), range(20)))
    assert time.monotonic() - start < 4
    assert {answer.status_code for answer in answers} == {202}
    assert len(session.exec(select(Tenant)).all()) == 1


def test_twenty_deliveries_at_once_make_one_tenant_one_key_and_one_exchange(
    heroku: HerokuCaller, world: Sandbox, body: dict[str, Any], session: Session
) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: heroku.ask("POST", "", body), range(20)))
    assert {answer.status_code for answer in answers} <= {200, 202}
    again = heroku.ask("POST", "", body)
    config = {answer.text for answer in [*answers, again] if answer.status_code == 200}
    assert len(config) == 1
    counts = [len(session.exec(select(table)).all()) for table in (Tenant, ApiKey, App)]
    assert counts == [1, 1, 1]
    assert len(world.traffic.requests("POST", "/oauth/token")) == 1


def test_the_rest_of_a_provisioning_is_stored_before_tokens_are_requested(
    heroku: HerokuCaller, world: Sandbox, body: dict[str, Any], session: Session
) -> None:
    world.traffic.add_fault(Fault("/oauth/token", status=503))
    heroku.ask("POST", "", body)
    left = unfinished(session)
    assert left.is_asynchronous
    assert left.next_at <= utc_now() + timedelta(seconds=1)
    assert session.exec(select(Tenant)).one().state == "provisioning"


def test_a_config_that_was_answered_is_not_sent_again(
    heroku: HerokuCaller, body: dict[str, Any], session: Session
) -> None:
    assert heroku.ask("POST", "", body).status_code == 200
    assert not unfinished(session).is_asynchronous


def test_a_provisioning_without_a_grant_is_finished_at_once(
    heroku: HerokuCaller, session: Session
) -> None:
    assert heroku.provision().status_code == 200
    assert session.exec(select(PendingProvisioning)).all() == []


def test_a_removed_resource_is_not_provisioned_further(
    heroku: HerokuCaller, world: Sandbox, body: dict[str, Any], session: Session
) -> None:
    world.traffic.add_fault(Fault("/oauth/token", status=503))
    heroku.ask("POST", "", body)
    heroku.ask("DELETE", f"/{body['uuid']}")
    assert session.exec(select(PendingProvisioning)).all() == []
    assert heroku.ask("POST", "", body).status_code == 410
