"""Generated requests from the OpenAPI document against a running service."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from tests.api.callers import TenantCaller

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
schemathesis.serializer("application/logplex-1")(lambda _context, value: str(value).encode())
EXAMPLES = 6  # of each operation; more were run by hand


def test_the_service_conforms_to_its_openapi_document(
    caller: TenantCaller, client: TestClient
) -> None:
    caller.put(caller.role_path(), {})
    document = schemathesis.openapi.from_asgi("/openapi.json", client.app)
    schema = document.exclude(path="/health")  # is unwell here: no clock beats
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]  # an error would raise here

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(case=operation.as_strategy())
        def run(case: Any) -> None:
            case.call_and_validate(checks=CHECKS, auth=("guv", caller.key))

        run()
