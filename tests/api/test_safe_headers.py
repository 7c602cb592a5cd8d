import pytest
from starlette.testclient import TestClient

from tests.api.callers import TenantCaller


@pytest.mark.parametrize("path", ["/health", "/v1/settings", "/nowhere", "/docs", "/dashboard"])
def test_no_answer_may_be_guessed_at_or_framed(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert headers["Referrer-Policy"] in {"no-referrer", "same-origin"}


def test_data_are_kept_by_no_cache_and_run_as_no_page(caller: TenantCaller) -> None:
    headers = caller.get("/settings").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_an_error_has_them_as_well(client: TestClient) -> None:
    answer = client.get("/v1/settings")
    assert answer.status_code == 401
    assert answer.headers["Cache-Control"] == "no-store"
