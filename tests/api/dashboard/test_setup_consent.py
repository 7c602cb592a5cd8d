"""A consent that began on a page ends there: in the same session, for the same person."""

from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from sqlmodel import Session

from api.container import Parts
from guv.apps.models import App
from sandbox.server import Sandbox
from tests.api.authorizing import CLIENT, SECRET
from tests.api.dashboard.browser import Browser

HOME = "/dashboard/apps/shop/start"
SendOff = Callable[[Browser], str]


@pytest.fixture
def send_off(world: Sandbox, session: Session) -> SendOff:
    """Sends a visitor to Heroku from a page, where they say yes: the way back."""

    def send(visitor: Browser, answer: str = "yes") -> str:
        owner, parts = visitor.owner, parts_of(visitor)
        owner.app.heroku_id = world.heroku.new_app(owner.app.name, {"worker": 1}).id
        session.add(owner.app)
        session.commit()
        world.offer_consent(CLIENT, SECRET, "https://guv.example.com")
        now = visitor.clock()
        back_to = f"{HOME}?done=authorized"
        url = parts.authorizer().send(owner.tenant, owner.app, visitor.email, now, back_to).url
        location = httpx.post(url, data={"answer": answer}).headers["Location"]
        parts_ = urlsplit(location)
        return f"{parts_.path}?{parts_.query}"

    return send


def parts_of(visitor: Browser) -> Parts:
    parts: Parts = visitor.client.app.state.parts  # type: ignore[attr-defined]  # a FastAPI
    return parts


def credential(visitor: Browser, session: Session) -> tuple[str, str]:
    session.expire_all()
    app = session.get_one(App, visitor.owner.app.id)
    return app.credential, app.credential_by


def test_a_consent_returns_to_the_page_that_it_began_on(
    visitor: Browser, send_off: SendOff, session: Session
) -> None:
    page = visitor.get(send_off(visitor))
    assert (page.status_code, page.headers["Location"]) == (303, f"{HOME}?done=authorized")
    assert credential(visitor, session) == ("user", visitor.email)


def test_a_consent_cannot_be_finished_by_another_person(
    visitor: Browser, new_browser: Callable[[], Browser], send_off: SendOff, session: Session
) -> None:
    other = new_browser()
    other.sign_on()
    refused = other.get(send_off(visitor))
    assert refused.status_code == 422
    assert credential(visitor, session) == ("partner", "")


def test_a_consent_cannot_be_finished_without_a_session(
    visitor: Browser, send_off: SendOff, session: Session
) -> None:
    way = send_off(visitor)
    visitor.cookies.clear()
    assert visitor.get(way).status_code == 422
    assert credential(visitor, session) == ("partner", "")


def test_a_declined_consent_gets_a_page_with_the_way_back(
    visitor: Browser, send_off: Callable[..., str]
) -> None:
    page = visitor.get(send_off(visitor, "no"))
    assert (page.status_code, f'href="{HOME}"' in page.text) == (422, True)


def test_a_malformed_consent_callback_gets_an_error_page(visitor: Browser) -> None:
    page = visitor.get("/heroku/oauth/callback", state="x" * 501)
    assert (page.status_code, page.headers["Content-Type"]) == (422, "text/html; charset=utf-8")
