"""Heroku's own command line, talking to the sandbox's Heroku."""

import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

VERSION = "11.10.0"  # of the npm package heroku
PROGRAM = Path("node_modules", ".bin", "heroku")
INSTALL_S = 240
COMMAND_S = 60


@dataclass(frozen=True, slots=True)
class HerokuCli:
    """The command line of one customer.

    Attributes:
        program: Where it lies.
        home: The customer's home folder.
        url: The Platform API.
        token: The customer's.
    """

    program: Path
    home: Path
    url: str
    token: str

    def run(self, command: str, *more: str) -> str:
        """Run a command and return its output, errors included.

        Raises:
            AssertionError: It failed.
        """
        done = self.attempt(command, *more)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def attempt(self, command: str, *more: str) -> subprocess.CompletedProcess[str]:
        """Run a command and return how it ended."""
        return subprocess.run(
            [str(self.program), *command.split(), *more],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "HEROKU_HOST": self.url,
                "HEROKU_API_KEY": self.token,
                "DISABLE_TELEMETRY": "true",
                "HEROKU_SKIP_NEW_VERSION_CHECK": "true",
                "CI": "true",
                "NO_COLOR": "1",
            },
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )


def installed() -> Path:
    """Return the program that `GUV_TEST_HEROKU_CLI` names, or install VERSION once for all runs.

    Skips the test loudly where npm is missing or cannot install it.
    """
    given = os.environ.get("GUV_TEST_HEROKU_CLI")
    if given:
        return Path(given)
    if shutil.which("npm") is None:
        pytest.skip("NOT TESTED: no npm here, so Heroku's command line cannot be the client")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "guv-tests"
    folder = cache / f"heroku-{VERSION}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _install(cache, folder)
    return folder / PROGRAM


def _install(cache: Path, folder: Path) -> None:
    """Install into a new folder and rename it, so that no broken installation is ever found."""
    with TemporaryDirectory(dir=cache) as new:
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--prefix", new, f"heroku@{VERSION}"],
            capture_output=True,
            text=True,
            timeout=INSTALL_S,
            check=False,
        )
        if done.returncode != 0:
            pytest.skip(f"NOT TESTED: npm cannot install heroku: {done.stderr[-300:]}")
        Path(new).chmod(0o755)
        with suppress(OSError):  # another run was faster
            Path(new).rename(folder)
        Path(new).mkdir(exist_ok=True)
