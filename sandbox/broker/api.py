"""The part of RabbitMQ's management API that watching queues needs, in its shape and its words."""

import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from sandbox.broker.memory import Counts, MemoryAccess, MemoryBroker, UnknownQueue

Json = dict[str, Any]
_MOST_PER_PAGE = 500


class BrokerRefusal(Exception):
    """An error answer of the broker."""

    def __init__(self, status: int, error: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.body = {"error": error, "reason": reason}


class BrokerRoute(APIRoute):
    """A route whose refusals have RabbitMQ's form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Turn refusals into RabbitMQ's error answers."""
        usual = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await usual(request)
            except UnknownQueue:
                return JSONResponse({"error": "Object Not Found", "reason": "Not Found"}, 404)
            except BrokerRefusal as refusal:
                return JSONResponse(refusal.body, refusal.status)

        return handle


def _broker_of(request: Request) -> MemoryBroker:
    broker: MemoryBroker = request.app.state.broker
    return broker


AnyBroker = Annotated[MemoryBroker, Depends(_broker_of)]
_basic = HTTPBasic(auto_error=False)


def _user(
    broker: AnyBroker, login: Annotated[HTTPBasicCredentials | None, Depends(_basic)]
) -> MemoryAccess:
    access = broker.who(login.username, login.password) if login else None
    if access is None:
        raise BrokerRefusal(401, "not_authorized", "Login failed")
    return access


AnyUser = Annotated[MemoryAccess, Depends(_user)]
router = APIRouter(prefix="/api", route_class=BrokerRoute)


@router.get("/overview")
def read_overview(user: AnyUser) -> Json:
    """Describe the broker."""
    return {"product_name": "sandbox", "rabbitmq_version": "3.10.8", "user": user.user}


@router.get("/whoami")
def read_user(user: AnyUser) -> Json:
    """Return the caller."""
    return {"name": user.user, "tags": "management"}


@router.get("/vhosts")
def list_vhosts(user: AnyUser) -> list[Json]:
    """List the virtual hosts that the user may see."""
    return [{"name": user.vhost}]


@router.get("/queues/{path:path}")  # noqa: FAST003  # read as it was sent, see below
def read_queues(request: Request, broker: AnyBroker, user: AnyUser) -> Any:
    """Return one queue of a virtual host, or all of them, in pages where asked."""
    # Names may hold slashes, so that only the path as sent tells its parts apart.
    raw = request.scope["raw_path"].decode().partition("/api/queues/")[2]
    vhost, *name = [unquote(part) for part in raw.split("/")]
    if broker.has_vhost(vhost) and vhost != user.vhost:
        raise BrokerRefusal(401, "not_authorised", "User not authorised to access virtual host")
    query = request.query_params
    if name:
        counts = broker.counts(vhost, "/".join(name), live=False)
        return _columns(_queue(vhost, name[0], counts), query.get("columns"))
    live = query.get("disable_stats") == query.get("enable_queue_totals") == "true"
    return _listed(
        [_entry(broker, vhost, queue, live=live) for queue in broker.names(vhost)], query
    )


def _entry(broker: MemoryBroker, vhost: str, name: str, *, live: bool) -> Json:
    queue = _queue(vhost, name, broker.counts(vhost, name, live=live))
    if live:
        for statistic in ("message_stats", "consumers"):
            queue.pop(statistic, None)
    return queue


def _queue(vhost: str, name: str, counts: Counts) -> Json:
    """Describe the queue as RabbitMQ does; what was never counted is absent."""
    counters = {
        "publish": counts.publish,
        "deliver": counts.deliver,
        "deliver_get": counts.deliver,
        "redeliver": counts.redeliver,
        "ack": counts.ack,
    }
    queue: Json = {
        "name": name,
        "vhost": vhost,
        "type": "classic",
        "state": "running",
        "durable": True,
        "arguments": {},
        "consumers": counts.consumers,
        "messages": counts.messages_ready + counts.messages_unacknowledged,
        "messages_ready": counts.messages_ready,
        "messages_unacknowledged": counts.messages_unacknowledged,
    }
    if any(counters.values()):
        queue["message_stats"] = counters
    return queue


def _listed(queues: Sequence[Json], query: Mapping[str, str]) -> Any:
    columns = query.get("columns")
    if "page" not in query:
        return [_columns(queue, columns) for queue in queues]
    page, size = _number(query, "page", 1), _number(query, "page_size", 100)
    if size > _MOST_PER_PAGE:
        raise BrokerRefusal(400, "invalid_pagination_parameters", "page_size is above 500")
    matching = [queue for queue in queues if _matches(str(queue["name"]), query)]
    if page > 1 and (page - 1) * size >= len(matching):
        raise BrokerRefusal(400, "page_out_of_range", f"page {page} is past the end")
    items = [_columns(queue, columns) for queue in matching[(page - 1) * size : page * size]]
    return {
        "items": items,
        "item_count": len(items),
        "filtered_count": len(matching),
        "total_count": len(queues),
        "page": page,
        "page_size": size,
        "page_count": max(-(-len(matching) // size), 1),
    }


def _matches(name: str, query: Mapping[str, str]) -> bool:
    wanted = query.get("name", "")
    if query.get("use_regex") == "true":
        return re.search(wanted, name) is not None
    return wanted in name


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise BrokerRefusal(400, "invalid_pagination_parameters", f"{name} is no number above 0")
    return int(text)


def _columns(queue: Json, columns: str | None) -> Json:
    """Keep only the named columns of the queue; dots reach into objects."""
    if not columns:
        return queue
    chosen: Json = {}
    for column in columns.split(","):
        outer, _, inner = column.partition(".")
        value = queue.get(outer)
        if not inner and value is not None:
            chosen[outer] = value
        elif isinstance(value, dict) and inner in value:
            chosen.setdefault(outer, {})[inner] = value[inner]
    return chosen
