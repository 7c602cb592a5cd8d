"""Consent at Heroku's page: a person lets guv scale an app."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from sqlmodel import Session, select
from starlette.testclient import TestClient

from api.app import create_app
from api.container import Outside
from guv.apps.authorization import Authorizer
from guv.apps.models import Consent
from guv.clock import utc_now
from guv.config import Config
from guv.crypto import Sealer
from sandbox.server import Sandbox
from sandbox.traffic import Fault
from tests.api.authorizing import CLIENT, OWNER, Desk, query
from tests.api.callers import TenantCaller


def test_consent_given_at_herokus_page_lets_guv_scale(desk: Desk, sealer: Sealer) -> None:
    page = desk.arrive(desk.connect())
    assert (page.status_code, desk.shop.name in page.text) == (200, True)
    state, stored = desk.state(), desk.stored()
    assert (state["state"], state["credential"]) == ("authorized", "user")
    assert stored.access_token_sealed is not None
    token = sealer.open(stored.access_token_sealed)
    assert desk.world.heroku.authorizations.access[token].account == OWNER
    assert stored.refresh_token_sealed is not None
    assert stored.token_expires_at is not None


def test_only_the_right_to_scale_is_asked_for(desk: Desk) -> None:
    url = desk.connect()
    asked = query(url)
    assert urlsplit(url).path == "/oauth/authorize"
    assert (asked["scope"], asked["client_id"], asked["response_type"]) == ("write", CLIENT, "code")
    assert asked["code_challenge_method"] == "S256"


def test_a_denied_consent_changes_nothing(desk: Desk) -> None:
    page = desk.arrive(desk.connect(), "no")
    assert (page.status_code, "You did not allow guv" in page.text) == (422, True)
    assert desk.state()["credential"] == "partner"


def test_a_consent_callback_works_once(desk: Desk) -> None:
    location = desk.back(desk.connect())
    assert desk.follow(location).status_code == 200
    since = desk.state()["since"]
    again = desk.follow(location)
    assert (again.status_code, "was already used" in again.text) == (422, True)
    assert desk.state()["since"] == since


@pytest.mark.parametrize("state", ["", "made-up", "x" * 500])
def test_a_consent_callback_with_an_unknown_state_is_refused(desk: Desk, state: str) -> None:
    page = desk.follow(f"/heroku/oauth/callback?state={state}&code=made-up")
    assert (page.status_code, "start again" in page.text) == (422, True)
    assert desk.world.traffic.requests("POST", "/oauth/token") == []


def test_a_consent_callback_is_refused_after_ten_minutes(desk: Desk, web_config: Config) -> None:
    location = desk.back(desk.connect())

    def late() -> datetime:
        return utc_now() + timedelta(minutes=10)

    with TestClient(create_app(web_config, Outside(clock=late))) as later:
        page = later.get(location.removeprefix("https://guv.example.com"))
    assert (page.status_code, "10 minutes" in page.text) == (422, True)
    assert desk.state()["credential"] == "partner"


def test_an_intercepted_consent_code_is_worthless(desk: Desk) -> None:
    """Without the verifier, which never leaves guv, Heroku gives no tokens for it."""
    caught = query(desk.back(desk.connect()))["code"]
    own = query(desk.back(desk.connect()))["state"]
    page = desk.follow(f"/heroku/oauth/callback?state={own}&code={caught}")
    assert (page.status_code, "Heroku rejected" in page.text) == (422, True)
    assert desk.state()["credential"] == "partner"


def test_a_consent_is_for_the_app_it_was_asked_for(
    desk: Desk, session: Session, sealer: Sealer
) -> None:
    [row] = begun(desk, session)
    assert (row.tenant_id, row.app_id) == (desk.caller.tenant.id, desk.caller.app.id)
    assert len(sealer.open(row.verifier_sealed)) >= 43


def test_the_stored_consent_state_does_not_allow_a_callback(desk: Desk, session: Session) -> None:
    [row] = begun(desk, session)
    page = desk.follow(f"/heroku/oauth/callback?state={row.state_hash}&code=x")
    assert (page.status_code, "was already used" in page.text) == (422, True)


def begun(desk: Desk, session: Session) -> list[Consent]:
    desk.connect()
    return list(session.exec(select(Consent)))


def test_unfinished_consents_are_deleted(
    desk: Desk, session: Session, sealer: Sealer, web_config: Config
) -> None:
    desk.connect()
    heroku = desk.caller.client.app.state.parts.heroku  # type: ignore[attr-defined]  # a FastAPI
    authorizer = Authorizer(desk.engine, sealer, heroku, web_config.guv_authorization_retry)
    later = utc_now() + timedelta(minutes=11)
    authorizer.send(desk.caller.tenant, desk.caller.app, "somebody", later)
    assert [row.by for row in session.exec(select(Consent))] == ["somebody"]


def test_a_consent_of_a_person_without_rights_to_the_app_says_so(desk: Desk) -> None:
    url = desk.connect()
    apps = desk.world.heroku.apps
    hidden = apps.pop(desk.shop.id)  # the customer who agrees does not see it
    location = desk.back(url)
    apps[desk.shop.id] = hidden
    page = desk.follow(location)
    assert (page.status_code, "cannot be used" in page.text) == (422, True)
    assert "You do not have access" in page.text
    assert desk.state()["credential"] == "partner"


def test_a_consent_while_heroku_is_unreachable_says_so(desk: Desk) -> None:
    location = desk.back(desk.connect())
    desk.world.traffic.add_fault(Fault("/oauth/token", status=503))
    page = desk.follow(location)
    assert (page.status_code, "does not answer" in page.text) == (422, True)


def test_the_consent_page_sends_no_referrer(desk: Desk) -> None:
    page = desk.arrive(desk.connect())
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script" not in page.text


def test_an_apps_name_is_escaped_on_the_consent_page(desk: Desk, session: Session) -> None:
    desk.caller.app.name = "<b>shop"
    session.add(desk.caller.app)
    session.commit()
    parts = desk.caller.client.app.state.parts  # type: ignore[attr-defined]  # it is a FastAPI
    request = parts.authorizer().send(desk.caller.tenant, desk.caller.app, OWNER, utc_now())
    assert "<b>" not in desk.arrive(request.url).text


def test_an_add_on_removed_during_a_consent_gets_no_token(desk: Desk, session: Session) -> None:
    location = desk.back(desk.connect())
    desk.caller.tenant.state = "deprovisioned"
    session.add(desk.caller.tenant)
    session.commit()
    page = desk.follow(location)
    assert (page.status_code, "was removed" in page.text) == (422, True)
    assert desk.stored().credential == "partner"


@pytest.mark.parametrize(
    "missing",
    [{"guv_user_oauth_client_id": ""}, {"guv_user_oauth_client_secret": SecretStr("")}],
)
def test_a_guv_without_an_oauth_client_says_what_to_do_instead(
    web_config: Config, caller: TenantCaller, missing: dict[str, Any]
) -> None:
    bare = web_config.model_copy(update=missing)
    with TestClient(create_app(bare)) as client:
        here = TenantCaller(client, caller.key, caller.tenant, caller.app)
        answer = here.ask("POST", caller.app_path("/authorization/connect"))
        assert (answer.status_code, "PUT a token" in answer.json()["message"]) == (409, True)
        assert here.get(caller.app_path("/authorization")).json()["can_connect"] is False


def test_two_callbacks_with_the_same_consent_state_authorize_once(
    desk: Desk, world: Sandbox
) -> None:
    location = desk.back(desk.connect())
    with ThreadPoolExecutor(4) as threads:
        pages = list(threads.map(desk.follow, [location] * 4))
    assert sorted(page.status_code for page in pages) == [200, 422, 422, 422]
    assert len(world.traffic.requests("POST", "/oauth/token")) == 1
