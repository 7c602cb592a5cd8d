"""The operations docs, compared with variables, manifest, routes, plans and secrets."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlmodel import SQLModel
from starlette.testclient import TestClient

import guv.tables  # noqa: F401  # fills the metadata
from api import container
from api.app import create_app
from guv.config import Config
from guv.heroku.addon import SCOPE
from guv.tenants.plans import PLANS, Plan
from worker.process import runtime

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
SECURITY = (ROOT / "docs" / "security.md").read_text()
API = (ROOT / "docs" / "api.md").read_text()
MANIFEST = json.loads((ROOT / "addon-manifest.json").read_text())


def rows(section: str, text: str = OPERATIONS) -> list[list[str]]:
    """Yield the cells of the rows of a section's tables."""
    part = text.partition(f"## {section}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def named(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def default_of(name: str) -> str:
    field = Config.model_fields[name]
    if field.is_required():
        return "required"
    value: Any = getattr(field.default, "get_secret_value", lambda: field.default)()
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def test_the_operations_docs_explain_every_variable_with_its_default() -> None:
    table = {cells[0].strip("`").lower(): cells[1] for cells in rows("All variables")}
    there = {name: default_of(name) for name in Config.model_fields}
    assert table == there, "docs/operations.md, All variables: a row for each, with its default"


def test_the_connections_of_a_dyno_are_those_that_its_processes_may_open() -> None:
    default = {name: field.default for name, field in Config.model_fields.items()}
    processes = default["guv_worker_processes"] + 1
    of_rq = 2  # each of its workers waits for jobs on one, and for commands on the other
    assert connections() == {
        "web": [default["guv_api_pool_size"], container.REDIS_CONNECTIONS],
        "worker": [
            processes * (default["guv_worker_threads"] + 1),
            processes * (runtime.REDIS_CONNECTIONS + of_rq) + 1,
        ],
        "clock": [1, 1],
    }


def test_the_plans_of_the_readme_hold_its_dynos() -> None:
    readme = (ROOT / "README.md").read_text()
    limits = {cells[0].strip("`"): int(cells[1]) for cells in rows("Connections")[3:]}
    plans = [limits[name] for name in re.findall(r"addons:create (heroku-[a-z0-9:-]+)", readme)]
    [scaled] = re.findall(r"ps:scale (.*)", readme)
    dynos = {name: int(count) for name, count in (pair.split("=") for pair in scaled.split())}
    wanted = [
        sum(dynos[name] * counts[store] for name, counts in connections().items())
        for store in (0, 1)
    ]
    assert len(plans) == len(wanted)
    assert all(need <= limit for need, limit in zip(wanted, plans, strict=True)), (wanted, plans)


def connections() -> dict[str, list[int]]:
    """The documented most connections of a dyno to PostgreSQL and to Redis."""
    return {
        cells[0].strip("`"): [int(cell) for cell in cells[1:3]] for cells in rows("Connections")[:3]
    }


def test_every_entry_of_the_manifest_is_explained() -> None:
    entries = set(MANIFEST) | set(MANIFEST["api"]) | set(MANIFEST["api"]["production"])
    explained = {name for cells in rows("Registering the add-on") for name in named(cells[0])}
    assert explained == entries - {"api", "production", "test"}


def test_every_address_that_heroku_calls_is_named(web_config: Config) -> None:
    app = create_app(web_config)
    paths = {path for path in all_paths(app.routes) if re.match("/(heroku|sso)/", path)}
    app.state.parts.close()
    assert len(paths) >= 5
    assert paths <= named(OPERATIONS)


def all_paths(routes: Any) -> Iterator[str]:
    """Return the paths of routes and of their nested routes."""
    for route in routes:
        inner = getattr(getattr(route, "original_router", None), "routes", None)
        if inner is not None:
            yield from all_paths(inner)
        elif hasattr(route, "path"):
            yield route.path


def test_each_address_of_the_manifest_is_answered(client: TestClient) -> None:
    for where in ("production", "test"):
        for address in MANIFEST["api"][where].values():
            path = "/" + address.partition("://")[2].partition("/")[2]
            assert client.post(path).status_code not in {404, 405}


def test_the_documented_plans_are_those_that_are_enforced() -> None:
    def row(plan: Plan) -> list[str]:
        limits = (plan.apps, plan.roles, plan.interval, plan.decision_days)
        return [f"`{plan.name}`", *map(str, limits)]

    assert rows("Plans") == [row(plan) for plan in PLANS.values()]


def test_every_secret_that_is_stored_is_listed() -> None:
    text = SECURITY.partition("\n## Which rights")[0]
    stored = {
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith(("_sealed", "_hash"))
    }
    assert stored == {name for name in named(text) if name.endswith(("_sealed", "_hash"))}


def test_every_secret_of_ours_says_how_it_is_changed() -> None:
    secrets = {
        name.upper()
        for name, field in Config.model_fields.items()
        if "Secret" in str(field.annotation) and name.startswith("guv_")
    }
    changed = {cells[0].strip("`") for cells in rows("Changing secrets")}
    assert secrets == {name for name in changed if name.startswith("GUV_")}


def test_the_commands_in_the_operations_docs_exist() -> None:
    modules = set(re.findall(r"python -m ([a-z_.]+)", OPERATIONS))
    assert modules
    for module in modules:
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), module


def test_the_files_linked_from_the_operations_docs_exist() -> None:
    for page in (OPERATIONS, SECURITY):
        for link in re.findall(r"\]\(([^)#:]+)", page):
            assert (ROOT / "docs" / link).exists(), link


def test_the_scope_in_the_operations_docs_is_the_requested_scope() -> None:
    assert f"| scope `{SCOPE}` |" in SECURITY
    assert f"guv asks for the scope `{SCOPE}`" in API
