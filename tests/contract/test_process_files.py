""".env.example names every variable; the compose files and the changelog agree with the project."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import yaml
from cryptography.fernet import Fernet

from guv.config import Config

ROOT = Path(__file__).parents[2]
ENV = (ROOT / ".env.example").read_text()
ASSIGNMENT = re.compile(r"^(# )?([A-Z][A-Z_]+)=(.*)$", re.MULTILINE)


def assignments(*, commented: bool) -> dict[str, str]:
    found = ASSIGNMENT.findall(ENV)
    return {name.lower(): value for mark, name, value in found if bool(mark) == commented}


def test_env_example_names_every_variable_of_the_configuration_once() -> None:
    names = [name.lower() for _, name, _ in ASSIGNMENT.findall(ENV)]
    assert sorted(names) == sorted(Config.model_fields)


def test_env_example_sets_what_is_required_and_comments_the_rest() -> None:
    required = {name for name, field in Config.model_fields.items() if field.is_required()}
    assert assignments(commented=False).keys() == required


def test_env_example_starts_a_process_once_it_has_a_key() -> None:
    key = Fernet.generate_key().decode()
    given = assignments(commented=False) | {"guv_encryption_keys": key}
    plain = Config.model_validate(given)
    shown = {name: value for name, value in assignments(commented=True).items() if value}
    assert Config.model_validate(given | shown) == plain, "a commented line is not the default"


def services(path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / path).read_text())["services"]
    return loaded


def test_compose_publishes_its_services_to_this_machine_only() -> None:
    ports = [port for service in services("compose.yaml").values() for port in service["ports"]]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert {port.split(":")[1] for port in ports} == {"5432", "6379", "5672", "15672"}


def test_devcontainer_waits_for_every_service_of_compose() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    for path in container["dockerComposeFile"]:
        assert (ROOT / ".devcontainer" / path).is_file()
    workspace = services(".devcontainer/compose.yaml")[container["service"]]
    assert workspace["depends_on"].keys() == services("compose.yaml").keys()


def test_the_version_follows_the_newest_release_of_the_changelog() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    headings = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", changelog(), re.MULTILINE)
    assert headings[0] == ("Unreleased", "")
    released = [version for version, date in headings[1:] if date]
    assert len(released) == len(headings) - 1
    assert number(project["version"]) > number(released[0])
    assert released == sorted(released, key=number, reverse=True)


def changelog() -> str:
    return (ROOT / "CHANGELOG.md").read_text()


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition(".dev")[0]))


def test_notice_names_every_folder_with_a_license_of_its_own() -> None:
    named = (ROOT / "NOTICE").read_text()
    folders = {
        path.parent.relative_to(ROOT).as_posix()
        for name in ("bench", "tests", "api", "docs")
        for path in (ROOT / name).rglob("*")
        if path.name.lower().startswith(("license", "licence"))
    }
    assert {folder for folder in folders if f"{folder}/" not in named} == set()
    assert folders
