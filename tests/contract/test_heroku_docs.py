"""Each row of what is written about Heroku names tests that exist, or says why there is none."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = {"heroku-contract.md": None, "heroku-errors.md": "test_heroku_errors.py"}
WITHOUT = "none: "


def known_tests() -> dict[str, set[str]]:
    """The names of all tests, as sentences, by their files' names."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        names = re.findall(r"^def test_(\w+)", path.read_text(), re.MULTILINE)
        found.setdefault(path.name, set()).update(name.replace("_", " ") for name in names)
    return found


def rows(page: str) -> Iterator[list[str]]:
    for line in (ROOT / "docs" / page).read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and cells[-1] not in {"Test", "test"}:
            yield cells


def named_tests(cell: str, file: str | None) -> Iterator[tuple[str | None, str]]:
    """The tests that a cell names: "`file`: a sentence; another one", the file holding on."""
    for part in cell.split(";"):
        found = re.fullmatch(r"(?:`(test_\w+\.py)`: )?(.+)", part.strip())
        assert found, part
        file = found.group(1) or file
        yield file, found.group(2)


def is_a_test(sentence: str, names: set[str]) -> bool:
    pattern = re.escape(sentence.lower()).replace("…", ".*")
    return any(re.fullmatch(pattern, name) for name in names)


@pytest.mark.parametrize("page", PAGES)
def test_every_row_names_tests_that_exist(page: str) -> None:
    tests = known_tests()
    unknown = [
        f"{file}: {sentence}"
        for cells in rows(page)
        if not cells[-1].startswith(WITHOUT)
        for file, sentence in named_tests(cells[-1], PAGES[page])
        if not is_a_test(sentence, tests.get(file or "", set()))
    ]
    assert unknown == []


def test_what_has_no_test_says_why() -> None:
    reasons = [cells[-1] for page in PAGES for cells in rows(page) if cells[-1].startswith("none")]
    assert all(len(reason) > len(WITHOUT) + 20 for reason in reasons)


def test_the_pages_are_tables_of_some_length() -> None:
    assert {page: len(list(rows(page))) > 20 for page in PAGES} == dict.fromkeys(PAGES, True)
