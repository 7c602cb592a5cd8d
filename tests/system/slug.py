"""Heroku's slug of the checkout: the Procfile's lines and the packages of requirements.txt."""

import re
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())


def build(folder: Path) -> Path:
    """Make a folder whose programs see the packages that run guv, and none that test it."""
    packages, programs = folder / "packages", folder / "bin"
    packages.mkdir(parents=True)
    programs.mkdir()
    for source in _installed():
        (packages / source.name).symlink_to(source)
    python = programs / "python"
    base = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
    _write(python, f'#!/bin/sh\nPYTHONPATH={packages} exec {base} -S "$@"\n')
    alembic = Path(sysconfig.get_path("scripts"), "alembic").read_text().partition("\n")[2]
    _write(programs / "alembic", f"#!{python}\n{alembic}")
    return programs


def _installed() -> Iterator[Path]:
    """Return the top-level entries that the packages of requirements.txt installed."""
    text = (ROOT / "requirements.txt").read_text()
    for line in re.findall(r"^([a-z].*) \\$", text, re.MULTILINE):
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate():
            continue
        package = distribution(wanted.name)
        tops = {file.parts[0] for file in package.files or () if not file.parts[0].startswith(".")}
        yield from (Path(str(package.locate_file(top))) for top in sorted(tops - {"__pycache__"}))


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
