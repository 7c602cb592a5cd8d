"""Queue of log deliveries between the web process and the worker: bounded, in Redis.

Each drain has a stream of its own: compressed lines, in order. The bytes of a drain and of all
drains together are limited; at the limit only drains above their share are refused, so that no
tenant pays for another's flood. A delivery counts once by its frame id.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from redis import Redis

from guv.clock import unix_seconds
from guv.web_metrics.log_lines import join_frames, split_frames

OF_ONE_DRAIN = 1_000_000  # compressed bytes of one drain; about 30,000 requests
OF_ALL_DRAINS = 8_000_000  # compressed bytes of all drains; Heroku's smallest Redis has 25 MB
OVERHEAD = 100  # bytes that Redis needs for an entry besides its content
REPEATS_S = 60  # for which frame ids are kept; Logplex tries three times within seconds
KEPT_S = 3600  # for which an unread stream is kept
PAUSE_S = 1.0  # for which deliveries are collected before they are read
LEASE_S = 30.0  # for the job that reads a drain
MOST_LINES_BYTES = 1_000_000  # of an entry when it is decompressed
START = "0-0"
END = f"{2**63}-0"  # after every place in a stream
_PREFIX = "guv:drain:"
_WAITING = f"{_PREFIX}waiting"
_SIZES = f"{_PREFIX}sizes"

_PUT = """
local seen, before = KEYS[2], KEYS[3]
if ARGV[1] ~= '' and (redis.call('sismember', seen, ARGV[1]) == 1
    or redis.call('sismember', before, ARGV[1]) == 1) then return 'repeated' end
local size = tonumber(ARGV[3])
local own = tonumber(redis.call('hget', KEYS[4], ARGV[6]) or '0') + size
local all = tonumber(redis.call('hget', KEYS[4], 'all') or '0') + size
local share = tonumber(ARGV[5]) / math.max(1, redis.call('hlen', KEYS[4]) - 1)
if own > tonumber(ARGV[4]) or (all > tonumber(ARGV[5]) and own > share) then return 'full' end
redis.call('xadd', KEYS[1], '*', 'lines', ARGV[2], 'lost', ARGV[8])
redis.call('expire', KEYS[1], ARGV[9])
redis.call('hincrby', KEYS[4], ARGV[6], size)
redis.call('hincrby', KEYS[4], 'all', size)
redis.call('zadd', KEYS[5], 'nx', ARGV[7], ARGV[6])
if ARGV[1] ~= '' then
    redis.call('sadd', seen, ARGV[1])
    redis.call('expire', seen, ARGV[10])
end
return 'queued'
"""

_TAKE_WAITING = """
local found = redis.call('zrangebyscore', KEYS[1], '-inf', ARGV[1], 'limit', 0, ARGV[3])
for _, drain in ipairs(found) do redis.call('zadd', KEYS[1], 'xx', ARGV[2], drain) end
return found
"""

_FORGET = """
redis.call('xtrim', KEYS[1], 'minid', ARGV[2])
redis.call('xdel', KEYS[1], ARGV[2])
local own = tonumber(redis.call('hget', KEYS[2], ARGV[1]) or '0')
local size = math.min(own, tonumber(ARGV[3]))
if redis.call('xlen', KEYS[1]) == 0 then
    size = own
    redis.call('hdel', KEYS[2], ARGV[1])
    redis.call('zrem', KEYS[3], ARGV[1])
else
    redis.call('hincrby', KEYS[2], ARGV[1], -size)
    redis.call('zadd', KEYS[3], ARGV[4], ARGV[1])
end
local all = tonumber(redis.call('hget', KEYS[2], 'all') or '0') - size
if all <= 0 or redis.call('hlen', KEYS[2]) <= 1 then redis.call('hdel', KEYS[2], 'all')
else redis.call('hset', KEYS[2], 'all', all) end
"""


class Put(StrEnum):
    """Result of putting a delivery into the queue."""

    QUEUED = "queued"
    REPEATED = "repeated"  # it is in the queue already
    FULL = "full"  # to be sent again


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery in the queue.

    Attributes:
        id: Its place in the stream.
        lines: Its lines that may hold an event.
        lost: Its lines that could not be read.
        size: Its bytes in Redis.
    """

    id: str
    lines: list[bytes]
    lost: int
    size: int


class DrainQueue:
    """The waiting deliveries of all drains.

    Args:
        redis: Where they wait.
        of_one: Most bytes of one drain.
        of_all: Most bytes of all drains, above which large shares are refused.
    """

    def __init__(
        self, redis: Redis, of_one: int = OF_ONE_DRAIN, of_all: int = OF_ALL_DRAINS
    ) -> None:
        self._redis = redis
        self._limits = (of_one, of_all)
        self._put = redis.register_script(_PUT)
        self._take_waiting = redis.register_script(_TAKE_WAITING)
        self._forget = redis.register_script(_FORGET)

    def put(
        self, drain: UUID, frame: str, lines: Sequence[bytes], now: datetime, lost: int = 0
    ) -> Put:
        """Put a delivery into the queue; errors are Redis's own.

        Args:
            drain: The drain.
            frame: The delivery's id; "": it has none and always counts.
            lines: Its lines that may hold an event.
            now: The present.
            lost: Its lines that could not be read.
        """
        data = zlib.compress(join_frames(list(lines)), 1)
        minute = int(unix_seconds(now) // REPEATS_S)
        seen = [f"{_PREFIX}seen:{{{drain}}}:{at}" for at in (minute, minute - 1)]
        due = unix_seconds(now) + PAUSE_S
        result = self._put(
            keys=[_stream(drain), *seen, _SIZES, _WAITING],
            args=[
                frame,
                data,
                len(data) + OVERHEAD,
                *self._limits,
                str(drain),
                due,
                lost,
                KEPT_S,
                2 * REPEATS_S,
            ],
        )
        return Put(result.decode())

    def take_waiting(self, now: datetime, most: int) -> list[UUID]:
        """Lease up to `most` drains with deliveries to the caller."""
        at = unix_seconds(now)
        drains = self._take_waiting(keys=[_WAITING], args=[at, at + LEASE_S, most])
        return [UUID(drain.decode()) for drain in drains]

    def read(self, drain: UUID, after: str, most: int) -> list[Delivery]:
        """Read up to `most` deliveries after a place, in order; they stay until forgotten."""
        rows: Any = self._redis.xrange(_stream(drain), min=f"({after or START}", count=most)
        return [_delivery(place, fields) for place, fields in rows]

    def oldest(self, drain: UUID, after: str) -> float | None:
        """Return the Unix seconds of the first delivery after a place; None: none waits."""
        rows: Any = self._redis.xrange(_stream(drain), min=f"({after or START}", count=1)
        return int(rows[0][0].partition(b"-")[0]) / 1000.0 if rows else None

    def forget(self, drain: UUID, read: Sequence[Delivery], now: datetime) -> None:
        """Delete deliveries; what is left is due at once."""
        if read:
            size = sum(delivery.size for delivery in read)
            self._end(drain, read[-1].id, size, now)

    def forget_until(self, drain: UUID, place: str, now: datetime) -> None:
        """Delete all deliveries up to a place, and the drain if none is left."""
        self._end(drain, place or START, 0, now)

    def _end(self, drain: UUID, place: str, size: int, now: datetime) -> None:
        self._forget(
            keys=[_stream(drain), _SIZES, _WAITING],
            args=[str(drain), place, size, unix_seconds(now)],
        )


def _stream(drain: UUID) -> str:
    return f"{_PREFIX}lines:{drain}"


def _delivery(place: bytes, fields: dict[bytes, bytes]) -> Delivery:
    data = fields[b"lines"]
    body = zlib.decompressobj().decompress(data, MOST_LINES_BYTES)
    return Delivery(place.decode(), split_frames(body), int(fields[b"lost"]), len(data) + OVERHEAD)
