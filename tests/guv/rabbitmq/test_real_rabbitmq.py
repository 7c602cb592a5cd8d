"""The RabbitMQ client against a real broker: what the documentation does not say."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote
from uuid import uuid4

import httpx
import pika
import pytest

from guv.clock import steady_seconds
from guv.errors import BrokerRefused, BrokerUnreachable, QueueMissing
from guv.rabbitmq.client import BrokerClient, QueueCounts, parse_broker_url
from sandbox.services import RabbitMQ
from tests.builders import LOOPBACK

pytestmark = pytest.mark.xdist_group("rabbitmq")
ODD_NAMES = ["jobs", "a/b c", "a+b%2F", "[x]{1,2}.*|$^", "größe-日本"]


@dataclass
class Vhost:
    """A virtual host of a real broker, with the watching client."""

    client: BrokerClient
    management_url: str
    amqp: pika.BlockingConnection
    admin: httpx.Client
    name: str

    def declare(self, queue: str, **arguments: str) -> None:
        self.amqp.channel().queue_declare(queue, durable=True, arguments=arguments)

    def publish(self, queue: str, messages: int) -> None:
        channel = self.amqp.channel()
        for _ in range(messages):
            channel.basic_publish("", queue, b"")
        channel.close()


@pytest.fixture
def vhost(broker: RabbitMQ) -> Iterator[Vhost]:
    name = f"a/b {uuid4().hex[:6]}"
    access = broker.new_vhost(name)
    client = BrokerClient(parse_broker_url(access.management_url), fence=LOOPBACK, timeout=3.0)
    connection = pika.BlockingConnection(pika.URLParameters(access.amqp_url))
    with broker.admin() as admin:
        yield Vhost(client, access.management_url, connection, admin, name)
    connection.close()
    client.close()


def counts_once(
    client: BrokerClient, queue: str, is_there: Callable[[QueueCounts], bool]
) -> QueueCounts:
    """Wait for counts that meet the condition; statistics are up to 10 seconds old."""
    end = steady_seconds() + 15
    while not is_there(seen := client.read_queues([queue])[queue]):
        assert steady_seconds() < end, seen
        time.sleep(0.1)
    return seen


@pytest.mark.parametrize("name", ODD_NAMES)
def test_queue_depths_are_live_with_any_queue_name(vhost: Vhost, name: str) -> None:
    vhost.declare(name)
    vhost.publish(name, 3)
    seen = counts_once(vhost.client, name, lambda counts: counts.messages_ready == 3)
    assert seen.messages_unacknowledged == 0


def test_many_queues_are_read_like_a_single_queue(vhost: Vhost) -> None:
    for number, name in enumerate(ODD_NAMES):
        vhost.declare(name)
        vhost.publish(name, number)
    for number, name in enumerate(ODD_NAMES):
        counts_once(vhost.client, name, lambda counts, n=number: counts.published == n)  # type: ignore[misc]
    alone = {name: vhost.client.read_queues([name])[name] for name in ODD_NAMES}
    assert vhost.client.read_queues(ODD_NAMES) == alone


def test_a_queue_depth_is_seen_long_before_the_statistics(vhost: Vhost) -> None:
    vhost.declare("jobs")
    counts_once(vhost.client, "jobs", lambda counts: counts.published == 0)
    vhost.publish("jobs", 50)
    start = steady_seconds()
    counts_once(vhost.client, "jobs", lambda counts: counts.messages_ready == 50)
    assert steady_seconds() - start < 1.0


def test_queue_counters_follow_consumers(vhost: Vhost) -> None:
    vhost.declare("jobs")
    vhost.publish("jobs", 10)
    channel = vhost.amqp.channel()
    tags = [channel.basic_get("jobs")[0].delivery_tag for _ in range(4)]
    for tag in tags[:3]:
        channel.basic_ack(tag)
    channel.basic_get("jobs", auto_ack=True)
    seen = counts_once(
        vhost.client, "jobs", lambda counts: (counts.published, counts.served) == (10, 4)
    )
    assert (seen.messages_ready, seen.messages_unacknowledged) == (5, 1)


def test_consumers_of_a_queue_are_counted(vhost: Vhost) -> None:
    vhost.declare("jobs")
    channel = vhost.amqp.channel()
    for _ in range(3):
        channel.basic_consume("jobs", lambda *_: None)
    assert counts_once(vhost.client, "jobs", lambda counts: counts.consumers == 3)


def test_a_quorum_queue_is_like_any_other(vhost: Vhost) -> None:
    vhost.declare("jobs", **{"x-queue-type": "quorum"})
    vhost.publish("jobs", 2)
    assert counts_once(vhost.client, "jobs", lambda counts: counts.messages_ready == 2)


def test_a_stream_instead_of_a_queue_is_refused(vhost: Vhost) -> None:
    vhost.declare("jobs", **{"x-queue-type": "stream"})
    with pytest.raises(QueueMissing, match="stream"):
        vhost.client.read_queues(["jobs"])


def test_an_unknown_queue_of_the_broker_is_named(vhost: Vhost) -> None:
    vhost.declare("jobs")
    with pytest.raises(QueueMissing, match="'nowhere'"):
        vhost.client.read_queues(["jobs", "nowhere"])


def test_queues_are_listed_with_the_least_rights(vhost: Vhost) -> None:
    for name in ODD_NAMES:
        vhost.declare(name)
    assert list(vhost.client.list_queues()) == sorted(ODD_NAMES)


def test_a_wrong_password_is_refused_in_the_brokers_words(vhost: Vhost) -> None:
    scheme, _, rest = vhost.management_url.partition("://")
    wrong = f"{scheme}://{rest.partition(':')[0]}:wrong-marker@{rest.partition('@')[2]}"
    client = BrokerClient(parse_broker_url(wrong), fence=LOOPBACK, timeout=3.0)
    with pytest.raises(BrokerRefused) as refused:
        client.list_queues()
    assert "marker" not in str(refused.value)
    client.close()


def test_a_user_without_the_management_tag_is_refused(vhost: Vhost) -> None:
    user = vhost.management_url.partition("://")[2].partition(":")[0]
    path = f"/api/users/{user}"
    vhost.admin.put(path, json={"password": "pw", "tags": ""}).raise_for_status()
    host = vhost.management_url.partition("@")[2]
    client = BrokerClient(parse_broker_url(f"http://{user}:pw@{host}"), fence=LOOPBACK, timeout=3.0)
    with pytest.raises(BrokerRefused, match="Not management user"):
        client.read_queues(["jobs"])
    client.close()


def test_a_user_without_rights_on_the_virtual_host_is_refused(vhost: Vhost) -> None:
    user = vhost.management_url.partition("://")[2].partition(":")[0]
    path = f"/api/permissions/{quote(vhost.name, safe='')}/{user}"
    vhost.admin.delete(path).raise_for_status()
    with pytest.raises(BrokerRefused, match="virtual host"):
        vhost.client.read_queues(["jobs"])


def test_an_unknown_virtual_host_of_the_broker_is_named(vhost: Vhost) -> None:
    url = f"{vhost.management_url.partition('?')[0]}?vhost=nowhere"
    client = BrokerClient(parse_broker_url(url), fence=LOOPBACK, timeout=3.0)
    with pytest.raises((QueueMissing, BrokerRefused), match="virtual host 'nowhere'"):
        client.read_queues(["jobs"])
    client.close()


def test_a_port_without_a_broker_is_unreachable() -> None:
    client = BrokerClient(parse_broker_url("http://me:pw@127.0.0.1:9"), fence=LOOPBACK, timeout=1.0)
    with pytest.raises(BrokerUnreachable, match="ConnectError"):
        client.list_queues()
    client.close()


@pytest.fixture
def without_statistics(broker: RabbitMQ) -> Iterator[None]:
    """Switch off the broker's statistics, as its plain image is set up."""
    setting = "application:set_env(rabbitmq_management_agent, disable_metrics_collector, {})."
    broker.control("eval", setting.format("true"))
    yield
    broker.control("eval", setting.format("false"))


def test_a_broker_with_statistics_says_so(vhost: Vhost) -> None:
    assert vhost.client.keeps_statistics() is True


@pytest.mark.own_broker
@pytest.mark.usefixtures("without_statistics")
def test_a_broker_without_statistics_says_so_and_still_has_live_totals(vhost: Vhost) -> None:
    vhost.declare("jobs")
    vhost.publish("jobs", 3)
    assert vhost.client.keeps_statistics() is False
    counts = counts_once(vhost.client, "jobs", lambda counts: counts.messages_ready == 3)
    assert (counts.published, counts.consumers) == (None, None)


def test_a_stream_is_listed_as_a_stream(vhost: Vhost) -> None:
    vhost.declare("log", **{"x-queue-type": "stream"})
    vhost.declare("jobs")
    assert vhost.client.list_queues() == {"jobs": "classic", "log": "stream"}
