"""Servers shared by the worker processes of a test run, started when a test first needs them.

The process that began the run starts and ends them. Worker processes of pytest-xdist ask it over a
Unix socket, because whichever of them started a server might end before the others.
"""

import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from sandbox import services

STARTERS: Mapping[str, Callable[[Path], AbstractContextManager[Any]]] = {
    "rabbitmq": services.rabbitmq,
}


@dataclass(frozen=True, slots=True)
class Desk:
    """Where worker processes ask for servers.

    Attributes:
        address: The path of the Unix socket.
        key: The shared secret of the connection, in hexadecimal digits.
    """

    address: str
    key: str

    def get(self, name: str) -> Any:
        """Return what the server's starter yields.

        Raises:
            ServiceFailed: The server did not start.
        """
        with Client(self.address, "AF_UNIX", bytes.fromhex(self.key)) as connection:
            connection.send(name)
            answer = connection.recv()
        if isinstance(answer, services.ServiceFailed):
            raise answer
        return answer


class SharedServices:
    """Servers of the process that began the run."""

    def __init__(self) -> None:
        self._stack, self._lock = ExitStack(), Lock()
        self._running: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """Return what the server's starter yields; start the server unless it runs.

        Raises:
            ServiceFailed: The server did not start.
        """
        with self._lock:
            if name not in self._running:
                folder = Path(tempfile.mkdtemp(prefix=f"guv-tests-{name}-"))
                self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
                self._running[name] = self._stack.enter_context(STARTERS[name](folder))
            return self._running[name]

    def open_desk(self) -> Desk:
        """Answer the worker processes from a thread until this process ends."""
        key = secrets.token_bytes(16)
        listener = Listener(family="AF_UNIX", authkey=key)
        Thread(target=self._serve, args=(listener,), daemon=True).start()
        return Desk(str(listener.address), key.hex())

    def close(self) -> None:
        """End all servers."""
        self._stack.close()

    def _serve(self, listener: Listener) -> None:
        while True:
            Thread(target=self._answer, args=(listener.accept(),), daemon=True).start()

    def _answer(self, connection: Connection) -> None:
        with connection:
            try:
                connection.send(self.get(connection.recv()))
            except services.ServiceFailed as error:
                connection.send(error)
