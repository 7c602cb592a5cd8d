"""Single sign-on: signatures of Heroku, and links that work once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from redis import Redis
from sqlmodel import Session
from starlette.testclient import TestClient

from api.app import create_app
from api.auth.sso import SOMEBODY, read_sign_on
from guv.clock import unix_seconds
from guv.config import Config
from guv.errors import Forbidden
from guv.tenants.models import Tenant
from tests.api.dashboard.browser import Browser
from tests.api.dashboard.conftest import HandClock

# The vectors of Heroku's contract, computed with another tool.
VECTOR = {
    "resource_id": "01234567-89ab-cdef-0123-456789abcdef",
    "timestamp": "1700000000",
    "user_id": "11111111-2222-3333-4444-555555555555",
    "email": "user@example.com",
    "app": "shop",
}
SCOPED = "f6ed1e970d8bd7b35adec519515125ab20f738a5e2d8dba6323ab093fb0ccb76"
WEAK = "3ad8eea513a92de12beec822defcaa5adb9c9716"
THEN = datetime.fromtimestamp(1700000000, UTC)


def test_the_user_scoped_token_identifies_the_person() -> None:
    sign_on = read_sign_on({**VECTOR, "user_scoped_resource_token": SCOPED}, "salt", THEN)
    assert sign_on.resource == UUID(VECTOR["resource_id"])
    assert (sign_on.person, sign_on.app) == ("user@example.com", "shop")
    assert (sign_on.token, sign_on.spent) == (SCOPED, WEAK)


def test_the_resource_token_alone_vouches_for_nobody() -> None:
    sign_on = read_sign_on({**VECTOR, "resource_token": WEAK}, "salt", THEN)
    assert sign_on.person == SOMEBODY


def test_a_wrong_user_scoped_token_is_not_saved_by_a_right_resource_token() -> None:
    form = {**VECTOR, "resource_token": WEAK, "user_scoped_resource_token": SCOPED}
    for name in ("email", "user_id", "user_scoped_resource_token"):
        with pytest.raises(Forbidden):
            read_sign_on({**form, name: "other"}, "salt", THEN)


@pytest.mark.parametrize("age", [-60, 0, 300])
def test_a_sign_on_link_works_for_five_minutes_and_with_a_clock_that_is_ahead(age: int) -> None:
    now = THEN + timedelta(seconds=age)
    assert read_sign_on({**VECTOR, "resource_token": WEAK}, "salt", now).token == WEAK


@pytest.mark.parametrize("age", [-61, 301, 360])
def test_a_sign_on_link_older_than_five_minutes_is_refused(age: int) -> None:
    with pytest.raises(Forbidden, match="five minutes"):
        read_sign_on({**VECTOR, "resource_token": WEAK}, "salt", THEN + timedelta(seconds=age))


@pytest.mark.parametrize(
    "change",
    [
        {"user_scoped_resource_token": "0" * 64},
        {"user_scoped_resource_token": ""},
        {"user_scoped_resource_token": "ü"},
        {"timestamp": "1"},
        {"timestamp": "x"},
        {"timestamp": "9" * 400},
        {"resource_id": "x"},
        {"email": "other@example.com"},
        {"user_scoped_resource_token": "-", "resource_token": "-"},
    ],
)
def test_a_sign_on_that_heroku_did_not_sign_gets_an_error_page(
    guest: Browser, change: dict[str, str]
) -> None:
    changed = guest.form(**change)
    assert ("resource_token" in change) or changed != guest.form()
    answer = guest.sign_on(**change)
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")
    assert "set-cookie" not in answer.headers
    assert "heroku addons:open guv" in answer.text


def test_a_right_user_scoped_token_needs_no_right_resource_token(guest: Browser) -> None:
    assert guest.sign_on(resource_token="-").status_code == 303


def test_sign_on_is_refused_without_an_sso_salt(web_config: Config, guest: Browser) -> None:
    assert web_config.guv_sso_salt == SecretStr("")
    with TestClient(create_app(web_config)) as unsalted:
        form = {**guest.form(), "resource_token": "x"}
        assert unsalted.post("/sso/login", data=form).status_code == 403


def test_a_sign_on_link_works_once(guest: Browser) -> None:
    form = guest.form()
    assert guest.post("/sso/login", form).status_code == 303
    again = guest.post("/sso/login", form)
    assert again.status_code == 403


def test_the_resource_token_of_a_used_sign_on_link_is_used_up_too(guest: Browser) -> None:
    form = guest.form()
    guest.post("/sso/login", form)
    del form["user_scoped_resource_token"]
    assert guest.post("/sso/login", form).status_code == 403


def test_two_people_can_sign_on_in_the_same_second(
    guest: Browser, new_browser: Callable[[], Browser]
) -> None:
    other = new_browser()
    other.owner, other.email = guest.owner, "other@example.com"
    assert guest.sign_on().status_code == 303
    assert other.sign_on().status_code == 303


def test_sign_on_leads_to_the_app_that_was_opened(guest: Browser, clock: HandClock) -> None:
    app = guest.owner.app.name
    assert guest.sign_on().headers["location"] == f"/dashboard/apps/{app}"
    clock.pass_by(timedelta(seconds=1))
    elsewhere = guest.sign_on(context_app="attached-elsewhere")
    assert elsewhere.headers["location"] == "/dashboard"


def test_sign_on_of_an_unknown_add_on_gets_an_error_page(guest: Browser) -> None:
    guest.owner.tenant.id = uuid4()
    answer = guest.sign_on()
    assert answer.status_code == 404
    assert "does not know this add-on" in answer.text


def test_a_removed_add_on_gets_an_error_page_and_ends_its_sessions(
    visitor: Browser, session: Session, clock: HandClock
) -> None:
    tenant = session.get_one(Tenant, visitor.owner.tenant.id)
    tenant.state = "deprovisioned"
    session.commit()
    clock.pass_by(timedelta(seconds=1))
    assert visitor.get("/dashboard").status_code == 410
    assert visitor.sign_on().status_code == 410


def test_signing_on_again_ends_the_previous_session(visitor: Browser, clock: HandClock) -> None:
    before = dict(visitor.cookies)
    clock.pass_by(timedelta(seconds=1))
    visitor.sign_on()
    assert visitor.get("/dashboard").status_code == 200
    visitor.cookies = before
    assert visitor.get("/dashboard").status_code == 401


def test_the_session_cookie_is_for_our_pages_over_https_only(guest: Browser) -> None:
    cookie = guest.sign_on().headers["set-cookie"]
    assert cookie.startswith("__Host-guv=")
    kept = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"secure", "httponly", "samesite=lax", "path=/", "max-age=43200"} <= kept


def test_sign_on_accepts_only_a_form(guest: Browser) -> None:
    answer = guest.client.post("/sso/login", json=guest.form())
    assert answer.status_code == 400


def test_sign_on_is_unavailable_without_redis(page_config: Config, guest: Browser) -> None:
    away = page_config.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:9")})
    with TestClient(create_app(away), raise_server_exceptions=False) as client:
        answer = client.post("/sso/login", data=guest.form())
    assert answer.status_code == 503
    assert "text/html" in answer.headers["content-type"]


def test_neither_session_cookie_nor_sign_on_link_is_readable_in_redis(
    visitor: Browser, redis_url: str, clock: HandClock
) -> None:
    with Redis.from_url(redis_url) as redis:
        names = [name.decode() for name in redis.scan_iter("guv:*")]
        shown = " ".join(names) + " ".join(str(redis.get(name)) for name in names)
    assert any(name.startswith("guv:visit:") for name in names)
    assert next(iter(visitor.cookies.values())) not in shown
    assert visitor.form(timestamp=str(int(unix_seconds(clock()))))["resource_token"] not in shown
