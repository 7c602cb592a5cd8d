"""The checkout holds all that its programs, tests and benchmarks read."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "worker", "guv", "sandbox", "bench", "tools", "tests", "alembic")
OUTSIDE = ("../" + "shared", '"shared"', "'shared'", "/" + "work/", "/" + "tmp/w")
"""How files beside the checkout would be named; put together here so as not to match themselves."""


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_names_files_outside_the_checkout(package: str) -> None:
    modules = [path for path in (ROOT / package).rglob("*.py") if path != Path(__file__)]
    assert modules
    naming = [
        str(path.relative_to(ROOT))
        for path in modules
        if any(name in path.read_text() for name in OUTSIDE)
    ]
    assert naming == []
