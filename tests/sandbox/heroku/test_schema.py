"""Strict checks against Heroku's published schema."""

from typing import Any

import pytest

from tests.sandbox.heroku.schema import NotInSchema, validate_request


@pytest.mark.parametrize(
    ("method", "path", "body", "name"),
    [
        ("GET", "/apps/5f1f/formation", None, "formation: List"),
        ("PATCH", "/apps/5f1f/formation/worker", {"quantity": 3}, "formation: Update"),
        (
            "PATCH",
            "/apps/5f1f/formation",
            {"updates": [{"type": "worker", "quantity": 3}]},
            "formation: Batch Update",
        ),
        (
            "PATCH",
            "/addons/5f1f/config",
            {"config": [{"name": "GUV_URL", "value": "x"}]},
            "add-on-config: Update",
        ),
        ("POST", "/addons/5f1f/actions/provision", None, "add-on-action: Provision"),
        ("GET", "/account/rate-limits", None, "rate-limit: Info"),
    ],
)
def test_a_declared_request_is_recognized(method: str, path: str, body: Any, name: str) -> None:
    assert validate_request(method, path, body) == name


@pytest.mark.parametrize(
    ("method", "path", "body", "reason"),
    [
        ("GET", "/nothing", None, "Heroku has no GET /nothing"),
        ("PUT", "/apps/5f1f/formation", {}, "Heroku has no PUT"),
        ("PATCH", "/apps/5f1f/formation/worker", {"quantity": "3"}, "not of type 'integer'"),
        ("PATCH", "/apps/5f1f/formation/worker", {"quantity": 3, "why": 1}, "'why'"),
        ("PATCH", "/apps/5f1f/formation", {}, "'updates' is a required property"),
        ("PATCH", "/apps/5f1f/formation", {"updates": [{"quantity": 3}]}, "'type' is a required"),
        (
            "PATCH",
            "/apps/5f1f/formation",
            {"updates": [{"type": "worker", "quantity": 3, "size": "Eco"}]},
            "'size' was unexpected",
        ),
        ("GET", "/apps/5f1f/formation", {"type": "worker"}, "takes no body"),
    ],
)
def test_an_undeclared_request_is_refused_with_its_mistake(
    method: str, path: str, body: Any, reason: str
) -> None:
    with pytest.raises(NotInSchema, match=reason):
        validate_request(method, path, body)
