from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from guv.incidents.causes import Cause
from tests.worker.world import World
from worker.tick.heroku_access import access_of

MakeWorld = Callable[..., World]
FORMATION = "/apps/.*/formation"
REFRESH = "/oauth/token"
LOST = "authorization_lost"
FORBIDDEN = {"id": "forbidden", "message": "You do not have access to the app shop."}


@pytest.fixture
def busy(world: MakeWorld) -> World:
    """Make a role that needs more dynos than it has."""
    here = world(processing_time=10.0, maximum_dynos=20)
    here.publish(100)
    return here


def refreshes(here: World) -> int:
    return len(here.sandbox.traffic.requests("POST", REFRESH)) - 1  # the first grant


def test_a_first_success_authorizes_the_app(busy: World) -> None:
    busy.tick()
    assert busy.stored_app().authorization_state == "authorized"


def test_a_token_is_refreshed_before_it_expires(busy: World) -> None:
    busy.tick(after=8 * 3600 - 300)
    assert refreshes(busy) == 1
    assert busy.decisions()[0].outcome == "scaled"
    assert busy.stored_app().token_expires_at == busy.clock.now + timedelta(hours=8)


def test_a_fresh_token_serves_the_following_ticks(busy: World) -> None:
    busy.tick(after=8 * 3600 - 300)
    busy.ticks(60)
    assert refreshes(busy) == 1


def test_a_dead_token_is_refreshed_once_and_the_tick_goes_on(busy: World) -> None:
    busy.sandbox.heroku.authorizations.revoke(refresh=False)
    busy.tick()
    assert (refreshes(busy), busy.decisions()[0].outcome) == (1, "scaled")


def test_a_token_that_still_works_is_used_while_no_refresh_is_to_be_had(busy: World) -> None:
    busy.fail(REFRESH, 503)
    busy.tick(after=8 * 3600 - 300)
    assert busy.decisions()[0].outcome == "scaled"


def test_many_ticks_at_once_cost_one_refresh(busy: World) -> None:
    busy.clock.now += timedelta(hours=8) - timedelta(minutes=1)
    busy.fail(REFRESH, hang=0.2)

    def token(_: int) -> str:
        access = access_of(busy.runtime, busy.app, busy.clock.now)
        return access.call(lambda token: token)

    with ThreadPoolExecutor(8) as threads:
        tokens = set(threads.map(token, range(8)))
    assert (len(tokens), refreshes(busy)) == (1, 1)


def test_a_new_refresh_token_is_kept(busy: World) -> None:
    body = {"access_token": "HRKU-new", "refresh_token": "HRKU-newer", "expires_in": 100}
    busy.fail(REFRESH, 200, body=body)
    busy.clock.now += timedelta(hours=8)
    access_of(busy.runtime, busy.app, busy.clock.now).call(lambda token: token)
    sealed = busy.stored_app().refresh_token_sealed
    assert sealed is not None
    assert busy.runtime.sealer.open(sealed) == "HRKU-newer"


def test_an_app_whose_rights_are_gone_needs_authorization(busy: World) -> None:
    busy.sandbox.heroku.authorizations.partner_may_scale = False
    result = busy.tick()
    app, row = busy.stored_app(), busy.decisions()[0]
    assert (app.authorization_state, row.outcome) == ("needs_authorization", "skipped")
    assert "You do not have access" in app.authorization_note
    assert [trouble.cause for trouble in result.troubles] == [Cause.AUTHORIZATION_LOST]


def test_messages_are_still_counted_without_authorization(busy: World) -> None:
    busy.sandbox.heroku.authorizations.partner_may_scale = False
    busy.ticks(30)
    assert [row.messages_ready for row in busy.samples()] == [100, 100, 100]


def test_without_authorization_heroku_is_asked_every_few_minutes_by_one_role(busy: World) -> None:
    other = busy.add_role("other", queues=["worker"], process_type="web")
    busy.sandbox.heroku.authorizations.partner_may_scale = False
    busy.tick()
    asked = busy.asked("GET", FORMATION)
    busy.ticks(100)
    assert busy.asked("GET", FORMATION) == asked
    busy.clock.now += timedelta(minutes=5)
    busy.tick(after=0)
    busy.tick(other, after=0)
    assert busy.asked("GET", FORMATION) == asked + 1


def test_scaling_resumes_by_itself_after_the_authorization_returns(busy: World) -> None:
    authorizations = busy.sandbox.heroku.authorizations
    authorizations.partner_may_scale = False
    busy.ticks(30)
    authorizations.partner_may_scale = True
    busy.tick(after=300)
    assert busy.stored_app().authorization_state == "authorized"
    assert busy.decisions()[-1].outcome == "scaled"


def test_a_token_that_may_look_but_not_scale_needs_authorization(busy: World) -> None:
    busy.fail(FORMATION, 403, method="PATCH", body=FORBIDDEN)
    result = busy.tick()
    row = busy.decisions()[0]
    assert (row.outcome, row.error) == ("refused", "forbidden: " + FORBIDDEN["message"])
    assert busy.stored_app().authorization_state == "needs_authorization"
    assert Cause.AUTHORIZATION_LOST in {trouble.cause for trouble in result.troubles}


def test_a_right_to_look_does_not_pass_for_the_right_to_scale(busy: World) -> None:
    """Also while nothing is to be changed, so that only looking would find nothing wrong."""
    busy.notify()
    busy.fail(FORMATION, 403, method="PATCH", body=FORBIDDEN)
    busy.tick()
    busy.sandbox.broker.delete(busy.access.vhost, "worker")
    busy.sandbox.broker.declare(busy.access.vhost, "worker")
    busy.ticks(1500)
    assert busy.stored_app().authorization_state == "needs_authorization"
    assert [incident.resolved_at for incident in busy.incidents() if incident.cause == LOST] == [
        None
    ]
    busy.mend()
    busy.tick(after=300)
    assert busy.stored_app().authorization_state == "authorized"


def test_a_suspended_app_is_no_lost_authorization(busy: World) -> None:
    busy.fail(FORMATION, 403, body={"id": "suspended", "message": "This app is suspended."})
    result = busy.tick()
    assert [trouble.cause for trouble in result.troubles] == [Cause.NO_DATA]
    assert busy.stored_app().authorization_state == "unknown"


def test_a_dead_refresh_token_needs_authorization(busy: World) -> None:
    busy.sandbox.heroku.authorizations.revoke(refresh=True)
    busy.tick()
    assert busy.stored_app().authorization_state == "needs_authorization"


def test_an_app_without_any_token_is_not_asked_for(busy: World) -> None:
    busy.change(busy.app, access_token_sealed=None, refresh_token_sealed=None)
    busy.tick()
    assert busy.asked("GET", FORMATION) == 0
    assert busy.decisions()[0].outcome == "skipped"


def test_a_refresh_token_alone_is_enough_to_scale(busy: World) -> None:
    busy.change(busy.app, access_token_sealed=None)
    busy.tick()
    assert busy.decisions()[0].outcome == "scaled"
