"""Descriptions and examples of the OpenAPI document."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from starlette.testclient import TestClient

from api.openapi import BODIES, EXAMPLES, parameters, says_values

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


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    return {}


@pytest.fixture
def document(request: pytest.FixtureRequest, kept: dict[str, Any]) -> Any:
    """The answer of /openapi.json, requested once because it takes 0.3 s to build."""
    if not kept:
        client: TestClient = request.getfixturevalue("client")
        kept.update(client.get("/openapi.json").json())
    return kept


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_every_operation_is_described(document: Any) -> None:
    assert [
        name for name, operation in operations(document) if not operation.get("description")
    ] == []


def test_every_operation_but_health_needs_credentials(document: Any) -> None:
    open_ = [name for name, operation in operations(document) if not operation.get("security")]
    assert open_ == ["get /health"]


def test_every_error_of_an_operation_has_the_error_form(document: Any) -> None:
    forms = {
        (name, status): answer["content"]["application/json"]["schema"]["$ref"]
        for name, operation in operations(document)
        for status, answer in operation["responses"].items()
        if status.startswith("4")
    }
    assert len(forms) > 50
    assert {form.rpartition("/")[2] for form in forms.values()} == {"ErrorBody"}, forms


def fields(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield every field of every model."""
    for name, schema in document["components"]["schemas"].items():
        for field, value in schema.get("properties", {}).items():
            yield f"{name}.{field}", value


def test_every_model_field_and_parameter_is_described(document: Any) -> None:
    models = document["components"]["schemas"].items()
    silent = [name for name, schema in models if not schema.get("description")]
    silent += [name for name, value in fields(document) if not value.get("description")]
    silent += [
        parameter["name"] for parameter in parameters(document) if not parameter.get("description")
    ]
    assert silent == []


def test_every_field_and_parameter_has_an_example(document: Any) -> None:
    bare = [name for name, value in fields(document) if not shows_values(value)]
    bare += [
        parameter["name"]
        for parameter in parameters(document)
        if not shows_values(parameter["schema"])
    ]
    assert bare == []


def shows_values(schema: Any) -> bool:
    return says_values(schema) or schema.get("default") is not None


def test_every_body_has_an_example_as_a_whole(document: Any) -> None:
    models, bare = document["components"]["schemas"], []
    for name, operation in operations(document):
        for media in operation.get("requestBody", {}).get("content", {}).values():
            model = models.get(media["schema"].get("$ref", "").split("/")[-1], {})
            if not ("examples" in model or "example" in {**media, **media["schema"]}):
                bare.append(name)
    assert bare == []


def test_every_example_is_valid_for_its_schema(document: Any) -> None:
    validator = Draft202012Validator(document, format_checker=FormatChecker())
    checked = 0
    models = document["components"]["schemas"].items()
    for name, schema in (*models, *fields(document), *named_parameters(document)):
        for example in schema.get("examples", []):
            faults = list(validator.evolve(schema=schema).iter_errors(example))
            assert [fault.message for fault in faults] == [], name
            checked += 1
    assert checked > 300


def named_parameters(document: Any) -> Iterator[tuple[str, Any]]:
    for parameter in parameters(document):
        yield parameter["name"], parameter["schema"]


def test_every_example_belongs_to_a_name_that_is_used(document: Any) -> None:
    used = {part for name, _ in fields(document) for part in (name, name.partition(".")[2])}
    used |= {
        part
        for parameter in parameters(document)
        for part in (parameter["name"], f"path.{parameter['name']}")
    }
    assert EXAMPLES.keys() - used == set()
    assert BODIES.keys() <= document["components"]["schemas"].keys()


def test_every_setting_is_described(document: Any) -> None:
    settings = document["components"]["schemas"]["SettingsValues"]["properties"]
    assert [name for name, setting in settings.items() if not setting.get("description")] == []


@pytest.mark.parametrize("name", TIMES)
def test_every_time_field_names_its_unit(document: Any, name: str) -> None:
    settings = document["components"]["schemas"]["SettingsValues"]["properties"]
    assert "seconds" in settings[name]["description"].lower()
