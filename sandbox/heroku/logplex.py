"""Logplex: an app's log lines are kept in a small buffer and delivered to its drains.

As Heroku does it: batches in order with one request at a time, a frame id each, three attempts for
what is answered with 429, 5xx or not at all, and a line that says how many were lost.
"""

import random
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

import httpx

from sandbox.heroku.model import LogDrain

BUFFER = 1024  # lines for each drain
BATCH_BYTES = 100 * 1024
ATTEMPTS = 3
PAUSE = 0.01  # seconds before the second attempt, on average; then twice as long
TIMEOUT = httpx.Timeout(5.0, connect=3.0)
RETRIED = {429, 500, 502, 503, 504}


@dataclass(slots=True)
class Sent:
    """What became of a drain's lines.

    Attributes:
        delivered: Lines that were taken, or refused for good.
        dropped: Lines that were not, or found no room.
        repeats: Deliveries that were sent again though they had been taken.
    """

    delivered: int = 0
    dropped: int = 0
    repeats: int = 0


@dataclass
class Logplex:
    """The way from an app's lines to one drain.

    Attributes:
        drain: Where to.
        repeat: Share of the deliveries that are sent twice, as after an answer that was lost.
        sent: What became of the lines.
    """

    drain: LogDrain
    repeat: float = 0.0
    sent: Sent = field(default_factory=Sent)

    def __post_init__(self) -> None:
        self._lines: deque[bytes] = deque()
        self._lost = 0
        self._lock = threading.Lock()
        self._random = random.Random(self.drain.token)
        url = httpx.URL(self.drain.url)
        self._url = url.copy_with(userinfo=b"")
        self._client = httpx.Client(
            auth=httpx.BasicAuth(url.username, url.password),
            timeout=TIMEOUT,
            headers={"Content-Type": "application/logplex-1", "User-Agent": "Logplex/v72"},
        )

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def write(self, line: str, process: str, at: datetime, source: str = "heroku") -> None:
        """Queue the line for delivery, or lose it where too many are waiting."""
        text = f"<158>1 {at.isoformat(timespec='microseconds')} host {source} {process} - {line}\n"
        with self._lock:
            if len(self._lines) >= BUFFER:
                self._lost += 1
                self.sent.dropped += 1
            else:
                self._lines.append(text.encode())

    def flush(self, at: datetime) -> None:
        """Deliver all waiting lines, or give them up."""
        while lines := self._batch(at):
            self._deliver(lines)

    def _batch(self, at: datetime) -> list[bytes]:
        lines: list[bytes] = []
        with self._lock:
            if self._lost:
                lines.append(_lost_line(self._lost, at))
                self._lost = 0
            size = sum(map(len, lines))
            while self._lines and size + len(self._lines[0]) < BATCH_BYTES:
                lines.append(self._lines.popleft())
                size += len(lines[-1])
        return lines

    def _deliver(self, lines: list[bytes]) -> None:
        frame = uuid4().hex
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(self._random.expovariate(1 / (PAUSE * 2**attempt)))
            if self._post(lines, frame):
                self.sent.delivered += len(lines)
                if self._random.random() < self.repeat and self._post(lines, frame):
                    self.sent.repeats += 1
                return
        with self._lock:
            self._lost += len(lines)
            self.sent.dropped += len(lines)

    def _post(self, lines: list[bytes], frame: str) -> bool:
        """Send the lines; return False where another attempt may succeed."""
        headers = {
            "Logplex-Msg-Count": str(len(lines)),
            "Logplex-Frame-Id": frame,
            "Logplex-Drain-Token": self.drain.token,
        }
        body = b"".join(b"%d %s" % (len(line), line) for line in lines)
        try:
            answer = self._client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError:
            return False
        return answer.status_code not in RETRIED


def _lost_line(count: int, at: datetime) -> bytes:
    time = at.isoformat(timespec="microseconds")
    text = f"Error L10 (output buffer overflow): {count} messages dropped since {time}."
    return f"<172>1 {time} host heroku logplex - {text}\n".encode()
