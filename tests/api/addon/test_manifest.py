"""The add-on manifest, compared with the routes and the configuration."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from guv.config import Config
from tests.api.callers import HerokuCaller

MANIFEST = Path(__file__).parents[3] / "addon-manifest.json"


@pytest.fixture
def manifest() -> Any:
    return json.loads(MANIFEST.read_text())


def test_the_manifests_secrets_are_placeholders(manifest: Any) -> None:
    secrets = {
        name: value
        for name, value in manifest["api"].items()
        if re.search(r"password|salt|secret|token", name)
    }
    assert secrets
    assert all(re.fullmatch(r"REPLACE_WITH_[A-Z_]+", value) for value in secrets.values())


@pytest.mark.parametrize("secret", ["password", "sso_salt"])
def test_a_placeholder_names_the_variable_that_holds_the_secret(manifest: Any, secret: str) -> None:
    name = manifest["api"][secret].removeprefix("REPLACE_WITH_").lower()
    assert name in Config.model_fields


def test_nothing_in_the_manifest_looks_like_a_secret() -> None:
    assert not re.search(r"[A-Za-z0-9+/=_-]{33,}", MANIFEST.read_text())


def test_the_manifests_id_is_the_user_name_of_herokus_calls(manifest: Any) -> None:
    assert manifest["id"] == Config.model_fields["guv_addon_id"].default


@pytest.mark.parametrize("environment", ["production", "test"])
def test_the_manifests_addresses_are_routes_of_guv(
    manifest: Any, client: TestClient, environment: str
) -> None:
    path = urlsplit(manifest["api"][environment]["base_url"]).path
    paths = client.get("/openapi.json").json()["paths"]
    assert "post" in paths[path]
    assert {"put", "delete"} <= paths[path + "/{resource}"].keys()
    sign_on = urlsplit(manifest["api"][environment]["sso_url"]).path
    assert client.post(sign_on, data={"resource_id": "x"}).status_code == 403


def test_the_manifests_production_addresses_are_https(manifest: Any) -> None:
    assert manifest["api"]["production"]["base_url"].startswith("https://")


def test_the_manifests_config_vars_are_those_that_are_provisioned(
    manifest: Any, heroku: HerokuCaller
) -> None:
    given = heroku.provision().json()["config"]
    assert manifest["api"]["config_vars"] == list(given)
    prefix = manifest["api"]["config_vars_prefix"]
    assert all(name.startswith(f"{prefix}_") for name in given)
