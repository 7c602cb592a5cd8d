"""Login sessions, CSRF tokens, error pages, headers and assets."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.routing import APIRoute

from api.dashboard.routes import PAGES
from guv.config import Config
from tests.api.dashboard.browser import Browser, forms_of
from tests.api.dashboard.conftest import HandClock


def test_a_session_ends_after_an_hour_without_a_click(visitor: Browser, clock: HandClock) -> None:
    for _ in range(3):
        clock.pass_by(timedelta(minutes=59))
        assert visitor.get("/dashboard").status_code == 200
    clock.pass_by(timedelta(minutes=62))
    assert visitor.get("/dashboard").status_code == 401


def test_a_page_that_refreshes_itself_does_not_prolong_its_session(
    visitor: Browser, clock: HandClock
) -> None:
    for _ in range(2):
        clock.pass_by(timedelta(minutes=29))
        assert visitor.poll("/dashboard").status_code == 200
    clock.pass_by(timedelta(minutes=3))
    assert visitor.poll("/dashboard").status_code == 401


def test_a_session_ends_after_twelve_hours(visitor: Browser, clock: HandClock) -> None:
    for _ in range(23):
        clock.pass_by(timedelta(minutes=30))
        assert visitor.get("/dashboard").status_code == 200
    clock.pass_by(timedelta(minutes=31))
    assert visitor.get("/dashboard").status_code == 401


def test_signing_out_ends_the_session_on_the_server_too(visitor: Browser) -> None:
    kept = dict(visitor.cookies)
    answer = visitor.send("/dashboard", "/dashboard/sign-out")
    assert (answer.status_code, visitor.cookies) == (303, {})
    visitor.cookies = kept
    assert visitor.get("/dashboard").status_code == 401


def test_a_signed_out_person_learns_how_to_sign_in(guest: Browser) -> None:
    answer = guest.get("/dashboard")
    assert answer.status_code == 401
    assert "www-authenticate" not in answer.headers  # a browser would ask for a password
    assert "heroku addons:open guv" in answer.text


@pytest.mark.parametrize("cookie", ["x", "%00", "a" * 5000])
def test_a_made_up_session_cookie_is_refused(guest: Browser, cookie: str) -> None:
    guest.cookies["__Host-guv"] = cookie
    assert guest.get("/dashboard").status_code == 401


def form_paths() -> list[str]:
    """The paths of all forms, with made-up names in them."""
    routes = [route for router in PAGES for route in router.routes if isinstance(route, APIRoute)]
    paths = {route.path for route in routes if not (route.methods or set()) <= {"GET", "HEAD"}}
    return sorted(re.sub(r"{\w+(:\w+)?}", "name", path) for path in paths)


@pytest.mark.parametrize("csrf", ["", "x", "ü"])
def test_no_form_is_accepted_without_a_csrf_token(visitor: Browser, csrf: str) -> None:
    paths = form_paths()
    assert paths
    for path in paths:
        assert (path, visitor.post(path, {"csrf": csrf}).status_code) == (path, 403)


def test_no_form_is_accepted_with_the_csrf_token_of_another_session(
    visitor: Browser, new_browser: Callable[[], Browser]
) -> None:
    other = new_browser()
    other.sign_on()
    for path in form_paths():
        assert visitor.post(path, {"csrf": other.csrf()}).status_code == 403


def test_no_form_is_accepted_without_a_session(guest: Browser) -> None:
    for path in form_paths():
        assert guest.post(path, {"csrf": "x"}).status_code == 401


def test_an_error_is_a_page_for_a_person_and_json_for_a_program(visitor: Browser) -> None:
    page, answer = visitor.get("/dashboard/nowhere"), visitor.get("/v1/nowhere")
    assert (page.status_code, answer.status_code) == (404, 404)
    assert page.headers["content-type"].startswith("text/html")
    assert "Page not found" in page.text
    assert answer.json()["id"] == "not_found"


def test_a_form_that_is_too_large_gets_a_page(visitor: Browser) -> None:
    answer = visitor.post("/dashboard/keys", {"name": "x" * 1_000_001})
    assert (answer.status_code, "Request too large" in answer.text) == (413, True)


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/nowhere"])
def test_a_page_is_kept_to_our_origin_and_in_no_frame(
    visitor: Browser, page_config: Config, path: str
) -> None:
    headers = visitor.get(path).headers
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == f"'self' {page_config.heroku_id_url}"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


def test_a_page_holds_no_inline_script_or_style(visitor: Browser) -> None:
    text = visitor.get("/dashboard").text
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style", text)


def test_assets_are_served_by_guv_and_cached_for_a_year(visitor: Browser) -> None:
    text = visitor.get("/dashboard").text
    links = re.findall(r'(?:src|href)="([^"]+\.(?:css|js|svg))"', text)
    assert len(links) >= 3
    for link in links:
        answer = visitor.get(link)
        assert (link[0], answer.status_code) == ("/", 200)
        assert "immutable" in answer.headers["cache-control"]
    old = re.sub(r"assets/\w+/", "assets/0123456789ab/", links[0])
    assert visitor.get(old).headers["cache-control"] == "no-cache"


def test_an_asset_path_leads_to_assets_only(visitor: Browser) -> None:
    assert visitor.get("/dashboard/assets/x/..%2f..%2froutes.py").status_code == 404


def test_every_form_of_a_page_carries_the_csrf_token(visitor: Browser) -> None:
    forms = forms_of(visitor.get("/dashboard"))
    assert forms
    assert all(fields["csrf"] for _, fields in forms)
