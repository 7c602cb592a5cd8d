"""Requests are checked strictly against what Heroku publishes."""

from typing import Any

import pytest

from sandbox.heroku.schema import NotInSchema, schema_is_here, validate_request

pytestmark = pytest.mark.skipif(
    not schema_is_here(), reason="Heroku's published schema is not beside the checkout"
)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/apps/5f1f/formation", None),
        ("PATCH", "/apps/5f1f/formation/worker", {"quantity": 3}),
        ("PATCH", "/apps/5f1f/formation", {"updates": [{"type": "worker", "quantity": 3}]}),
        ("PATCH", "/addons/5f1f/config", {"config": [{"name": "GUV_URL", "value": "x"}]}),
        ("POST", "/addons/5f1f/actions/provision", None),
        ("GET", "/account/rate-limits", None),
    ],
)
def test_what_heroku_declares_passes(method: str, path: str, body: Any) -> None:
    validate_request(method, path, body)


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
def test_what_heroku_does_not_declare_is_named(
    method: str, path: str, body: Any, reason: str
) -> None:
    with pytest.raises(NotInSchema, match=reason):
        validate_request(method, path, body)
