"""Does a broker answer, and if not, why? Asked before its URL is saved."""

import re

from pydantic import SecretStr

from api.parts import Parts
from guv.errors import BrokerRefused, BrokerUnreachable, FieldError, Invalid, QueueMissing
from guv.rabbitmq import BrokerUrl, parse_broker_url

_ELSEWHERE = (
    "guv asks the management API, over HTTPS on port 443 for an amqp(s) URL; if it is elsewhere,"
    " give https://user:password@host:port?vhost=name"
)
_CAUSES = {
    "ConnectError": "no connection: the host is unknown, refuses it, or has no valid certificate",
    "RemoteProtocolError": "an answer that is no HTTP",
    "JSONDecodeError": "an answer that is none of a RabbitMQ management API",
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


def try_broker(parts: Parts, url: BrokerUrl) -> list[str]:
    """The names of the broker's queues, which proves that guv can watch them.

    Raises:
        Invalid: It does not answer or refuses; the message says which and what to do.
    """
    client = parts.connect_broker(url)
    try:
        return client.list_queues()
    except BrokerRefused as error:
        advice = "the user needs the tag management and a permission on the virtual host"
        raise _refusal(f"{error}; {advice}") from None
    except QueueMissing as error:
        raise _refusal(f"{error}; {_ELSEWHERE}") from None
    except BrokerUnreachable as error:
        raise _refusal(f"{url.base} gives {_cause(str(error))}; {_ELSEWHERE}") from None
    finally:
        client.close()


def _cause(text: str) -> str:
    """What a failure of the network means, in words."""
    named = re.search(r"\((\w+)\)", text)
    return _CAUSES.get(named.group(1), text) if named else text


def _refusal(message: str) -> Invalid:
    return Invalid("The broker was not saved.", [FieldError("url", message)])
