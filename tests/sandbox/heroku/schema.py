"""Strict checks of requests and answers against Heroku's published schema.

A property that is not declared is an error. Heroku itself takes more than it declares, such as
quantities as text.
"""

import gzip
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT4

SCHEMA = Path(__file__).parent / "platform_schema" / "schema.json.gz"
_URI = "http://api.heroku.com/schema"


class NotInSchema(AssertionError):
    """A request or an answer that Heroku's schema does not declare."""


def validate_request(method: str, path: str, body: Any) -> str:
    """Return Heroku's name for the call, such as "formation: Update", once the body is checked.

    Args:
        method: Such as "PATCH".
        path: Without host and query.
        body: The parsed JSON, None where there is none.

    Raises:
        NotInSchema: Heroku declares no such call, or no such body for it.
    """
    pointer, link = _find_link(method, path)
    name = f"{pointer.split('/')[2]}: {link['title']}"
    if "schema" not in link:
        if body not in (None, {}):
            raise NotInSchema(f"{method} {path} takes no body")
        return name
    _check(f"{pointer}/schema", body)
    if isinstance(body, dict):
        unknown = sorted(set(body) - set(link["schema"].get("properties", {})))
        if unknown:
            raise NotInSchema(f"{method} {path} takes no {unknown[0]!r}")
    return name


def validate_answer(method: str, path: str, body: Any) -> None:
    """Raise `NotInSchema` unless the body is an answer that Heroku declares for the call."""
    pointer, link = _find_link(method, path)
    if "targetSchema" in link:
        _check(f"{pointer}/targetSchema", body)
        return
    _check(pointer.partition("/links/")[0], body)


def declared_properties(definition: str) -> set[str]:
    """Return the properties that Heroku declares for a resource, such as "formation"."""
    return set(_schema()["definitions"][definition]["properties"])


def _check(pointer: str, body: Any) -> None:
    validator = Draft4Validator({"$ref": f"{_URI}#{pointer}"}, registry=_registry())
    try:
        validator.validate(body)
    except ValidationError as error:
        raise NotInSchema(f"at {error.json_path}: {error.message}") from None


def _find_link(method: str, path: str) -> tuple[str, Mapping[str, Any]]:
    for name, definition in _schema()["definitions"].items():
        for number, link in enumerate(definition.get("links", [])):
            if link["method"] == method and re.fullmatch(_pattern(link["href"]), path):
                return f"/definitions/{name}/links/{number}", link
    raise NotInSchema(f"Heroku has no {method} {path}")


def _pattern(href: str) -> str:
    # Placeholders stand in braces.
    parts = re.split(r"\{[^}]*\}", href)
    return "[^/]+".join(re.escape(part) for part in parts)


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(gzip.decompress(SCHEMA.read_bytes()))
    return schema


@cache
def _registry() -> Registry[Any]:
    registry: Registry[Any] = Registry().with_resource(_URI, DRAFT4.create_resource(_schema()))
    return registry
