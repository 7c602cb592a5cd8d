"""Heroku tokens that expire, are revoked and return: refreshes and notices."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from sqlmodel import Session

from guv.apps.models import App
from guv.config import Config
from guv.errors import HerokuRefused, HerokuUnavailable
from tests.worker.world import World, wait_until
from worker import jobs
from worker.process.runtime import build_runtime
from worker.tick.heroku_access import PAUSE, access_of

MakeWorld = Callable[..., World]
FORMATION = "/apps/.*/formation"
REFRESH = "/oauth/token"
OWNER = "customer@example.com"
USER_CLIENT, USER_SECRET = "connect-client", "user-secret-marker"


@pytest.fixture
def here(world: MakeWorld) -> World:
    """Make a role that has 1 dyno and needs 3."""
    return world(minimum_dynos=3, maximum_dynos=50)


@pytest.fixture
def rotated(here: World) -> World:
    """Reset guv's client secret at Heroku, which ends every access token."""
    authorizations = here.sandbox.heroku.authorizations
    authorizations.client_secret = "new-secret-marker"
    authorizations.revoke(refresh=False)
    return here


@pytest.fixture
def agreed(here: World) -> World:
    """Make a role that only the consent of the app's owner lets guv scale."""
    agree(here)
    return here


def refreshes(here: World) -> int:
    return len(here.sandbox.traffic.requests("POST", REFRESH)) - 1  # the first is the grant's


def a_token(config: Config, app_id: UUID, now: datetime) -> str:
    """Return the app's token as another process gets it."""
    runtime = build_runtime(config)
    try:
        with Session(runtime.engine) as session:
            app = session.get_one(App, app_id)
        return access_of(runtime, app, now).call(lambda token: token)
    finally:
        runtime.close()


def test_a_token_that_expires_during_a_hundred_ticks_costs_one_refresh(world: MakeWorld) -> None:
    types = {f"type{number}": 1 for number in range(100)}
    here = world(formation={"worker": 1, **types})
    roles = [here.role.id]
    roles += [here.add_role(name, queues=["worker"], minimum_dynos=2).id for name in types]
    here.sandbox.heroku.authorizations.revoke(refresh=False)
    for process in here.shop.types.values():
        process.size = "Performance-M"  # 100 Standard dynos are all that an app may have
    here.make_due()
    assert len(jobs.tick_due(here.runtime, roles)) == 101
    assert refreshes(here) == 1
    assert sum(row.outcome == "scaled" for row in here.decisions()) == 100


def test_processes_that_find_the_token_expired_cost_one_refresh(here: World) -> None:
    config, now = here.runtime.config, here.clock.now + timedelta(hours=8)
    here.fail(REFRESH, hang=0.3)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as processes:
        futures = [processes.submit(a_token, config, here.app.id, now) for _ in range(4)]
        tokens = {future.result() for future in futures}
    assert (len(tokens), refreshes(here)) == (1, 1)


def test_a_failed_token_refresh_is_not_tried_by_every_process(here: World) -> None:
    here.clock.now += timedelta(hours=8)
    here.fail(REFRESH, 503)

    def fails(_: int) -> bool:
        try:
            access_of(here.runtime, here.app, here.clock.now).call(lambda token: token)
        except HerokuUnavailable:
            return True
        return False

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(fails, range(8)))
    assert refreshes(here) == 1


def test_a_failed_token_refresh_is_tried_again_soon(here: World) -> None:
    here.clock.now += timedelta(hours=8)
    here.fail(REFRESH, 503, calls=1)
    assert here.tick().actuated.outcome == "held"
    assert here.tick(after=PAUSE.total_seconds()).actuated.outcome == "scaled"


def test_a_refused_refresh_ends_no_token_that_still_works(here: World) -> None:
    refused = {"id": "unauthorized", "message": "OAuth authorization invalid."}
    here.fail(REFRESH, 401, body=refused)
    assert here.tick(after=8 * 3600 - 300).actuated.outcome == "scaled"
    assert here.stored_app().authorization_state == "authorized"


def test_a_new_client_secret_brings_every_app_back_by_itself(rotated: World) -> None:
    assert rotated.tick().actuated.outcome == "skipped"
    config = rotated.runtime.config.model_copy(
        update={"guv_oauth_client_secret": SecretStr("new-secret-marker")}
    )
    old, rotated.runtime = rotated.runtime, build_runtime(config)
    try:
        assert rotated.tick(after=300).actuated.outcome == "scaled"
    finally:
        rotated.runtime.close()
        rotated.runtime = old
    assert rotated.stored_app().authorization_state == "authorized"


def test_a_new_client_secret_that_guv_knows_is_not_noticed(rotated: World) -> None:
    config = rotated.runtime.config.model_copy(
        update={"guv_oauth_client_secret": SecretStr("new-secret-marker")}
    )
    old, rotated.runtime = rotated.runtime, build_runtime(config)
    try:
        assert rotated.tick().actuated.outcome == "scaled"
    finally:
        rotated.runtime.close()
        rotated.runtime = old
    assert refreshes(rotated) == 1


def test_a_revoked_authorization_is_one_notice_for_all_roles(here: World) -> None:
    others = [here.add_role(f"other{n}", queues=["worker"], process_type="web") for n in range(3)]
    here.notify()
    here.tick()
    here.sandbox.heroku.authorizations.revoke()
    for _ in range(30):
        here.tick()
        for other in others:
            here.tick(other, after=0.1)
    [incident] = here.incidents()
    assert (incident.cause, incident.opened_at is not None) == ("authorization_lost", True)
    assert len(here.sandbox.new_relic.events) == 1


def test_roles_that_lose_the_right_at_the_same_moment_share_one_incident(here: World) -> None:
    roles = [here.add_role(f"other{n}", queues=["worker"], process_type="web") for n in range(10)]
    here.sandbox.heroku.authorizations.revoke()
    here.tick()
    here.make_due()
    assert len(jobs.tick_due(here.runtime, [role.id for role in roles])) == 10
    causes = [incident.cause for incident in here.incidents()]
    assert causes.count("authorization_lost") == 1


def test_a_revoked_authorization_is_asked_for_seldom(here: World) -> None:
    here.tick()
    here.sandbox.heroku.authorizations.revoke()
    here.sandbox.traffic.forget()
    here.ticks(3600)
    asked = here.asked("GET", "/apps") + here.asked("POST", REFRESH) + here.asked("PATCH", "/apps")
    assert asked <= 20


def test_a_revoked_authorization_leaves_other_tenants_scaling(
    here: World, world: MakeWorld
) -> None:
    neighbor = world(minimum_dynos=3, maximum_dynos=50)
    here.sandbox.heroku.authorizations.revoke(here.tenant.id)
    assert here.tick().actuated.outcome == "skipped"
    assert neighbor.tick().actuated.outcome == "scaled"


def test_a_new_authorization_is_used_at_the_next_tick_and_ends_the_incident(here: World) -> None:
    here.tick()
    here.sandbox.heroku.authorizations.revoke()
    here.ticks(200)
    here.sandbox.heroku.scale(here.shop, [{"type": "worker", "quantity": 1}])
    authorize(here)
    assert here.tick().actuated.outcome == "scaled"
    assert here.stored_app().authorization_state == "authorized"
    here.ticks(310)
    assert [incident.resolved_at is not None for incident in here.incidents()] == [True]


def test_a_pasted_token_that_is_refused_once_is_not_forgotten(here: World) -> None:
    authorize(here, pasted=True)
    here.fail(FORMATION, 401, body={"id": "unauthorized", "message": "No."}, calls=1)
    assert here.tick().actuated.outcome == "skipped"
    assert here.tick(after=300).actuated.outcome == "scaled"


def test_a_dead_refresh_token_leaves_one_call_for_each_attempt(here: World) -> None:
    here.sandbox.heroku.authorizations.revoke()
    here.tick()
    here.sandbox.traffic.forget()
    here.tick(after=300)
    assert (here.asked("GET", "/apps"), here.asked("POST", REFRESH)) == (0, 1)


def test_a_removed_apps_tokens_do_not_come_back_by_a_refresh(here: World) -> None:
    access = access_of(here.runtime, here.app, here.clock.now + timedelta(hours=8))
    here.change(here.app, access_token_sealed=None, refresh_token_sealed=None)
    with pytest.raises(HerokuRefused, match="no refresh token"):
        access.call(lambda token: token)
    assert here.stored_app().access_token_sealed is None


def test_a_persons_tokens_are_refreshed_with_their_own_client(agreed: World) -> None:
    token = agreed.stored_app().access_token_sealed
    assert agreed.tick(after=8 * 3600 - 300).actuated.outcome == "scaled"
    [asked] = agreed.sandbox.traffic.requests("POST", REFRESH)
    assert (asked.body["grant_type"], asked.body["client_secret"]) == ("refresh_token", USER_SECRET)
    assert agreed.stored_app().access_token_sealed != token


def test_a_persons_tokens_that_expire_during_many_ticks_cost_one_refresh(agreed: World) -> None:
    others = [agreed.add_role(f"o{n}", queues=["worker"], process_type="web") for n in range(8)]
    agreed.sandbox.heroku.consents.office.revoke(refresh=False)
    agreed.make_due()
    roles = [agreed.role, *others]
    assert len(jobs.tick_due(agreed.runtime, [role.id for role in roles])) == 9
    assert len(agreed.sandbox.traffic.requests("POST", REFRESH)) == 1


def test_a_withdrawn_consent_is_one_notice_that_a_new_consent_ends(agreed: World) -> None:
    agreed.notify()
    agreed.sandbox.heroku.consents.revoke(OWNER)
    agreed.ticks(200)
    assert agreed.stored_app().authorization_state == "needs_authorization"
    assert len(agreed.sandbox.new_relic.events) == 1
    agree(agreed)
    assert agreed.tick().actuated.outcome == "scaled"
    agreed.ticks(310)
    assert [incident.resolved_at is not None for incident in agreed.incidents()] == [True]


def test_a_refusal_of_an_old_token_does_not_count_against_a_new_token(here: World) -> None:
    here.sandbox.heroku.authorizations.partner_may_scale = False
    token = here.sandbox.heroku.authorizations.user_token(here.shop, OWNER)
    refused = {"id": "forbidden", "message": "You do not have access to the app shop."}
    here.fail(FORMATION, 403, body=refused, calls=1, hang=0.5)
    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(here.tick)
        wait_until(lambda: here.asked("GET", FORMATION) > 0)
        here.runtime.authorizer().paste(here.tenant, here.app, token, OWNER, here.clock.now)
        assert slow.result().actuated.outcome == "skipped"
    assert here.stored_app().authorization_state == "authorized"
    assert here.tick().actuated.outcome == "scaled"


def test_add_on_tokens_that_came_back_are_refreshed_with_their_own_secret(agreed: World) -> None:
    agreed.runtime.authorizer().take_back(agreed.tenant, agreed.app, agreed.clock.now)
    assert agreed.tick(after=8 * 3600).actuated.outcome == "scaled"
    asked = agreed.sandbox.traffic.requests("POST", REFRESH)[-1]
    assert asked.body["client_secret"] == "oauth-secret-marker"


def agree(here: World) -> None:
    """Give the consent of the app's owner at Heroku's own page."""
    now, authorizer = here.clock.now, here.runtime.authorizer()
    here.sandbox.offer_consent(USER_CLIENT, USER_SECRET, "https://guv.example.com")
    url = authorizer.send(here.tenant, here.app, OWNER, now).url
    back = httpx.post(url, data={"answer": "yes"}).headers["Location"]
    given = httpx.URL(back).params
    arrival = authorizer.receive(given["state"], given["code"], now)
    assert arrival.trouble is None
    here.sandbox.traffic.forget()


def authorize(here: World, *, pasted: bool = False) -> None:
    """Store new tokens of the app, as an authorization by a person does."""
    heroku, seal = here.sandbox.heroku, here.runtime.sealer.seal
    if pasted:
        token = heroku.authorizations.user_token(here.shop, "customer@example.com")
        values = {"credential": "pasted", "refresh_token_sealed": None, "token_expires_at": None}
        here.change(here.app, access_token_sealed=seal(token), **values)
        return
    grant = heroku.authorizations.new_grant(heroku.addons[here.tenant.id], here.clock.now)
    tokens = here.runtime.heroku.exchange_grant(grant.code)
    here.change(
        here.app,
        access_token_sealed=seal(tokens.access_token),
        refresh_token_sealed=seal(tokens.refresh_token or ""),
        token_expires_at=here.clock.now + timedelta(seconds=tokens.expires_in),
        authorization_state="unknown",
        authorization_retry_at=None,
    )
