"""Client of a broker's management API: how many messages wait, run and were served.

Depths come from the broker's live totals where it has them, counters from its statistics, which
are up to 5 seconds old. Facts about both: RabbitMQ 3.10 and 3.13, LavinMQ, CloudAMQP.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from json import JSONDecodeError
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

import httpx

from guv.errors import (
    AddressRefused,
    BrokerFailure,
    BrokerRefused,
    BrokerUnreachable,
    QueueMissing,
)
from guv.http import Answer, fetch, new_client, parse_url
from guv.ssrf import Fence

MOST_COUNT = 2**53  # a larger count is nonsense, and no database column would take it
MOST_CONSUMERS = 1_000_000
_COLUMNS = (
    "name,type,state,consumers,messages,messages_ready,messages_unacknowledged,"
    "message_stats.publish,message_stats.ack,message_stats.deliver_no_ack,"
    "message_stats.get_no_ack,message_stats.redeliver"
)

# Depths read from the queue processes themselves, without the statistics.
_LIVE = {"disable_stats": "true", "enable_queue_totals": "true"}
_MOST_LISTED = 500  # queues on a page
_MOST_NAMES = 3000  # characters of an address that names of queues may take


@dataclass(frozen=True, slots=True)
class BrokerUrl:
    """Where a broker's management API is, and who we are there; never printed with its password.

    Attributes:
        base: Scheme, host, port and path prefix of the API, without user info.
        vhost: The virtual host, decoded.
        user: The user, decoded.
        password: The password, decoded.
    """

    base: str
    vhost: str
    user: str
    password: str

    @property
    def address(self) -> str:
        """Where it is, for people: without user and password."""
        return f"{self.base} vhost {self.vhost}"

    def __repr__(self) -> str:
        return f"BrokerUrl({self.address})"


def parse_broker_url(text: str) -> BrokerUrl:
    """Return the management API that a URL stands for.

    `amqp://` and `amqps://` URLs (CloudAMQP's form) become HTTPS on port 443 with the path as
    virtual host; `http(s)://user:password@host:port/prefix?vhost=name` is taken as it is. No
    virtual host, or an empty one, means "/".

    Raises:
        ValueError: It is no such URL; the message says what would be right, without the URL.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:  # its own text would show parts of the password
        raise ValueError(_MALFORMED) from None
    if parts.scheme not in {"amqp", "amqps", "http", "https"}:
        raise ValueError("must begin with amqps://, amqp://, https:// or http://")
    if not parts.hostname or not parts.username or parts.password is None:
        raise ValueError("must name user, password and host: amqps://user:password@host/vhost")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if parts.scheme in {"amqp", "amqps"}:
        base, vhost = f"https://{host}", unquote(parts.path.removeprefix("/"))
    else:
        base = f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path.rstrip('/')}"
        vhost = parse_qs(parts.query).get("vhost", ["/"])[0]
    return BrokerUrl(_usable(base), vhost or "/", unquote(parts.username), unquote(parts.password))


_MALFORMED = (
    "is malformed: user and password must be percent-encoded (/ as %2F, @ as %40, : as %3A)"
    " and the port must be a number"
)


def _usable(base: str) -> str:
    """Return the address, if a request can be made to it."""
    try:
        parse_url(base)
    except httpx.InvalidURL:
        is_usable = False
    else:
        is_usable = not re.search(r"\s", base)
    if not is_usable:
        raise ValueError("must name a host that can be looked up")
    return base


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """What a broker says of one queue, or of several added up; None is unknown.

    `published`, `served` and `redelivered` are counters since the broker's start.
    """

    messages_ready: int | None = None
    messages_unacknowledged: int | None = None
    published: int | None = None
    served: int | None = None
    redelivered: int | None = None
    consumers: int | None = None


def add_up(counts: Iterable[QueueCounts]) -> QueueCounts:
    """Return the counts of several queues as one; what one does not know is unknown.

    >>> add_up([QueueCounts(1, 2, 3), QueueCounts(10, None, 30)])
    ... # doctest: +ELLIPSIS
    QueueCounts(messages_ready=11, messages_unacknowledged=None, published=33, ...)
    """
    all_counts = list(counts)
    if not all_counts:
        return QueueCounts()
    sums: dict[str, int | None] = {}
    for field in fields(QueueCounts):
        values = [getattr(one, field.name) for one in all_counts]
        known = [value for value in values if value is not None]
        sums[field.name] = sum(known) if len(known) == len(values) else None
    return QueueCounts(**sums)


class BrokerClient:
    """One broker's management API over one pool of kept-alive connections.

    Args:
        url: Where it is.
        timeout: Seconds that one answer may take in all; connecting gets 1 second.
        fence: Where the URL may lead.
        transport: Replaces the network, for tests.
    """

    def __init__(
        self,
        url: BrokerUrl,
        *,
        timeout: float,
        fence: Fence,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = url
        self._timeout = timeout
        self._client = new_client(
            timeout,
            auth=httpx.BasicAuth(url.user.encode(), url.password.encode()),
            fence=fence,
            transport=transport,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def read_queues(self, names: Sequence[str]) -> dict[str, QueueCounts]:
        """Return the counts of each named queue of the virtual host.

        Raises:
            BrokerUnreachable: Refused, timed out, or an answer that makes no sense.
            BrokerRefused: Login or access refused.
            QueueMissing: One of the queues is not there, or is a stream.
        """
        return counts_of(self.look(names), names)

    def look(self, names: Sequence[str]) -> dict[str, QueueCounts | QueueMissing]:
        """Return each queue's counts, or why it has none, in two requests for many queues.

        Raises:
            BrokerUnreachable: Refused, timed out, or an answer that makes no sense.
            BrokerRefused: Login or access refused.
            QueueMissing: The virtual host is not there.
        """
        found: dict[str, QueueCounts | QueueMissing] = {}
        for some in _in_addresses(names):
            live = self._list(some, _LIVE)
            stats = self._list(some, {"columns": _COLUMNS}) if len(some) > 1 else {}
            for name in some:
                found[name] = self._counts_or_missing(name, stats.get(name), live.get(name, {}))
        return found

    def _counts_or_missing(
        self, name: str, stats: Mapping[str, Any] | None, live: Mapping[str, Any]
    ) -> QueueCounts | QueueMissing:
        """Return the queue's counts; a queue that no list had is asked for by its name."""
        try:
            queue = self._read_queue(name) if stats is None else stats
        except QueueMissing as missing:
            return missing
        if queue.get("type") == "stream":
            return QueueMissing(f"queue {name!r} is a stream; its backlog cannot be watched")
        return _counts(queue, live)

    def keeps_statistics(self) -> bool | None:
        """Return whether the broker keeps statistics; None: it does not say.

        Raises:
            BrokerUnreachable: Refused, timed out, or an answer that makes no sense.
        """
        try:
            found = self._get("/api/overview", {"columns": "disable_stats"})
        except (BrokerRefused, QueueMissing):
            return None
        said = found.get("disable_stats") if isinstance(found, dict) else None
        return None if said is None else said is not True

    def list_queues(self) -> dict[str, str]:
        """Return the type of each queue of the virtual host by its name; an empty type is unknown.

        Raises:
            BrokerUnreachable, BrokerRefused, QueueMissing: As `read_queues` does.
        """
        path = f"/api/queues/{_part(self._url.vhost)}"
        found = self._get(path, {**_LIVE, "columns": "name,type"})
        kinds = {str(queue.get("name")): str(queue.get("type") or "") for queue in _queues(found)}
        return dict(sorted(kinds.items()))

    def _read_queue(self, name: str) -> Mapping[str, Any]:
        path = f"/api/queues/{_part(self._url.vhost)}/{_part(name)}"
        queue = self._get(path, {"columns": _COLUMNS}, queue=name)
        if not isinstance(queue, dict):
            raise BrokerUnreachable("the broker's answer is no queue")
        return queue

    def _list(
        self, names: Sequence[str], options: Mapping[str, str]
    ) -> dict[str, Mapping[str, Any]]:
        """Return the list's entry of each queue by name; queues that it lacks are left out."""
        pattern = "|".join(re.escape(name) for name in names)
        found = self._get(
            f"/api/queues/{_part(self._url.vhost)}",
            {
                **options,
                "page": "1",
                "page_size": str(_MOST_LISTED),
                "name": f"^({pattern})$",
                "use_regex": "true",
            },
        )
        return {str(queue.get("name")): queue for queue in _queues(found)}

    def _get(self, path: str, params: Mapping[str, str], queue: str | None = None) -> Any:
        url = f"{self._url.base}{path}?{urlencode(params)}"
        try:
            answer = fetch(self._client, "GET", url, self._timeout)
            if answer.is_success:
                return answer.json()
        except httpx.TimeoutException:
            raise BrokerUnreachable(f"no answer within {self._timeout:g} seconds") from None
        except AddressRefused as refused:
            raise BrokerUnreachable(str(refused)) from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            message = f"no usable answer ({type(error).__name__})"
            raise BrokerUnreachable(message, _failure_of(error)) from None
        raise self._refusal(answer, queue)

    def _refusal(self, answer: Answer, queue: str | None) -> Exception:
        where = f"virtual host {self._url.vhost!r}"
        if answer.status in {401, 403}:
            return BrokerRefused(f"the broker refuses access to {where}: {_reason(answer)}")
        if answer.status == httpx.codes.NOT_FOUND:
            what = f"queue {queue!r} in {where}" if queue is not None else where
            return QueueMissing(f"the broker knows no {what}")
        return BrokerUnreachable(f"the broker answers {answer.status}")


def counts_of(
    found: Mapping[str, QueueCounts | QueueMissing], names: Iterable[str]
) -> dict[str, QueueCounts]:
    """Return the counts of those queues.

    Raises:
        QueueMissing: One of them is not there, or is a stream.
    """
    counts: dict[str, QueueCounts] = {}
    for name in names:
        one = found[name]
        if isinstance(one, QueueMissing):
            raise one.with_traceback(None)
        counts[name] = one
    return counts


def _in_addresses(names: Sequence[str]) -> Iterator[list[str]]:
    """Yield the names, as many at a time as an address can carry."""
    some: list[str] = []
    length = 0
    for name in dict.fromkeys(names):
        needed = len(_part(re.escape(name))) + 3
        if len(some) == _MOST_LISTED or (some and length + needed > _MOST_NAMES):
            yield some
            some, length = [], 0
        some.append(name)
        length += needed
    if some:
        yield some


def _part(text: str) -> str:
    """Return a name as one part of a path, percent-encoded once."""
    return quote(text, safe="")


def _failure_of(error: Exception) -> BrokerFailure:
    if isinstance(error, httpx.ConnectError):
        return BrokerFailure.NO_CONNECTION
    if isinstance(error, httpx.RemoteProtocolError):
        return BrokerFailure.NOT_HTTP
    return BrokerFailure.NOT_AN_API if isinstance(error, JSONDecodeError) else BrokerFailure.OTHER


def _reason(answer: Answer) -> str:
    """Return the broker's own words for a refusal, which name no secret, or the status."""
    try:
        reason = answer.json().get("reason")
    except (ValueError, AttributeError):
        reason = None
    return str(reason)[:200] if reason else f"HTTP {answer.status}"


def _queues(found: Any) -> list[Mapping[str, Any]]:
    """Return the queues of a plain or paged list."""
    items = found.get("items", []) if isinstance(found, dict) else found
    if not isinstance(items, list):
        raise BrokerUnreachable("the broker's answer is no list of queues")
    return [item for item in items if isinstance(item, dict)]


def _counts(queue: Mapping[str, Any], live: Mapping[str, Any]) -> QueueCounts:
    """One queue's counts: live depths before those of the statistics."""
    ready = _whole(live.get("messages_ready", queue.get("messages_ready")))
    unacked = _whole(live.get("messages_unacknowledged", queue.get("messages_unacknowledged")))
    stats = _counters(queue)
    served = [stats.get(name) for name in ("ack", "deliver_no_ack", "get_no_ack")]
    return QueueCounts(
        messages_ready=ready,
        messages_unacknowledged=unacked,
        published=stats.get("publish"),
        served=sum(part for part in served if part is not None) if stats else None,
        redelivered=stats.get("redeliver"),
        consumers=_whole(queue.get("consumers"), MOST_CONSUMERS),
    )


def _counters(queue: Mapping[str, Any]) -> dict[str, int]:
    """Return the counters, 0 where nothing was counted yet; {} where the broker keeps none.

    A broker that keeps statistics reports `messages` but leaves out counters of what never
    happened since its start (`message_stats` is then absent, or an empty JSON list).
    """
    if _whole(queue.get("messages")) is None:
        return {}
    stats = queue.get("message_stats")
    known = stats if isinstance(stats, dict) else {}
    names = ("publish", "ack", "deliver_no_ack", "get_no_ack", "redeliver")
    return {name: _whole(known.get(name)) or 0 for name in names}


def _whole(value: Any, most: int = MOST_COUNT) -> int | None:
    """Return a count, or None where it is missing or no count."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
    return value if is_count else None
