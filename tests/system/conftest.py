from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from sandbox.fleet import Surroundings
from sandbox.services import RabbitMQ
from tests.system.world import World, a_world


@pytest.fixture
def surroundings(
    engine: Engine,  # noqa: ARG001  # empties the database
    database_url: str,
    redis_url: str,
) -> Callable[[str], Surroundings]:
    """Return a function that makes guv's surroundings for the address of the stand-ins."""

    def make(url: str) -> Surroundings:
        extra = {"GUV_RESOLVE_AFTER": "10", "GUV_WORKER_PROCESSES": "1"}
        return Surroundings(database_url, redis_url, url, url, extra)

    return make


@pytest.fixture
def world(
    surroundings: Callable[[str], Surroundings], broker: RabbitMQ, tmp_path: Path
) -> Iterator[World]:
    access = broker.new_vhost(f"tenant {uuid4().hex[:8]}")
    with a_world(surroundings, access, tmp_path / "guv") as world:
        yield world
