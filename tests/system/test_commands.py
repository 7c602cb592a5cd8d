"""Commands of the Procfile and the runbook: as printed, and without an environment."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

ROOT = Path(__file__).parents[2]
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
COMMANDS = [
    *PROCFILE.values(),
    "python -m guv.operate resume guv-curved-12345",
    "python -m guv.rotate_keys",
    "python -m worker.once",
    "python -m worker.watch",
]


def run(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in an environment that has nothing else."""
    program, *arguments = shlex.split(command)
    return subprocess.run(
        [str(Path(sys.executable).with_name(program)), *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_variable_ends_a_process_with_its_name_and_no_traceback(command: str) -> None:
    done = run(command)

    assert done.returncode in {1, 2}
    assert "DATABASE_URL is required" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_an_invalid_variable_is_named_with_what_would_be_right(command: str) -> None:
    given = {
        "DATABASE_URL": "mysql://u:marker@db.example/guv",
        "REDIS_URL": "redis://redis.example",
        "GUV_ENCRYPTION_KEYS": "marker",
        "GUV_ADDON_PASSWORD": "marker",
        "GUV_LOG_LEVEL": "marker",
    }
    done = run(command, **given)
    output = done.stdout + done.stderr

    assert "DATABASE_URL must begin with postgres://" in output
    assert "Traceback" not in output
    assert "marker" not in output
    if command == PROCFILE["release"]:
        return  # it needs no other
    assert "GUV_ENCRYPTION_KEYS must be Fernet keys" in output
    assert "GUV_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR" in output


def test_a_database_outage_is_printed_as_one_line() -> None:
    given = {
        "DATABASE_URL": "postgres://guv:marker@127.0.0.1:9/guv",
        "GUV_ENCRYPTION_KEYS": f"{43 * 'A'}=",
        "GUV_ADDON_PASSWORD": "marker",
    }
    for command in [PROCFILE["release"], *COMMANDS[len(PROCFILE) :]]:
        done = run(command, **given)
        assert done.returncode in {1, 2}
        assert "database does not answer" in done.stdout + done.stderr
        assert [word for word in ("marker", "Traceback") if word in done.stdout + done.stderr] == []


def named_modules() -> list[str]:
    """Return the modules that the Procfile, the README and the docs tell people to start."""
    texts = [ROOT / "README.md", ROOT / "Procfile", *sorted((ROOT / "docs").rglob("*.md"))]
    pattern = re.compile(r"python -m ((?:api|bench|guv|sandbox|worker)\b(?:\.[a-z_]+)*)")
    return sorted({name for path in texts for name in pattern.findall(path.read_text())})


@pytest.mark.parametrize("name", named_modules())
def test_help_needs_no_configuration_and_starts_nothing(name: str) -> None:
    done = run(f"python -m {name} --help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ")


def test_the_modules_named_in_documents_are_found() -> None:
    assert {"api", "worker", "worker.clock", "guv.rotate_keys"} < set(named_modules())


def test_the_release_phase_makes_the_tables(empty_url: str) -> None:
    done = run(PROCFILE["release"], DATABASE_URL=empty_url)
    assert done.returncode == 0, done.stderr
    assert "Running upgrade 0001 -> 0002" in done.stdout
    engine = engine_of(empty_url)
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from tenant")).scalar_one() == 0
    engine.dispose()


def engine_of(url: str) -> Engine:
    return create_engine(url.replace("postgres:", "postgresql+psycopg:", 1))


def test_the_release_phase_delays_no_ticks_behind_a_backup(empty_url: str) -> None:
    for command in (PROCFILE["release"], "alembic downgrade 0011"):
        assert run(command, DATABASE_URL=empty_url).returncode == 0
    engine = engine_of(empty_url)
    with engine.begin() as backup:
        backup.execute(text("lock table tenant in access share mode"))
        done = run(PROCFILE["release"], DATABASE_URL=empty_url)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "Nothing was migrated: another session, such as a backup" in done.stderr
    assert run(PROCFILE["release"], DATABASE_URL=empty_url).returncode == 0
    engine.dispose()


@pytest.mark.parametrize(
    "command", [command for command in COMMANDS if command not in PROCFILE.values()]
)
def test_a_command_says_that_the_release_phase_has_not_run(
    empty_url: str, encryption_key: str, command: str
) -> None:
    given = {"DATABASE_URL": empty_url, "GUV_ENCRYPTION_KEYS": encryption_key}
    done = run(command, **given, GUV_ADDON_PASSWORD="marker")

    assert done.returncode in {1, 2}
    assert "run `alembic upgrade head`" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
