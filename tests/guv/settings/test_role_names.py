"""Validation of role names, equal in every interface."""

import json
from collections.abc import Callable

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from guv.errors import Invalid
from guv.heroku.addon_options import read_options
from guv.settings.field_types import RoleName, role_name
from guv.settings.yaml_file import parse_document
from guv.tenants.plans import plan_of
from worker.standalone.roles import read_roles

NAMES = st.text("-_aZ09", max_size=130) | st.text("-_aZ09 .ä²\n\0/'", max_size=12) | st.text()
Door = Callable[[str], object]


def api_type(name: str) -> object:
    return TypeAdapter(RoleName).validate_python(name)


def yaml_file(name: str) -> object:
    document = parse_document(yaml.safe_dump({f"shop/{name}": {}}))
    if document.faults:
        raise Invalid("refused", document.faults)
    assert [role for _, role in document.roles] == [name]
    return document


def standalone_file(name: str) -> object:
    return read_roles(yaml.safe_dump({f"shop/{name}": {"process_type": "worker"}}), None)


def role_option(name: str) -> object:
    return read_options({"--role": name}, plan_of("premium"))


def config_option(name: str) -> object:
    config = json.dumps({name: {"process_type": "worker"}})
    return read_options({"--config": config}, plan_of("premium"))


@pytest.mark.parametrize("door", [api_type, yaml_file, standalone_file, role_option, config_option])
@given(name=NAMES)
@example("-")
@example("_")
@example("")
@example("a" * 100)
@example("a" * 101)
@example("a" * 150)
@example("worker\n")
def test_every_interface_accepts_the_same_role_names(door: Door, name: str) -> None:
    assume("/" not in name)  # in a file it parts the app from the role
    assume(name != "*")  # in a file and in --config it means all roles
    assert is_accepted(door, name) == is_accepted(role_name, name)


def is_accepted(door: Door, name: str) -> bool:
    try:
        door(name)
    except (Invalid, ValidationError, ValueError):
        return False
    return True
