"""What the README prints works as printed."""

import re
import subprocess
import sys
from pathlib import Path

from guv.config import Config
from guv.settings.schema import SettingsValues

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def block(language: str, containing: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    [found] = [text for text in blocks if containing in text]
    return str(found)


def test_the_python_example_decides_and_says_why() -> None:
    program = block("python", "decide(")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    count, _, sentence = done.stdout.partition(" ")
    assert done.stderr == ""
    assert int(count) > 1
    assert "240 jobs waiting" in sentence


def test_the_settings_table_names_every_setting_and_no_other() -> None:
    section = README.partition("## Settings")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named == set(SettingsValues.model_fields)


def test_the_variables_it_names_exist() -> None:
    section = README.partition("## Run it on Heroku")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = {name.lower() for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    assert named <= set(Config.model_fields)


def test_make_knows_the_targets_it_names() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"`?make ([a-z]+)", README))
    assert named
    assert all(re.search(rf"^{name}:", makefile, re.MULTILINE) for name in named)
