"""Links, anchors, files and modules that the Markdown pages name exist."""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$", re.MULTILINE)
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
PACKAGES = "api|worker|guv|sandbox|bench|tools|tests|docs|alembic"
FILE = re.compile(rf"(?:{PACKAGES})(?:/[\w.]+)+")
MODULE = re.compile(r"(?:python -m )?((?:api|worker|guv|sandbox|bench|tools)(?:\.[a-z_]+)+)")
HOSTS = {"guv.example.com"}
REMOTE = ("http://", "https://", "mailto:")


def pages() -> list[str]:
    command = ["git", "ls-files", "-co", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted(name for name in listed.stdout.splitlines() if (ROOT / name).is_file())


@cache
def prose(path: Path) -> str:
    """The page without its blocks of code."""
    return FENCE.sub("", path.read_text())


@cache
def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, made as repository hosts make them."""
    found: Counter[str] = Counter()
    names = set()
    for heading in HEADING.findall(prose(path)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        names.add(f"{name}-{found[name]}" if found[name] else name)
        found[name] += 1
    return names


def broken_links(path: Path) -> Iterator[str]:
    for pair in LINK.findall(CODE.sub("", prose(path))):
        target = pair[0] or pair[1]
        if target.startswith(REMOTE):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists() or (anchor and anchor not in anchors(file)):
            yield target


def is_module(name: str) -> bool:
    """Whether a dotted name is a module, a package, or something that a module has."""
    parts = name.split(".")
    own, parent = ROOT.joinpath(*parts), ROOT.joinpath(*parts[:-1])
    if own.with_suffix(".py").is_file() or (own / "__init__.py").is_file():
        return True
    holders = [parent.with_suffix(".py"), parent / "__init__.py"]
    holder = next((file for file in holders if file.is_file()), None)
    return holder is not None and re.search(rf"\b{parts[-1]}\b", holder.read_text()) is not None


@pytest.mark.parametrize("page", pages())
def test_links_and_anchors_of_a_page_lead_somewhere(page: str) -> None:
    assert list(broken_links(ROOT / page)) == []


@pytest.mark.parametrize("page", pages())
def test_files_and_modules_that_a_page_names_exist(page: str) -> None:
    named = CODE.findall(prose(ROOT / page))
    files = [name for name in named if FILE.fullmatch(name) and not (ROOT / name).exists()]
    modules = {found[1] for name in named if (found := MODULE.fullmatch(name))} - HOSTS
    assert files == []
    assert sorted(name for name in modules if not is_module(name)) == []


def test_every_page_of_the_docs_is_in_their_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    listed = {match[0] for match in LINK.findall(index)}
    there = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").glob("*.md")}
    assert there - {"README.md"} <= listed
    assert "adr/README.md" in listed
    records = {path.name for path in (ROOT / "docs" / "adr").glob("0*.md")}
    assert records <= {
        match[0] for match in LINK.findall(prose(ROOT / "docs" / "adr" / "README.md"))
    }


def test_log_events_that_the_runbook_names_are_logged() -> None:
    text = (ROOT / "docs" / "runbook.md").read_text()
    [pattern] = re.findall(r"grep -E '([a-z_|]+)'", text)
    sources = "".join(
        path.read_text()
        for name in ("api", "worker", "guv")
        for path in (ROOT / name).rglob("*.py")
    )
    events = pattern.split("|")
    assert [event for event in events if f'"{event}"' not in sources] == []
    assert len(events) > 3


def test_files_that_the_scaling_model_names_exist() -> None:
    folder = ROOT / "guv" / "scaling"
    named = re.findall(r"`([a-z_]+/[a-z_]+\.py)`", (ROOT / "docs" / "scaling-model.md").read_text())
    assert [name for name in named if not (folder / name).is_file()] == []
    assert len(named) > 10
