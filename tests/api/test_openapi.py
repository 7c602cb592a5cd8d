"""The OpenAPI document tells a newcomer enough."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

TIMES = (
    "target_deadline",
    "processing_time",
    "processing_time_stddev",
    "boot_time",
    "interval",
    "history",
    "cooldown_up",
    "cooldown_down",
    "busy_protection_limit",
    "alert_after",
)


@pytest.fixture
def document(client: TestClient) -> Any:
    return client.get("/openapi.json").json()


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_every_operation_is_described(document: Any) -> None:
    assert [name for name, one in operations(document) if not one.get("description")] == []


def test_every_operation_but_health_needs_credentials(document: Any) -> None:
    open_ = [name for name, one in operations(document) if not one.get("security")]
    assert open_ == ["get /health"]


def test_every_error_has_the_one_form(document: Any) -> None:
    for name, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status.startswith("4"):
                schema = answer["content"]["application/json"]["schema"]
                assert schema["$ref"].endswith("/ErrorBody"), (name, status)


def test_every_setting_is_described(document: Any) -> None:
    settings = document["components"]["schemas"]["SettingsValues"]["properties"]
    assert [name for name, one in settings.items() if not one.get("description")] == []


@pytest.mark.parametrize("name", TIMES)
def test_the_unit_of_a_time_is_said(document: Any, name: str) -> None:
    settings = document["components"]["schemas"]["SettingsValues"]["properties"]
    assert "seconds" in settings[name]["description"].lower()
