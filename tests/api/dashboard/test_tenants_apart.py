"""What is another tenant's is on nobody's page: every route of the pages is walked as a visitor."""

from collections.abc import Callable
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlmodel import Session, select

from api.dashboard.routes import PAGES
from guv.apps.models import App
from guv.roles.models import Role
from guv.settings.models import SettingsChange
from guv.tenants.models import ApiKey
from tests.api.dashboard.browser import Browser
from tests.api.rows import a_decision
from tests.api.test_tenants_apart import replay_of
from tests.builders import NOON, a_key, a_role

PUBLIC = {"/heroku/oauth/callback", "/dashboard/plotly/{wanted}/plotly.min.js"}  # for anybody
NAMES = {"{app}", "{role}", "{key}", "{number}", "{replay}"}
OTHERS = {"key": str(UUID(int=1)), "number": "1", "replay": str(UUID(int=1))}
Asked = tuple[str, str]


def routes_of_pages() -> list[Asked]:
    """The method and path of every route that only a visit opens."""
    app = FastAPI()
    for router in PAGES:
        app.include_router(router)
    paths = app.openapi()["paths"]
    assert set(paths) >= PUBLIC
    return [
        (method.upper(), path)
        for path, methods in paths.items()
        for method in methods
        if path not in PUBLIC
    ]


ROUTES = routes_of_pages()


@pytest.fixture
def victim(new_browser: Callable[[], Browser], session: Session) -> dict[str, str]:
    """What another tenant's pages are named with."""
    other = new_browser()
    other.owner.app.name = "victim-marker"
    session.add(other.owner.app)
    role = a_role(session, other.owner.app, "victim-role")
    a_key(session, other.owner.tenant.id, "victim-key", NOON)
    a_decision(session, role)
    replay = replay_of(role)
    session.add(replay)
    session.commit()
    key = session.exec(select(ApiKey.id).where(ApiKey.tenant_id == other.owner.tenant.id)).first()
    names = {"app": "victim-marker", "role": "victim-role", "number": "1"}
    return {**names, "key": str(key), "replay": str(replay.id)}


def asked(browser: Browser, method: str, path: str) -> int:
    """The status of the answer, to a form with the visit's proof where it is one."""
    if method == "GET":
        return browser.get(path).status_code
    return browser.post(path, {"csrf": browser.csrf(), "hours": "24"}).status_code


def named(path: str) -> bool:
    return "{" in path


def test_every_route_of_the_pages_names_only_what_is_walked() -> None:
    parts = {part for _, path in ROUTES for part in path.split("/") if named(part)}
    assert parts == NAMES


def test_a_page_of_another_tenant_is_not_there(
    visitor: Browser, victim: dict[str, str], session: Session
) -> None:
    before = rows(session)
    found = {
        (method, path): asked(visitor, method, path.format(**victim))
        for method, path in ROUTES
        if named(path)
    }

    assert len(found) >= 40
    assert found == dict.fromkeys(found, 404)
    assert rows(session) == before


def rows(session: Session) -> list[str]:
    """What a page could change."""
    session.expire_all()
    return [
        repr(row)
        for table in (App, Role, ApiKey, SettingsChange)
        for row in session.exec(select(table)).all()
    ]


def test_no_page_is_shown_and_nothing_done_without_a_session(
    guest: Browser, session: Session
) -> None:
    a_role(session, guest.owner.app)
    session.commit()
    found = {}
    for method, path in ROUTES:
        real = path.format(app=guest.owner.app.name, role="worker", **OTHERS)
        found[method, path] = (
            guest.get(real) if method == "GET" else guest.post(real, {})
        ).status_code

    assert found == dict.fromkeys(ROUTES, 401)


def test_no_form_is_accepted_without_the_csrf_token_of_its_session(
    visitor: Browser, role: Role
) -> None:
    forms = [path for method, path in ROUTES if method == "POST"]
    found = {}
    for path in forms:
        real = path.format(app=visitor.owner.app.name, role=role.name, **OTHERS)
        found[path] = visitor.post(real, {"csrf": "guessed"}).status_code

    assert found == dict.fromkeys(forms, 403)
