"""The form of every error, which shows nothing confidential."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.dashboard.renderer import as_page
from api.errors import install_error_handlers
from api.middleware.request_log import RequestLog
from api.middleware.security_headers import SecurityHeaders
from api.middleware.unhandled_errors import UnhandledErrors
from guv.crypto import new_api_key
from tests.api.callers import HerokuCaller, TenantCaller, faults


def test_an_unknown_route_has_the_error_form(client: TestClient) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.json() == {"id": "not_found", "message": "/nowhere does not exist.", "fields": []}


def test_an_impossible_method_has_the_error_form(client: TestClient) -> None:
    answer = client.post("/health")
    assert answer.status_code == 405
    assert answer.json()["id"] == "method_not_allowed"
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("body", ["{", "{'a': 1}", '{"a": 1}{', "\xff", "[" * 100_000])
def test_a_body_that_is_not_json_has_the_error_form(caller: TenantCaller, body: str) -> None:
    answer = caller.client.put(
        "/v1/settings",
        content=body.encode("latin-1"),
        headers={"Content-Type": "application/json"},
        auth=("guv", caller.key),
    )
    assert (answer.status_code, answer.json()["id"]) == (400, "bad_request")


def test_a_body_that_is_not_json_is_refused_with_line_and_column(caller: TenantCaller) -> None:
    answer = caller.client.put(
        "/v1/settings",
        content=b'{"minimum_dynos": 1,\n x}',
        headers={"Content-Type": "application/json"},
        auth=("guv", caller.key),
    )
    assert answer.json()["message"] == "The body is not valid JSON (line 2, column 2)."


@pytest.mark.parametrize("body", [None, [], 3, "text"])
def test_a_body_that_is_not_an_object_is_refused_with_what_is_needed(
    caller: TenantCaller, body: Any
) -> None:
    answer = caller.put("/settings", body)
    assert answer.status_code == 422
    assert "JSON object" in answer.json()["fields"][0]["message"]


def test_a_body_sent_as_a_form_is_refused_with_what_is_needed(caller: TenantCaller) -> None:
    answer = caller.client.put(
        "/v1/settings",
        content=b'{"concurrency": 2}',
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=("guv", caller.key),
    )
    assert answer.status_code == 422
    assert "Content-Type: application/json" in answer.json()["fields"][0]["message"]


def test_a_body_that_is_too_large_has_the_error_form(caller: TenantCaller) -> None:
    answer = caller.put("/settings", {"queues": ["x" * 1_100_000]})
    assert (answer.status_code, answer.json()["id"]) == (413, "payload_too_large")


def test_a_body_of_undeclared_length_is_read_up_to_the_limit(caller: TenantCaller) -> None:
    answer = caller.client.put(
        "/v1/settings",
        content=(b" " * 100_000 for _ in range(11)),
        headers={"Content-Type": "application/json"},
        auth=("guv", caller.key),
    )
    assert (answer.status_code, answer.json()["id"]) == (413, "payload_too_large")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "9" * 5000])
def test_nan_and_infinity_in_a_body_are_refused(caller: TenantCaller, number: str) -> None:
    answer = caller.client.put(
        "/v1/settings",
        content=f'{{"target_deadline": {number}}}'.encode(),
        headers={"Content-Type": "application/json"},
        auth=("guv", caller.key),
    )
    assert answer.status_code in {400, 422}
    assert answer.json()["message"]


def test_a_lone_surrogate_in_a_body_is_refused(caller: TenantCaller) -> None:
    answer = caller.client.put(
        f"/v1{caller.role_path()}",
        content=b'{"queues": ["\\ud800"]}',
        headers={"Content-Type": "application/json"},
        auth=("guv", caller.key),
    )
    assert list(faults(answer)) == ["queues.0"]


def test_an_error_does_not_repeat_the_request_body(heroku: HerokuCaller) -> None:
    answer = heroku.provision(uuid="uuid-marker", oauth_grant={"code": ["grant-marker"]})
    assert answer.status_code == 422
    assert "marker" not in answer.text


def test_a_key_in_a_path_is_masked_in_errors(client: TestClient) -> None:
    key = new_api_key()
    assert key not in client.get(f"/v1/{key}").text


@pytest.fixture
def broken() -> Iterator[TestClient]:
    """An app with our error handlers whose only route fails."""
    app = FastAPI()
    install_error_handlers(app, as_page)
    app.add_middleware(UnhandledErrors, as_page=as_page)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestLog)

    @app.get("/")
    def fail() -> None:
        raise RuntimeError("inner-detail-marker")

    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_an_error_of_ours_is_500_without_details(broken: TestClient) -> None:
    answer = broken.get("/")
    assert answer.status_code == 500
    assert answer.json()["id"] == "internal_error"
    assert "marker" not in answer.text
    assert answer.headers["X-Request-ID"]


def test_an_invalid_body_is_refused_in_a_whole_sentence(caller: TenantCaller) -> None:
    answer = caller.client.put("/v1/settings", content=b"{}", auth=("guv", caller.key))
    assert answer.json()["message"] == (
        "The body must be a JSON object, sent with Content-Type: application/json."
    )
    assert "Content-Type" in answer.json()["fields"][0]["message"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"maximum_dynos": "3"}, "must be a whole number"),
        ({"maximum_dynos": -1}, "must be at least 0"),
        ({"policy": "magic"}, "must be deadline, "),
        ({"pause": {"until": "2027-01-01T00:00:00"}}, "needs an offset from UTC, such as Z"),
    ],
)
def test_errors_use_the_same_words_for_the_same_fault(
    caller: TenantCaller, settings: Any, message: str
) -> None:
    answer = caller.put(caller.role_path(), settings)
    [text] = faults(answer).values()
    assert text.startswith(message)
