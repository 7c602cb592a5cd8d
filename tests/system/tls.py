"""Server behind TLS with a self-signed certificate, as Heroku's Redis is."""

import asyncio
import ssl
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.certificate import self_signed


@contextmanager
def behind_tls(url: str, folder: Path) -> Iterator[str]:
    """Serve the Redis at `url` over TLS until the block ends, with its key in the folder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(folder))
    started: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    with ThreadPoolExecutor(1) as pool:
        served = pool.submit(asyncio.run, _serve(urlsplit(url).port or 0, context, started))
        port, loop, ended = started.result(10)
        try:
            yield f"rediss://127.0.0.1:{port}"
        finally:
            loop.call_soon_threadsafe(ended.set)
            served.result(10)


async def _serve(
    target: int,
    context: ssl.SSLContext,
    started: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]],
) -> None:
    """Forward to the target until this process is ended."""

    async def take(reader: Reader, writer: Writer) -> None:
        with suppress(OSError):
            behind, into = await asyncio.open_connection("127.0.0.1", target)
            await asyncio.gather(_forward(reader, into), _forward(behind, writer))

    ended = asyncio.Event()
    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=context)
    started.set_result((server.sockets[0].getsockname()[1], asyncio.get_running_loop(), ended))
    await ended.wait()
    server.close()


async def _forward(source: Reader, sink: Writer) -> None:
    try:
        with suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
    finally:
        sink.close()
