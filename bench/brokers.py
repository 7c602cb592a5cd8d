"""Hundreds of brokers on one port, over TLS: each takes its time, and one in twenty never answers.

Only the lists of queues that guv asks for are known; what is in the queues is steady.
"""

import asyncio
import json
import multiprocessing
import random
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from guv.clock import unix_seconds, utc_now
from sandbox.certificate import self_signed

FASTEST_S, SLOWEST_S = 0.02, 0.3
HANGS = 20  # every so-manieth broker never answers


@contextmanager
def brokers(folder: Path) -> Iterator[tuple[str, Path]]:
    """Serve the brokers from a process; yield their host and port and the CA certificate."""
    certificate, key = self_signed(folder)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, certificate, key), daemon=True)
    process.start()
    port: int = ours.recv()
    yield f"127.0.0.1:{port}", certificate
    process.terminate()
    process.join()


def _serve(pipe: Connection, certificate: Path, key: Path) -> None:
    asyncio.run(_forever(pipe, certificate, key))


async def _forever(pipe: Connection, certificate: Path, key: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(_connection, "127.0.0.1", 0, ssl=context, backlog=2000)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            target = head.split(b" ", 2)[1].decode()
            if int(urlsplit(target).path.split("/")[3].rpartition("-")[2]) % HANGS == 0:
                await asyncio.sleep(60)
            await asyncio.sleep(random.uniform(FASTEST_S, SLOWEST_S))
            body = _listed(target)
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                b"content-length: %d\r\n\r\n%s" % (len(body), body)
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def _listed(target: str) -> bytes:
    """Answer with the queue that the address names, or all; each passes five messages a second."""
    parts = urlsplit(target)
    pattern = parse_qs(parts.query).get("name")
    if pattern is None:
        return json.dumps(_queue(parts.path.rpartition("/")[2])).encode()
    names = pattern[0].removeprefix("^(").removesuffix(")$").replace("\\", "").split("|")
    return json.dumps({"items": [_queue(name) for name in names]}).encode()


def _queue(name: str) -> dict[str, Any]:
    done = int(5 * unix_seconds(utc_now()))
    counters = {"publish": done + 1, "ack": done}
    counts = {"messages": 1, "messages_ready": 0, "messages_unacknowledged": 1, "consumers": 1}
    return {"name": name, **counts, "message_stats": counters}
