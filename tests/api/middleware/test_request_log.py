"""The log line of each request, and its request id."""

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from tests.api.callers import TenantCaller


@pytest.fixture
def lines(logged: Callable[[], str]) -> Callable[[], list[dict[str, Any]]]:
    """Return the log lines of requests since the last call."""

    def written() -> list[dict[str, Any]]:
        records = (json.loads(line) for line in logged().splitlines())
        return [line for line in records if line["event"] == "request_answered"]

    return written


def test_a_request_is_logged_as_a_single_line(
    client: TestClient, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    client.get("/nowhere?key=query-marker")
    (line,) = lines()
    assert (line["method"], line["path"], line["status"]) == ("GET", "/nowhere", 404)
    assert line["duration_ms"] >= 0
    assert "query-marker" not in json.dumps(line)


def test_the_log_line_of_a_request_names_the_tenant(
    caller: TenantCaller, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    caller.get("/apps")
    assert lines()[-1]["tenant"] == str(caller.tenant.id)


def test_the_log_line_and_the_answer_have_the_same_new_request_id(
    client: TestClient, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    given = client.get("/nowhere").headers["x-request-id"]
    assert UUID(given)
    assert lines()[-1]["request_id"] == given


def test_a_usable_request_id_of_the_router_is_kept(
    client: TestClient, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    client.get("/nowhere", headers={"X-Request-ID": "0f4b-router-id"})
    assert lines()[-1]["request_id"] == "0f4b-router-id"


@pytest.mark.parametrize("id_", ["short", "x" * 101, 'quote"newline', "guv_0123456789"])
def test_an_unusable_request_id_is_replaced(client: TestClient, id_: str) -> None:
    given = client.get("/nowhere", headers={"X-Request-ID": id_}).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f-]{36}", given)
