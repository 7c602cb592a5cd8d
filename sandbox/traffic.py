"""Everything that the stand-ins are asked, and the faults that they are told to answer with."""

import asyncio
import gzip
import json
import re
import threading
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from guv.clock import utc_now

CONTROL = "/sandbox"
_KEPT = 20_000


@dataclass(slots=True)
class Asked:
    """One request as it came in; `status` is None until it is answered.

    Attributes:
        at: When it came in.
        method: Such as "PATCH".
        path: As sent, still percent-encoded.
        query: The query string.
        headers: By their names in lower case.
        body: Parsed JSON or form, the text where it is neither, None where it is empty.
        status: What was answered.
    """

    at: datetime
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any
    status: int | None = None


@dataclass(slots=True)
class Fault:
    """What to answer instead, for so many calls.

    Attributes:
        path: A regular expression for the beginning of the path.
        method: The method that it is for; None: all.
        status: The answer's status; None: the call is answered as usual (after `hang`).
        body: The answer's JSON.
        hang: Seconds until anything happens.
        calls: How often; None: until it is removed.
    """

    path: str = "/"
    method: str | None = None
    status: int | None = None
    body: Any = None
    hang: float = 0.0
    calls: int | None = None

    def concerns(self, asked: Asked) -> bool:
        """Check that the fault is for this request."""
        if self.calls == 0 or self.method not in {None, asked.method}:
            return False
        return re.match(self.path, asked.path) is not None


class Traffic:
    """The record of the last 20,000 requests, and the faults in force; safe for threads."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: deque[Asked] = deque(maxlen=_KEPT)
        self._faults: list[Fault] = []

    def requests(self, method: str | None = None, path: str = "/") -> list[Asked]:
        """List the requests, oldest first; `path` is a regular expression that begins the path."""
        wanted = Fault(path, method)
        with self._lock:
            return [asked for asked in self._asked if wanted.concerns(asked)]

    def forget(self) -> None:
        """Clear the record."""
        with self._lock:
            self._asked.clear()

    def add_fault(self, fault: Fault) -> None:
        """Put the fault in force, before older ones."""
        with self._lock:
            self._faults.insert(0, fault)

    def clear_faults(self) -> None:
        """End all faults."""
        with self._lock:
            self._faults.clear()

    async def watch(
        self, request: Request, proceed: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """Record and answer requests, except to the control routes; a middleware."""
        if request.url.path.startswith(CONTROL):
            return await proceed(request)
        asked = await self._note(request)
        fault = self._take_fault(asked)
        if fault is not None:
            await asyncio.sleep(fault.hang)
        if fault is not None and fault.status is not None:
            response: Response = JSONResponse(fault.body or _fault_body(fault.status), fault.status)
        else:
            response = await proceed(request)
        asked.status = response.status_code
        return response

    async def _note(self, request: Request) -> Asked:
        headers = dict(request.headers)
        path = request.scope["raw_path"].decode()
        body = _parsed(await request.body(), headers)
        asked = Asked(self._clock(), request.method, path, request.url.query, headers, body)
        with self._lock:
            self._asked.append(asked)
        return asked

    def _take_fault(self, asked: Asked) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.concerns(asked):
                    fault.calls = fault.calls and fault.calls - 1
                    return fault
        return None


def _fault_body(status: int) -> dict[str, str]:
    words = {429: ("rate_limit", "Your account reached the API rate limit.")}
    id_, message = words.get(status, ("fault", f"The sandbox was told to answer {status}."))
    return {"id": id_, "message": message}


def _parsed(raw: bytes, headers: Mapping[str, str]) -> Any:
    if not raw:
        return None
    try:
        text = (gzip.decompress(raw) if headers.get("content-encoding") == "gzip" else raw).decode()
        if "form-urlencoded" in headers.get("content-type", ""):
            return dict(parse_qsl(text))
        return json.loads(text)
    except (UnicodeDecodeError, OSError, EOFError, zlib.error):
        return repr(raw[:1000])
    except json.JSONDecodeError:
        return text
