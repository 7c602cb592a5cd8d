"""What holds for the whole house, beyond the import contracts."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "worker", "guv", "sandbox", "bench", "tools")
# Rooms whose docstrings do not yet follow PEP 257; this list only shrinks.
NOT_YET_REWRITTEN = ("tests/api/", "tests/bench/", "tests/guv/", "tests/pages/", "tests/worker/")
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def python_files(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, ast.parse(path.read_text())


def length(node: FUNCTION) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path, tree in python_files(*PACKAGES, "tests", "alembic")
        for node in ast.walk(tree)
        if isinstance(node, FUNCTION) and length(node) > 60
    ]
    assert long == []


def test_no_file_is_longer_than_500_lines() -> None:
    long = [
        str(path.relative_to(ROOT))
        for path, _ in python_files(*PACKAGES, "tests", "alembic")
        if len(path.read_text().splitlines()) > 500
    ]
    assert long == []


def raises_again(handler: ast.ExceptHandler) -> bool:
    """Whether what was caught goes on whatever happens here."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_one_module_makes_every_client_so_that_each_reaches_herokus_redis() -> None:
    makers = {
        str(path.relative_to(ROOT))
        for path, tree in python_files("api", "worker", "guv")
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in {"from_url", "from_pool"})
        or (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Redis")
    }
    assert makers == {"guv/redis.py"}


def test_the_whole_code_has_one_broad_catch_that_goes_on_around_a_tick() -> None:
    broad = [
        str(path.relative_to(ROOT))
        for path, tree in python_files("api", "worker", "guv")
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None
            or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
        )
        and not raises_again(node)
    ]
    assert broad == ["worker/tick/failures.py"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_has_a_docstring(package: str) -> None:
    silent = [str(path) for path, tree in python_files(package) if not ast.get_docstring(tree)]
    assert silent == []


def is_rewritten(path: Path) -> bool:
    return not str(path.relative_to(ROOT)).startswith(NOT_YET_REWRITTEN)


def test_no_modules_docstring_asks_a_question() -> None:
    asking = [
        str(path.relative_to(ROOT))
        for path, tree in python_files(*PACKAGES, "tests")
        if is_rewritten(path)
        and (ast.get_docstring(tree) or "").partition("\n")[0].rstrip().endswith("?")
    ]
    assert asking == []


def test_no_docstring_begins_with_nothing() -> None:
    idle = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path, tree in python_files(*PACKAGES, "tests")
        for node in ast.walk(tree)
        if is_rewritten(path)
        and isinstance(node, FUNCTION | ast.ClassDef)
        and (ast.get_docstring(node) or "").startswith("Nothing")
    ]
    assert idle == []


def test_the_vocabulary_avoids_names_that_say_nothing() -> None:
    vague = {"utils", "helpers", "common", "base", "manager", "service", "types", "misc"}
    found = [str(path) for path, _ in python_files(*PACKAGES) if path.stem in vague]
    assert found == []


def test_no_file_names_the_host_of_a_package_registry() -> None:
    hosts = re.compile(
        "|".join(("py" + r"pi\.org", "python" + "hosted", "npm" + r"js\.", "deb" + r"\.debian"))
    )
    named = [
        str(path.relative_to(ROOT))
        for path in tracked_files()
        if hosts.search(path.read_text(errors="ignore"))
    ]
    assert named == []


def test_alembic_is_no_package_that_would_shadow_the_library() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_migrations_have_one_head() -> None:
    texts = [path.read_text() for path in (ROOT / "alembic" / "versions").glob("*.py")]

    def named(name: str) -> set[str]:
        pattern = re.compile(rf'^{name} = "(\w+)"', re.MULTILINE)
        return {found for text in texts for found in pattern.findall(text)}

    assert len(named("revision") - named("down_revision")) == 1


def test_one_module_builds_the_scaling_input_for_every_door() -> None:
    callers = {
        str(path.relative_to(ROOT))
        for path, tree in python_files("api", "worker", "guv")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "scaling_settings"
    }
    assert callers == {"guv/roles/scaling_input.py"}
