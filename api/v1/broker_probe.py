"""Does a broker answer, and if not, why? Asked before its URL is saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from pydantic import SecretStr
from sqlmodel import Session

from api.container import Parts
from guv.apps.models import App
from guv.errors import (
    BrokerFailure,
    BrokerRefused,
    BrokerUnreachable,
    FieldError,
    Invalid,
    QueueMissing,
)
from guv.rabbitmq.client import BrokerUrl, parse_broker_url
from guv.settings.queries import tenant_settings
from guv.tenants.models import Tenant

_ELSEWHERE = (
    "guv asks the management API, over HTTPS on port 443 for an amqp(s) URL; if it is elsewhere,"
    " give https://user:password@host:port?vhost=name"
)
_NO_STATISTICS = (
    "The broker keeps no statistics: guv sees how many messages wait, but neither how many come and"
    " go nor the consumers, and guesses what a job takes. Set management_agent."
    "disable_metrics_collector = false in its rabbitmq.conf, or tell processing_time and boot_time"
)
_CAUSES = {
    BrokerFailure.NO_CONNECTION: "no connection: the host is unknown, refuses it, or has no valid"
    " certificate",
    BrokerFailure.NOT_HTTP: "an answer that is not HTTP",
    BrokerFailure.NOT_AN_API: "an answer that is not from a RabbitMQ management API",
}


def read_broker_url(url: SecretStr) -> BrokerUrl:
    """The management API that a URL stands for.

    Raises:
        Invalid: It is no such URL; the message does not show it.
    """
    try:
        return parse_broker_url(url.get_secret_value())
    except ValueError as error:
        raise _refusal(str(error)) from None


@dataclass(frozen=True, slots=True)
class Watchable:
    """What guv can watch of a broker.

    Attributes:
        queues: The type of each queue by its name, in order; empty: not said.
        warnings: What it sees less well than it could, in words.
    """

    queues: Mapping[str, str]
    warnings: tuple[str, ...] = ()


def try_broker(parts: Parts, url: BrokerUrl) -> Watchable:
    """The broker's queues, which proves that guv can watch them.

    Raises:
        Invalid: It does not answer or refuses; the message says which and what to do.
    """
    client = parts.connect_broker(url)
    try:
        queues = client.list_queues()
        return Watchable(
            queues, () if client.keeps_statistics() is not False else (_NO_STATISTICS,)
        )
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


def watched_queues(session: Session, tenant: Tenant, app: App) -> list[tuple[str, str]]:
    """The queues of the app's roles, each with its role's name; not of roles on web requests."""
    return [
        (one.role.name, queue)
        for one in tenant_settings(session, tenant)
        if one.app.id == app.id and one.effective.values["signal"] == "queue"
        for queue in one.effective.values["queues"]
    ]


def queue_fault(role: str, queue: str, present: Mapping[str, str]) -> str | None:
    """Why a role's queue cannot be watched on the broker; None: it can."""
    if queue not in present:
        near = get_close_matches(queue, list(present), n=1)
        advice = f"; did you mean {near[0]!r}?" if near else ""
        return f"role {role!r}: the broker has no queue {queue!r}{advice}"
    if present[queue] == "stream":
        return f"role {role!r}: queue {queue!r} is a stream; its backlog cannot be watched"
    return None


def _refusal(message: str) -> Invalid:
    return Invalid("The broker was not saved.", [FieldError("url", message)])
