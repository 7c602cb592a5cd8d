"""How many messages wait, run and were served? The client of a broker's management API.

Depths come from the broker's live totals where it has them, counters from its statistics, which
are up to 5 seconds old. Facts about both: RabbitMQ 3.10 and 3.13, LavinMQ, CloudAMQP.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

import httpx

from guv.errors import AddressRefused, BrokerRefused, BrokerUnreachable, QueueMissing
from guv.fence import Fence
from guv.http import Answer, fetch, new_client

MOST_COUNT = 2**53  # a larger count is nonsense, and no database column would take it
MOST_CONSUMERS = 1_000_000
_COLUMNS = (
    "name,type,state,consumers,messages,messages_ready,messages_unacknowledged,"
    "message_stats.publish,message_stats.ack,message_stats.deliver_no_ack,"
    "message_stats.get_no_ack,message_stats.redeliver"
)


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
    """The management API that a URL stands for.

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
    """The same address, if a request could be made to it."""
    try:
        is_usable = bool(httpx.URL(base).host) and not re.search(r"\s", base)
    except httpx.InvalidURL:
        is_usable = False
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
    """The counts of several queues as one; a field unknown in one of them is unknown in all.

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
        """Nothing; gives the connections back."""
        self._client.close()

    def read_queues(self, names: Sequence[str]) -> dict[str, QueueCounts]:
        """The counts of each named queue of the virtual host.

        Raises:
            BrokerUnreachable: Refused, timed out, or an answer that makes no sense.
            BrokerRefused: Login or access refused.
            QueueMissing: One of the queues is not there, or is a stream.
        """
        live = self._live_totals(names)
        return {name: self._read_queue(name, live.get(name, {})) for name in names}

    def keeps_statistics(self) -> bool | None:
        """Whether the broker counts what comes and goes; None: it does not say.

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
        """The type of each queue of the virtual host by its name, in order; empty: not said.

        Raises:
            BrokerUnreachable, BrokerRefused, QueueMissing: As `read_queues` does.
        """
        found = self._get(
            f"/api/queues/{_part(self._url.vhost)}",
            {"disable_stats": "true", "enable_queue_totals": "true", "columns": "name,type"},
        )
        kinds = {str(queue.get("name")): str(queue.get("type") or "") for queue in _queues(found)}
        return dict(sorted(kinds.items()))

    def _read_queue(self, name: str, live: Mapping[str, Any]) -> QueueCounts:
        path = f"/api/queues/{_part(self._url.vhost)}/{_part(name)}"
        queue = self._get(path, {"columns": _COLUMNS}, queue=name)
        if not isinstance(queue, dict):
            raise BrokerUnreachable("the broker's answer is no queue")
        if queue.get("type") == "stream":
            raise QueueMissing(f"queue {name!r} is a stream; its backlog cannot be watched")
        return _counts(queue, live)

    def _live_totals(self, names: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Depths read from the queue processes themselves, by queue name."""
        pattern = "|".join(re.escape(name) for name in names)
        found = self._get(
            f"/api/queues/{_part(self._url.vhost)}",
            {
                "disable_stats": "true",
                "enable_queue_totals": "true",
                "page": "1",
                "page_size": "500",
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
            raise BrokerUnreachable(f"no usable answer ({type(error).__name__})") from None
        raise self._refusal(answer, queue)

    def _refusal(self, answer: Answer, queue: str | None) -> Exception:
        where = f"virtual host {self._url.vhost!r}"
        if answer.status in {401, 403}:
            return BrokerRefused(f"the broker refuses access to {where}: {_reason(answer)}")
        if answer.status == httpx.codes.NOT_FOUND:
            what = f"queue {queue!r} in {where}" if queue is not None else where
            return QueueMissing(f"the broker knows no {what}")
        return BrokerUnreachable(f"the broker answers {answer.status}")


def _part(text: str) -> str:
    """A name as one part of a path, percent-encoded once."""
    return quote(text, safe="")


def _reason(answer: Answer) -> str:
    """The broker's own words for a refusal, which name no secret; or the status."""
    try:
        reason = answer.json().get("reason")
    except (ValueError, AttributeError):
        reason = None
    return str(reason)[:200] if reason else f"HTTP {answer.status}"


def _queues(found: Any) -> list[Mapping[str, Any]]:
    """The queues of a plain or paged list."""
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
    """The counters, 0 where the broker has counted nothing yet; {} where it keeps none.

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
    """A count, or None where it is missing or no count."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
    return value if is_count else None
