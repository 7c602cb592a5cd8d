"""The Heroku client: requests, answers and failures."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from json import loads
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import httpx
import pytest

from guv.errors import HerokuLimited, HerokuRefused, HerokuUnavailable
from guv.heroku.client import Formation, HerokuClient, Release, Tokens

APP = UUID("01234567-89ab-cdef-0123-456789abcdef")
FORMATION = [
    {"type": "web", "quantity": 1, "size": "Standard-1X", "app": {"id": str(APP)}},
    {"type": "worker", "quantity": 3, "size": "Standard-1X", "app": {"id": str(APP)}},
]
TOKENS = {"access_token": "HRKU-a", "refresh_token": "HRKU-r", "expires_in": 28799}


def client(handler: Callable[[httpx.Request], httpx.Response]) -> HerokuClient:
    return HerokuClient(
        api_url="https://api.example/",
        id_url="https://id.example",
        client_secret="client-secret-marker",
        timeout=0.5,
        transport=httpx.MockTransport(handler),
    )


def always(status: int, body: object = None) -> HerokuClient:
    return client(lambda _: httpx.Response(status, json=body))


def recorded(body: object) -> tuple[HerokuClient, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=body)

    return client(answer), asked


def test_the_formation_is_read_by_the_apps_uuid_with_the_token() -> None:
    heroku, asked = recorded(FORMATION)
    assert heroku.read_formation(APP, "HRKU-a").quantities == {"web": 1, "worker": 3}
    assert (asked[0].method, str(asked[0].url)) == (
        "GET",
        f"https://api.example/apps/{APP}/formation",
    )
    assert asked[0].headers["Authorization"] == "Bearer HRKU-a"
    assert asked[0].headers["Accept"] == "application/vnd.heroku+json; version=3"


def test_an_app_without_processes_has_an_empty_formation() -> None:
    assert always(200, []).read_formation(APP, "HRKU-a").quantities == {}


def answered(status: int, body: object = None, **headers: str) -> HerokuClient:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client(lambda _: httpx.Response(status, json=body, headers=named))


def test_sizes_and_the_apps_name_come_with_the_formation() -> None:
    entry = {"type": "worker", "quantity": 3, "size": "Basic", "app": {"name": "shop"}}
    result = always(200, [entry]).read_formation(APP, "HRKU-a")
    assert (result.sizes, result.app_name) == ({"worker": "Basic"}, "shop")


def test_the_calls_left_and_the_etag_come_with_the_formation() -> None:
    heroku = answered(200, FORMATION, RateLimit_Remaining="4321", ETag='"abc"')
    result = heroku.read_formation(APP, "HRKU-a")
    assert (result.remaining, result.etag) == (4321, '"abc"')


@pytest.mark.parametrize("remaining", ["", "many", "-1", "1.5"])
def test_calls_left_that_are_no_number_are_unknown(remaining: str) -> None:
    heroku = answered(200, FORMATION, RateLimit_Remaining=remaining)
    assert heroku.read_formation(APP, "HRKU-a").remaining is None


def test_a_known_formation_is_requested_with_its_etag() -> None:
    heroku, asked = recorded(FORMATION)
    heroku.read_formation(APP, "HRKU-a", Formation(etag='"abc"'))
    heroku.read_formation(APP, "HRKU-a", Formation())
    assert [request.headers.get("If-None-Match") for request in asked] == ['"abc"', None]


def test_an_unchanged_formation_is_the_known_formation() -> None:
    known = Formation({"worker": 3}, {"worker": "Basic"}, "shop", '"abc"', 5)
    heroku = answered(304, RateLimit_Remaining="7")
    assert heroku.read_formation(APP, "HRKU-a", known) == replace(known, remaining=7)


def test_an_unexpected_304_is_an_invalid_answer() -> None:
    with pytest.raises(HerokuUnavailable):
        answered(304).read_formation(APP, "HRKU-a")


def test_a_spent_account_is_told_apart_from_an_outage() -> None:
    with pytest.raises(HerokuLimited):
        always(429, {"id": "rate_limit", "message": "wait"}).read_formation(APP, "HRKU-a")
    with pytest.raises(HerokuUnavailable) as failure:
        always(503).read_formation(APP, "HRKU-a")
    assert not isinstance(failure.value, HerokuLimited)


RELEASE = {
    "version": 14,
    "description": "Deploy fa8b262f",
    "user": {"email": "ci@example.com"},
    "created_at": "2026-11-25T12:00:00Z",
}


def test_only_the_newest_release_is_requested() -> None:
    heroku, asked = recorded([RELEASE])
    result = heroku.read_last_release(APP, "HRKU-a")
    noon = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
    assert result == Release(14, "Deploy fa8b262f", "ci@example.com", noon)
    assert asked[0].headers["Range"] == "version ..; order=desc,max=1"


def test_of_several_releases_the_newest_counts() -> None:
    result = always(200, [{**RELEASE, "version": 9}, RELEASE]).read_last_release(APP, "HRKU-a")
    assert result is not None
    assert result.version == 14


def test_an_app_without_releases_has_no_last_release() -> None:
    assert always(200, []).read_last_release(APP, "HRKU-a") is None


@pytest.mark.parametrize("body", [{"a": 1}, "text", [{}], [{**RELEASE, "created_at": None}], [3]])
def test_an_answer_that_is_no_release_is_invalid(body: object) -> None:
    with pytest.raises(HerokuUnavailable):
        always(200, body).read_last_release(APP, "HRKU-a")


def test_scaling_sends_an_absolute_quantity_and_no_size() -> None:
    heroku, asked = recorded({"type": "worker", "quantity": 4})
    assert heroku.scale(APP, "worker", 4, "HRKU-a") == 4
    assert (asked[0].method, asked[0].url.path) == ("PATCH", f"/apps/{APP}/formation/worker")
    assert loads(asked[0].content) == {"quantity": 4}


def test_the_quantity_in_the_scaling_answer_is_returned() -> None:
    assert always(200, {"quantity": 3}).scale(APP, "worker", 4, "HRKU-a") == 3


def test_a_grant_is_exchanged_with_the_client_secret_and_no_client_id() -> None:
    heroku, asked = recorded(TOKENS)
    assert heroku.exchange_grant("a-code") == Tokens("HRKU-a", "HRKU-r", 28799.0)
    assert str(asked[0].url) == "https://id.example/oauth/token"
    assert parse_qs(asked[0].content.decode()) == {
        "grant_type": ["authorization_code"],
        "code": ["a-code"],
        "client_secret": ["client-secret-marker"],
    }


def test_tokens_are_refreshed_with_the_refresh_token() -> None:
    heroku, asked = recorded({**TOKENS, "refresh_token": None})
    assert heroku.refresh_tokens("HRKU-r").refresh_token is None
    form = parse_qs(asked[0].content.decode())
    assert (form["grant_type"], form["refresh_token"]) == (["refresh_token"], ["HRKU-r"])


def test_tokens_are_never_in_a_repr() -> None:
    assert "HRKU" not in repr(Tokens("HRKU-a", "HRKU-r", 1.0))


def test_the_app_behind_an_addon_is_found() -> None:
    result = always(200, {"app": {"id": str(APP), "name": "shop"}}).read_addon_app(APP, "HRKU-a")
    assert (result.id, result.name) == (APP, "shop")


@pytest.mark.parametrize(
    ("status", "body", "limit"),
    [
        (401, {"id": "unauthorized", "message": "Invalid credentials provided."}, None),
        (402, {"id": "delinquent", "message": "Please pay."}, None),
        (403, {"id": "forbidden", "message": "You do not have access to the app shop."}, None),
        (403, {"id": "suspended", "message": "This app is suspended."}, None),
        (403, {"id": "two_factor", "message": "A second factor is needed."}, None),
        (404, {"id": "not_found", "message": "Couldn't find that app."}, None),
        (404, {"id": "not_found", "message": "Couldn't find that process type (work)."}, None),
        (409, {"id": "conflict", "message": "The request could not be processed."}, None),
        (422, {"id": "invalid_params", "message": "App must be deployed before scaling."}, None),
        (
            422,
            {
                "id": "cannot_run_above_limit",
                "message": "Cannot run more than 10 Performance-M size dynos.",
                "limit": 10,
                "size": "Performance-M",
            },
            10,
        ),
        (422, {"id": "verification_needed", "message": "Please verify your account."}, None),
    ],
)
def test_a_refusal_keeps_herokus_words(
    status: int, body: dict[str, Any], limit: int | None
) -> None:
    with pytest.raises(HerokuRefused) as refused:
        always(status, body).scale(APP, "worker", 12, "HRKU-a")
    result = refused.value
    assert (result.status, result.id, result.limit) == (status, body["id"], limit)
    assert str(result) == f"{body['id']}: {body['message']}"


@pytest.mark.parametrize("body", [None, [], "text", {}, {"id": 3, "message": None, "limit": "9"}])
def test_a_refusal_of_an_unknown_form_is_still_a_refusal(body: object) -> None:
    with pytest.raises(HerokuRefused) as refused:
        always(403, body).read_formation(APP, "HRKU-a")
    assert (refused.value.status, refused.value.limit) == (403, None)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_temporary_failure_is_unavailable_and_no_refusal(status: int) -> None:
    with pytest.raises(HerokuUnavailable, match=str(status)):
        always(status, {"id": "rate_limit", "message": "wait"}).read_formation(APP, "HRKU-a")


@pytest.mark.parametrize("body", [None, {}, "text", [1], [{"type": "worker"}], [{"quantity": 1}]])
def test_an_answer_that_is_no_formation_is_invalid(body: object) -> None:
    with pytest.raises(HerokuUnavailable):
        always(200, body).read_formation(APP, "HRKU-a")


@pytest.mark.parametrize("body", [None, {}, [], {"app": None}, {"app": {"id": 3, "name": "shop"}}])
def test_an_answer_that_is_no_addon_is_invalid(body: object) -> None:
    with pytest.raises(HerokuUnavailable):
        always(200, body).read_addon_app(APP, "HRKU-a")


@pytest.mark.parametrize("body", [None, {}, [], {"access_token": "HRKU-a"}, {"expires_in": 1}])
def test_an_answer_without_tokens_is_invalid(body: object) -> None:
    with pytest.raises(HerokuUnavailable):
        always(200, body).exchange_grant("a-code")


def test_a_connection_failure_does_not_show_the_request() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"{request.url} {request.headers} {request.content!r}")

    with pytest.raises(HerokuUnavailable) as failure:
        client(fail).exchange_grant("code-marker")
    assert str(failure.value) == "no usable answer (ConnectError)"
    assert failure.value.__cause__ is None


def test_a_process_type_is_one_part_of_the_path() -> None:
    heroku, asked = recorded({"quantity": 1})
    heroku.scale(APP, "../../account?x=1", 1, "HRKU-a")
    path = asked[0].url.raw_path.decode()
    assert path == f"/apps/{APP}/formation/..%2F..%2Faccount%3Fx%3D1"
