"""Broker in memory: no message lost or doubled, and an API in RabbitMQ's shape."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from guv.errors import BrokerRefused, QueueMissing
from guv.rabbitmq.client import BrokerClient, QueueCounts, parse_broker_url
from sandbox.broker.memory import MemoryAccess, MemoryBroker, UnknownQueue
from sandbox.server import Outside, running
from tests.builders import LOOPBACK


class Seconds:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def broker(seconds: Seconds) -> MemoryBroker:
    return MemoryBroker(clock=seconds)


@pytest.fixture
def access(broker: MemoryBroker) -> MemoryAccess:
    access = broker.new_vhost("shop/one")
    broker.declare("shop/one", "jobs")
    return access


@pytest.fixture
def url(broker: MemoryBroker) -> Iterator[str]:
    with running(Outside(broker=broker)) as sandbox:
        yield sandbox.url


@pytest.fixture
def client(access: MemoryAccess, url: str) -> Iterator[BrokerClient]:
    """Return guv's own client, which must understand the stand-in's answers."""
    client = BrokerClient(parse_broker_url(access.management_url(url)), fence=LOOPBACK, timeout=5)
    yield client
    client.close()


@pytest.fixture
def api(access: MemoryAccess, url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{url}/api", auth=(access.user, access.password)) as api:
        yield api


VHOST = "shop/one"


def publish(broker: MemoryBroker, count: int) -> None:
    for number in range(count):
        broker.publish(VHOST, "jobs", f"{number}".encode())


def test_guvs_client_reads_the_counts(broker: MemoryBroker, client: BrokerClient) -> None:
    publish(broker, 3)
    consumer = broker.consume(VHOST, "jobs")
    first = consumer.take(0)
    assert first is not None
    consumer.ack(first)
    consumer.take(0)
    assert client.read_queues(["jobs"]) == {"jobs": QueueCounts(1, 1, 3, 1, 0, 1)}


def test_guvs_client_lists_the_queues(broker: MemoryBroker, client: BrokerClient) -> None:
    broker.declare(VHOST, "a mail/queue")
    assert list(client.list_queues()) == ["a mail/queue", "jobs"]


def test_a_queue_with_a_slash_in_its_name_is_found(
    broker: MemoryBroker, client: BrokerClient
) -> None:
    broker.declare(VHOST, "a mail/queue")
    assert client.read_queues(["a mail/queue"])["a mail/queue"].messages_ready == 0


def test_an_unknown_queue_is_missing(client: BrokerClient) -> None:
    with pytest.raises(QueueMissing):
        client.read_queues(["nothing"])


def test_a_wrong_password_is_refused(access: MemoryAccess, url: str) -> None:
    stranger = MemoryAccess(access.vhost, access.user, "wrong")
    client = BrokerClient(parse_broker_url(stranger.management_url(url)), fence=LOOPBACK, timeout=5)
    with pytest.raises(BrokerRefused, match="Login failed"):
        client.read_queues(["jobs"])
    client.close()


def test_anothers_virtual_host_is_refused(broker: MemoryBroker, api: httpx.Client) -> None:
    broker.new_vhost("others")
    answer = api.get("/queues/others")
    assert (answer.status_code, answer.json()["error"]) == (401, "not_authorised")


def test_an_unknown_virtual_host_is_not_found(api: httpx.Client) -> None:
    answer = api.get("/queues/nothing")
    assert (answer.status_code, answer.json()["reason"]) == (404, "Not Found")


def test_what_was_never_counted_is_absent(api: httpx.Client) -> None:
    assert "message_stats" not in api.get("/queues/shop%2Fone/jobs").json()


def test_columns_reach_into_objects(broker: MemoryBroker, api: httpx.Client) -> None:
    publish(broker, 2)
    columns = {"columns": "name,message_stats.publish,nothing"}
    answer = api.get("/queues/shop%2Fone/jobs", params=columns).json()
    assert answer == {"name": "jobs", "message_stats": {"publish": 2}}


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"page": "1"}, ["jobs", "mail", "mail.dead"]),
        ({"page": "2", "page_size": "2"}, ["mail.dead"]),
        ({"page": "1", "name": "mail"}, ["mail", "mail.dead"]),
        ({"page": "1", "name": "^mail$", "use_regex": "true"}, ["mail"]),
        ({"page": "1", "name": "none"}, []),
    ],
)
def test_a_list_can_be_paged_and_filtered(
    broker: MemoryBroker, api: httpx.Client, params: dict[str, str], names: list[str]
) -> None:
    for name in ("mail", "mail.dead"):
        broker.declare(VHOST, name)
    page = api.get("/queues/shop%2Fone", params=params).json()
    assert [queue["name"] for queue in page["items"]] == names


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"page": "9"}, "page_out_of_range"),
        ({"page": "1", "page_size": "501"}, "invalid_pagination_parameters"),
        ({"page": "0"}, "invalid_pagination_parameters"),
        ({"page": "one"}, "invalid_pagination_parameters"),
    ],
)
def test_impossible_pages_are_refused(
    api: httpx.Client, params: dict[str, str], error: str
) -> None:
    answer = api.get("/queues/shop%2Fone", params=params)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_statistics_stand_still_within_a_slot_and_live_totals_do_not(
    broker: MemoryBroker, api: httpx.Client, seconds: Seconds
) -> None:
    broker.slot = 5.0
    broker.counts(VHOST, "jobs", live=False)
    seconds.now = 105.0
    broker.counts(VHOST, "jobs", live=False)
    publish(broker, 4)
    assert depths(api) == {"statistics": 0, "live": 4}
    seconds.now = 110.0
    assert depths(api) == {"statistics": 4, "live": 4}


def depths(api: httpx.Client) -> dict[str, Any]:
    totals = {"disable_stats": "true", "enable_queue_totals": "true"}
    return {
        "statistics": api.get("/queues/shop%2Fone/jobs").json()["messages"],
        "live": api.get("/queues/shop%2Fone", params=totals).json()[0]["messages"],
    }


def test_a_consumer_who_leaves_gives_its_message_back_to_the_front(
    broker: MemoryBroker, access: MemoryAccess
) -> None:
    publish(broker, 2)
    leaving, staying = broker.consume(access.vhost, "jobs"), broker.consume(access.vhost, "jobs")
    leaving.take(0)
    leaving.close()
    again = staying.take(0)
    assert again is not None
    assert (again.body, again.redelivered) == (b"0", True)
    assert broker.counts(VHOST, "jobs", live=True).redeliver == 1


def test_a_consumer_waits_for_the_next_message(access: MemoryAccess) -> None:
    broker = MemoryBroker()
    broker.new_vhost(access.vhost)
    broker.declare(access.vhost, "jobs")
    timer = threading.Timer(0.1, broker.publish, (access.vhost, "jobs", b"late"))
    timer.start()
    message = broker.consume(access.vhost, "jobs").take(5)
    timer.join()
    assert message is not None


def test_many_consumers_take_every_message_once(access: MemoryAccess) -> None:
    broker = MemoryBroker()
    broker.new_vhost(access.vhost)
    broker.declare(access.vhost, "jobs")
    publish(broker, 500)
    taken: list[bytes] = []

    def consume() -> None:
        consumer = broker.consume(VHOST, "jobs")
        while (message := consumer.take(0)) is not None:
            taken.append(message.body)
            consumer.ack(message)

    threads = [threading.Thread(target=consume) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, taken)) == list(range(500))


def test_a_queue_of_an_unknown_virtual_host_cannot_be_used(broker: MemoryBroker) -> None:
    with pytest.raises(UnknownQueue):
        broker.declare("nothing", "jobs")


def test_a_deleted_queue_is_gone(broker: MemoryBroker, access: MemoryAccess) -> None:
    broker.delete(access.vhost, "jobs")
    with pytest.raises(UnknownQueue):
        broker.publish(access.vhost, "jobs", b"")


def test_no_password_is_printed(access: MemoryAccess) -> None:
    assert access.password not in repr(access)
