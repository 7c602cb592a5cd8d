"""TCP proxy in front of a server, which can be shut and opened while processes use it."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit


class TcpProxy:
    """Forwards connections of its own port to a server; shut, it ends them and takes no more.

    Attributes:
        url: The server's URL by way of the proxy.
        is_shut: Whether nobody gets through.
        cuts: Whether answers break off in their first line, and the connection with them.
    """

    def __init__(self, server_url: str) -> None:
        parts = urlsplit(server_url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self.is_shut = self.cuts = False
        user, at, _ = parts.netloc.rpartition("@")
        self.url = urlunsplit(parts._replace(netloc=f"{user}{at}127.0.0.1:{self._port}"))
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def shut(self) -> None:
        """End all connections, and new ones at once."""
        self.is_shut = True
        for side in self._open:
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def open(self) -> None:
        """Forward new connections again."""
        self.is_shut = False

    def close(self) -> None:
        """Stop for good."""
        self.shut()
        self._listener.close()

    def _serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                if self.is_shut:
                    client.close()
                    continue
                server = socket.create_connection(self._target)
                self._open += [client, server]
                self._forward(client, server, lambda: False)
                self._forward(server, client, lambda: self.cuts)

    def _forward(
        self, source: socket.socket, sink: socket.socket, cuts: Callable[[], bool]
    ) -> None:
        threading.Thread(target=_forward, args=(source, sink, cuts), daemon=True).start()


def _forward(source: socket.socket, sink: socket.socket, cuts: Callable[[], bool]) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data[:10] if cuts() else data)
            if cuts():
                break
    for side in (source, sink):
        with suppress(OSError):
            side.shutdown(socket.SHUT_RDWR)
    source.close()
