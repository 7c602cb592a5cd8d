"""Authorization of an app by a pasted token, and its removal."""

import threading
import time
from collections.abc import Callable

import pytest
from sqlmodel import Session

from guv.crypto import Sealer
from sandbox.server import Sandbox
from sandbox.traffic import Fault
from tests.api.authorizing import Desk
from tests.api.callers import TenantCaller, faults
from tests.builders import NOON

FORMATION = "/apps/.*/formation"


def test_a_token_that_may_scale_is_what_guv_scales_with(desk: Desk) -> None:
    answer = desk.paste(desk.token())
    assert answer.status_code == 200
    state = answer.json()
    assert (state["state"], state["credential"], state["by"]) == (
        "authorized",
        "pasted",
        "key GUV_URL",
    )
    assert state["since"] is not None
    assert state == desk.state()


def test_a_pasted_token_is_never_shown_and_stored_sealed(
    desk: Desk, sealer: Sealer, logged: Callable[[], str]
) -> None:
    token = desk.token()
    answers = desk.paste(token).text + desk.ask("GET").text + desk.caller.get("/apps").text
    stored = desk.stored().access_token_sealed
    assert stored is not None
    assert (token in answers, token in logged(), token.encode() in stored) == (False,) * 3
    assert sealer.open(stored) == token


@pytest.mark.parametrize(
    ("scope", "advice"),
    [("read", "it needs the scope write"), ("identity", "it needs the scope write")],
)
def test_a_pasted_token_with_read_scope_only_is_refused(
    desk: Desk, scope: str, advice: str
) -> None:
    answer = desk.paste(desk.token(scope))
    assert answer.status_code == 422
    assert advice in faults(answer)["token"]
    assert desk.state()["credential"] == "partner"


def test_a_token_of_somebody_without_the_app_is_refused(desk: Desk) -> None:
    other = desk.world.heroku.new_app("elsewhere", {"worker": 1})
    answer = desk.paste(desk.token(app=other))
    assert "You do not have access" in faults(answer)["token"]


def test_a_token_that_heroku_does_not_know_is_refused_and_not_repeated(desk: Desk) -> None:
    answer = desk.paste("HRKU-made-up-marker")
    assert "Heroku does not accept it" in faults(answer)["token"]
    assert "made-up-marker" not in answer.text


@pytest.mark.parametrize("token", ["", "short", "with space in it", "line\nbreak-in-it", "ü" * 20])
def test_a_malformed_pasted_token_is_not_tried_at_heroku(desk: Desk, token: str) -> None:
    assert "token" in faults(desk.paste(token))
    assert desk.world.traffic.requests("GET", FORMATION) == []


def test_space_around_a_pasted_token_does_not_matter(desk: Desk) -> None:
    assert desk.paste(f"  {desk.token()}\n").status_code == 200


def test_a_pasted_token_changes_nothing_while_heroku_is_unreachable(desk: Desk) -> None:
    desk.world.traffic.add_fault(Fault(FORMATION, status=503))
    answer = desk.paste(desk.token())
    assert (answer.status_code, "nothing was changed" in answer.json()["message"]) == (503, True)
    assert desk.state()["credential"] == "partner"


def test_a_refused_token_does_not_replace_a_working_token(desk: Desk) -> None:
    good = desk.paste(desk.token()).json()
    assert desk.paste(desk.token("read")).status_code == 422
    assert desk.state() == good


def test_a_new_token_ends_the_backoff_of_the_app(desk: Desk, session: Session) -> None:
    desk.caller.app.authorization_retry_at = desk.caller.app.token_retry_at = NOON.replace(2100)
    session.add(desk.caller.app)
    session.commit()
    assert desk.state()["retry_at"].startswith("2100")
    desk.paste(desk.token())
    stored = desk.stored()
    assert (stored.authorization_retry_at, stored.token_retry_at) == (None, None)


def test_the_add_ons_own_tokens_come_back_and_are_tried_at_once(desk: Desk, sealer: Sealer) -> None:
    before = desk.stored().access_token_sealed
    token = desk.token()
    desk.paste(token)
    state = desk.ask("DELETE").json()
    stored = desk.stored()
    assert (state["state"], state["credential"], state["by"]) == ("authorized", "partner", "")
    assert stored.access_token_sealed == before
    sealed = [value for name, value in stored.model_dump().items() if name.endswith("_sealed")]
    assert token not in {sealer.open(ciphertext) for ciphertext in sealed if ciphertext is not None}


def test_removing_the_only_authorization_makes_the_app_need_authorization(desk: Desk) -> None:
    desk.world.heroku.authorizations.partner_may_scale = False
    desk.paste(desk.token())
    state = desk.ask("DELETE").json()
    assert state["state"] == "needs_authorization"
    assert "You do not have access" in state["note"]
    assert state["retry_at"] is not None


def test_removing_an_authorization_that_does_not_exist_changes_nothing(desk: Desk) -> None:
    before = desk.state()
    assert desk.ask("DELETE").json() == before
    assert desk.world.traffic.requests("GET", FORMATION) == []


def test_removing_an_authorization_works_while_heroku_is_unreachable(desk: Desk) -> None:
    desk.paste(desk.token())
    desk.world.traffic.add_fault(Fault("/", status=503))
    state = desk.ask("DELETE").json()
    assert (state["credential"], state["state"]) == ("partner", "unknown")


def test_a_removed_add_on_keeps_no_token(desk: Desk, heroku_delete: Callable[[], int]) -> None:
    desk.paste(desk.token())
    desk.connect()
    assert heroku_delete() == 204
    stored = desk.stored()
    assert (stored.access_token_sealed, stored.partner_access_sealed) == (None, None)


@pytest.fixture
def heroku_delete(desk: Desk) -> Callable[[], int]:
    path = f"/heroku/resources/{desk.caller.tenant.id}"
    auth = ("guv", "addon-password-marker")
    return lambda: desk.caller.client.request("DELETE", path, auth=auth).status_code


def test_no_database_connection_is_held_while_heroku_tries_a_token(
    desk: Desk, world: Sandbox
) -> None:
    pool = desk.engine.pool
    world.traffic.add_fault(Fault(FORMATION, hang=0.4))
    seen: list[int] = []

    def watch() -> None:
        end = time.monotonic() + 10
        while not world.traffic.requests("GET", FORMATION) and time.monotonic() < end:
            time.sleep(0.01)
        seen.append(pool.checkedout())  # type: ignore[attr-defined]  # it is a QueuePool

    thread = threading.Thread(target=watch)
    thread.start()
    desk.paste(desk.token())
    thread.join()
    assert seen == [0]


def test_a_read_only_key_cannot_authorize_an_app(desk: Desk, caller: TenantCaller) -> None:
    key = desk.caller.ask("POST", "/keys", {"name": "reader", "scope": "read"}).json()["key"]
    reader = TenantCaller(caller.client, key, desk.caller.tenant, desk.caller.app)
    path = desk.caller.app_path("/authorization")
    assert reader.get(path).status_code == 200
    assert reader.put(path, {"token": desk.token()}).status_code == 403
