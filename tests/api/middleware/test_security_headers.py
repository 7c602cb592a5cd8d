"""Security headers of answers and errors."""

from typing import Any

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from tests.api.callers import TenantCaller, engine_of


@pytest.mark.parametrize("path", ["/health", "/v1/settings", "/nowhere", "/docs", "/dashboard"])
def test_every_answer_has_headers_against_sniffing_and_framing(
    client: TestClient, path: str
) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert headers["Referrer-Policy"] in {"no-referrer", "same-origin"}
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")


def test_api_data_is_neither_cached_nor_run_as_a_page(caller: TenantCaller) -> None:
    headers = caller.get("/settings").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_an_error_has_the_security_headers(client: TestClient) -> None:
    answer = client.get("/v1/settings")
    assert answer.status_code == 401
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/v1/settings", "/heroku/oauth/callback?state=s&code=c"])
def test_an_unexpected_error_has_the_security_headers_and_its_request_id(
    client: TestClient, caller: TenantCaller, path: str
) -> None:
    def boom(*_: Any) -> None:
        raise RuntimeError

    event.listen(engine_of(client), "begin", boom)
    answer = client.get(path, auth=("guv", caller.key))
    event.remove(engine_of(client), "begin", boom)

    assert answer.status_code == 500
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert len(answer.headers["X-Request-ID"]) > 8
