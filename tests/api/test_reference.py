"""The reference page, served from our own origin."""

import re

from starlette.testclient import TestClient


def test_the_reference_page_shows_the_openapi_document(client: TestClient) -> None:
    answer = client.get("/docs")
    assert answer.status_code == 200
    assert "/openapi.json" in answer.text


def test_the_reference_page_loads_from_our_origin_only(client: TestClient) -> None:
    assert re.findall(r"https?://[^\"' ]+", client.get("/docs").text) == []


def test_the_assets_of_the_reference_page_are_served(client: TestClient) -> None:
    parts = re.findall(r"/docs/assets/[-.\w]+", client.get("/docs").text)
    assert len(parts) >= 3
    assert "openapi: 3.1" in client.get("/docs/assets/swagger-ui-bundle.js").text
    assert [part for part in parts if client.get(part).status_code != 200] == []


def test_nothing_outside_the_assets_is_served(client: TestClient) -> None:
    assert client.get("/docs/assets/..%2f__init__.py").status_code == 404
