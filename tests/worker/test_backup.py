"""Restored backups of the database, which with the keys are all that guv needs."""

import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from guv.config import Config
from sandbox.services.postgresql import program
from tests.worker.world import World
from worker.process.runtime import Runtime, build_runtime
from worker.tick.batch import tick_roles

MakeWorld = Callable[..., World]


@pytest.fixture
def empty_url(migrated_engine: Engine, database_url: str) -> Iterator[str]:
    """Make a second database without tables."""
    name = f"restored_{uuid4().hex[:8]}"
    with migrated_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"create database {name}"))
        yield f"{database_url.rpartition('/')[0]}/{name}"
        connection.execute(text(f"drop database {name} with (force)"))


@pytest.fixture
def restored(
    empty_url: str, outside_config: Config, tmp_path: Path
) -> Iterator[Callable[[], Runtime]]:
    """Return a function that restores a dump into the empty database and starts there."""
    made: list[Runtime] = []

    def restore() -> Runtime:
        dump = tmp_path / "guv.dump"
        source = plain(outside_config.database_url.get_secret_value())
        run("pg_dump", "--format=custom", "--no-owner", f"--file={dump}", source)
        run("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={plain(empty_url)}", dump)
        config = outside_config.model_copy(update={"database_url": SecretStr(empty_url)})
        made.append(build_runtime(config))
        return made[0]

    yield restore
    for runtime in made:
        runtime.close()


def plain(url: str) -> str:
    """Return the URL as PostgreSQL's own programs take it."""
    return url.replace("postgresql+psycopg:", "postgresql:", 1)


def run(name: str, *arguments: str | Path) -> None:
    done = subprocess.run(
        [program(name), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_restored_backup_ticks_on_with_its_secrets_and_its_history(
    world: MakeWorld, restored: Callable[[], Runtime]
) -> None:
    here = world(maximum_dynos=9, processing_time=10.0, target_deadline=120.0)
    here.publish(20)
    before = here.ticks(30)
    runtime = restored()
    here.clock.now += timedelta(seconds=10)
    result = tick_roles(runtime, [here.role.id], here.clock)[here.role.id]

    assert result is not None
    assert result.actuated.outcome in {"held", "scaled"}
    assert result.collected.is_complete  # broker and Heroku were asked with the sealed secrets
    assert len(result.context.history) == len(before)
    with runtime.engine.connect() as connection:
        assert connection.execute(text("select count(*) from decision")).scalar_one() == 4


def test_an_old_backup_is_corrected_by_reading_the_formation(
    world: MakeWorld, restored: Callable[[], Runtime]
) -> None:
    here = world(maximum_dynos=9, processing_time=10.0, target_deadline=120.0)
    here.tick()
    runtime = restored()
    here.publish(90)
    here.tick()  # scales up, which the backup does not know
    scaled = here.dynos()
    result = tick_roles(runtime, [here.role.id], here.clock)[here.role.id]

    assert scaled == 9
    assert result is not None
    assert (result.decision.current, result.decision.desired) == (9, 9)
    assert here.dynos() == 9
