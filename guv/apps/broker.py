"""Use cases of an app's broker: test a URL, set it, and test what is set.

No connection of the database is held while a broker is asked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from guv.apps import queries as apps
from guv.apps.models import App, Broker
from guv.errors import (
    BrokerFailure,
    BrokerRefused,
    BrokerUnreachable,
    FieldError,
    Invalid,
    NotFound,
    QueueMissing,
)
from guv.rabbitmq.client import BrokerClient, BrokerUrl, parse_broker_url
from guv.settings.levels import Access
from guv.settings.queries import tenant_settings

Connect = Callable[[BrokerUrl], BrokerClient]
_ELSEWHERE = (
    "guv asks the management API, over HTTPS on port 443 for an amqp(s) URL; if it is elsewhere,"
    " give https://user:password@host:port?vhost=name"
)
_NO_STATISTICS = (
    "The broker keeps no statistics: guv sees how many messages wait, but neither how many come and"
    " go nor the consumers, and guesses what a job takes. Set management_agent."
    "disable_metrics_collector = false in its rabbitmq.conf, or set processing_time and boot_time"
)
_CAUSES = {
    BrokerFailure.NO_CONNECTION: "no connection: the host is unknown, refuses it, or has no valid"
    " certificate",
    BrokerFailure.NOT_HTTP: "an answer that is not HTTP",
    BrokerFailure.NOT_AN_API: "an answer that is not from a RabbitMQ management API",
}


@dataclass(frozen=True, slots=True)
class BrokerQueues:
    """What guv can watch of a broker.

    Attributes:
        types: The type of each queue by its name, in order; an empty type is unknown.
        warnings: What guv sees less well than it could, as sentences.
    """

    types: Mapping[str, str]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedBroker:
    """A broker that was tested and saved.

    Attributes:
        broker: Its row.
        queues: What guv can watch of it.
        warnings: What guv cannot watch there, or not well.
    """

    broker: Broker
    queues: BrokerQueues
    warnings: Sequence[str]


def read_broker_url(url: str) -> BrokerUrl:
    """Return the management API that a URL stands for.

    Raises:
        Invalid: It is not a broker's URL; the message does not repeat it.
    """
    try:
        return parse_broker_url(url)
    except ValueError as error:
        raise _refusal(str(error)) from None


def list_queues(connect: Connect, url: BrokerUrl) -> BrokerQueues:
    """Ask a broker for its queues, which proves that guv can watch them.

    Raises:
        Invalid: It does not answer or refuses; the message says which and what to do.
    """
    client = connect(url)
    try:
        types = client.list_queues()
        has_statistics = client.keeps_statistics() is not False
        return BrokerQueues(types, () if has_statistics else (_NO_STATISTICS,))
    except BrokerRefused as error:
        advice = "the user needs the tag management and a permission on the virtual host"
        raise _refusal(f"{error}; {advice}") from None
    except QueueMissing as error:
        raise _refusal(f"{error}; {_ELSEWHERE}") from None
    except BrokerUnreachable as error:
        cause = _CAUSES.get(error.failure, str(error))
        raise _refusal(f"{url.base} gives {cause}; {_ELSEWHERE}") from None
    finally:
        client.close()


def set_broker(access: Access, connect: Connect, app: str, url: str) -> SavedBroker:
    """Set an app's broker, if it answers; else the one that was set before stays.

    Raises:
        NotFound: There is no such app.
        Invalid: The URL cannot be used, or the broker does not answer.
    """
    apps.find_app(access.session, access.tenant, app)
    parsed = read_broker_url(url)
    access.session.rollback()  # no connection is held while the broker is asked
    queues = list_queues(connect, parsed)
    locked = access.locked()
    found = apps.find_app(locked.session, locked.tenant, app)
    sealed = locked.sealer.seal(url)
    at = access.edit.at
    broker = apps.put_broker(locked.session, locked.tenant, found, sealed, parsed.address, at)
    faults = queue_faults(watched_queues(locked, found), queues)
    return SavedBroker(broker, queues, [*queues.warnings, *faults])


def broker_faults(access: Access, connect: Connect, app: str) -> tuple[list[str], Sequence[str]]:
    """Ask an app's broker for the queues of all its roles, as a tick would.

    Returns:
        What does not work, and what does not work well.

    Raises:
        NotFound: There is no such app, or it has no broker.
    """
    session, tenant = access.session, access.tenant
    found = apps.find_app(session, tenant, app)
    broker = apps.find_broker(session, tenant, found)
    if broker is None:
        raise NotFound(f"App {found.name!r} has no broker yet.")
    wanted = watched_queues(access, found)
    url = access.sealer.open(broker.url_sealed)
    session.rollback()  # no connection is held while the broker is asked
    try:
        queues = list_queues(connect, read_broker_url(url))
    except Invalid as error:
        return [fault.message for fault in error.fields], ()
    return queue_faults(wanted, queues), queues.warnings


def watched_queues(access: Access, app: App) -> list[tuple[str, str]]:
    """List the app's roles' names with each of their queues, without roles on web requests."""
    return [
        (role.role.name, queue)
        for role in tenant_settings(access.session, access.tenant)
        if role.app.id == app.id and role.effective.signal == "queue"
        for queue in role.effective.queues
    ]


def queue_faults(wanted: Sequence[tuple[str, str]], queues: BrokerQueues) -> list[str]:
    """Say why roles' queues cannot be watched on the broker."""
    faults = (_queue_fault(role, queue, queues.types) for role, queue in wanted)
    return [fault for fault in faults if fault is not None]


def _queue_fault(role: str, queue: str, types: Mapping[str, str]) -> str | None:
    if queue not in types:
        near = get_close_matches(queue, list(types), n=1)
        advice = f"; did you mean {near[0]!r}?" if near else ""
        return f"role {role!r}: the broker has no queue {queue!r}{advice}"
    if types[queue] == "stream":
        return f"role {role!r}: queue {queue!r} is a stream; its backlog cannot be watched"
    return None


def _refusal(message: str) -> Invalid:
    return Invalid("The broker was not saved.", [FieldError("url", message)])
