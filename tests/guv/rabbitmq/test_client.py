"""The RabbitMQ client: counts, refusals and many queues."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from guv.errors import BrokerRefused, BrokerUnreachable, QueueMissing
from guv.rabbitmq.client import BrokerClient, QueueCounts, add_up, parse_broker_url
from tests.builders import LOOPBACK

URL = parse_broker_url("http://watcher:pass%3Aword@broker.example/rabbit?vhost=a%2Fb")
Handler = Callable[[httpx.Request], httpx.Response]

# One queue under load, as RabbitMQ 3.10 shows it
JOBS = {
    "name": "jobs",
    "type": "classic",
    "state": "running",
    "consumers": 4,
    "messages": 258,
    "messages_ready": 254,
    "messages_unacknowledged": 4,
    "message_stats": {"publish": 809, "ack": 530, "deliver_no_ack": 6, "redeliver": 2},
}


def client(handler: Handler) -> BrokerClient:
    return BrokerClient(URL, fence=LOOPBACK, timeout=0.5, transport=httpx.MockTransport(handler))


def broker(*queues: Mapping[str, Any], live: Mapping[str, Any] | None = None) -> BrokerClient:
    """Return a client of a broker with those queues; `live` has the listed totals by queue."""
    by_name = {str(queue["name"]): queue for queue in queues}

    def answer(request: httpx.Request) -> httpx.Response:
        name = request.url.raw_path.decode().partition("?")[0].split("/")[4:]
        if name:
            return httpx.Response(200, json=by_name[name[1]]) if len(name) > 1 else listed()
        return listed()

    def listed() -> httpx.Response:
        items = [{"name": name, **totals} for name, totals in (live or {}).items()]
        return httpx.Response(200, json={"items": items, "page_count": 1})

    return client(answer)


def always(status: int, **options: Any) -> BrokerClient:
    return client(lambda _: httpx.Response(status, **options))


def test_queue_counts_are_those_of_the_broker() -> None:
    counts = broker(JOBS).read_queues(["jobs"])["jobs"]
    assert counts == QueueCounts(
        messages_ready=254,
        messages_unacknowledged=4,
        published=809,
        served=536,  # acknowledged 530, delivered without acknowledgement 6
        redelivered=2,
        consumers=4,
    )


def test_live_queue_totals_are_preferred_to_older_statistics() -> None:
    live = {"jobs": {"messages_ready": 900, "messages_unacknowledged": 7}}
    counts = broker(JOBS, live=live).read_queues(["jobs"])["jobs"]
    assert (counts.messages_ready, counts.messages_unacknowledged) == (900, 7)


def test_live_queue_totals_suffice_without_statistics() -> None:
    bare = {"name": "jobs", "type": "classic", "state": "live"}
    live = {"jobs": {"messages_ready": 3, "messages_unacknowledged": 1}}
    counts = broker(bare, live=live).read_queues(["jobs"])["jobs"]
    assert (counts.messages_ready, counts.published, counts.served) == (3, None, None)


@pytest.mark.parametrize("stats", [{}, {"message_stats": []}, {"message_stats": {}}])
def test_a_queue_that_never_had_a_message_counts_zero(stats: Mapping[str, Any]) -> None:
    fresh = {"name": "jobs", "messages": 0, "messages_ready": 0, "messages_unacknowledged": 0}
    counts = broker({**fresh, **stats}).read_queues(["jobs"])["jobs"]
    assert (counts.published, counts.served, counts.redelivered) == (0, 0, 0)


def test_a_queue_just_declared_is_unknown_and_not_empty() -> None:
    counts = broker({"name": "jobs", "type": "classic"}).read_queues(["jobs"])["jobs"]
    assert counts == QueueCounts()


@pytest.mark.parametrize("odd", [-1, 1.5, "12", True, None, 10**40, [], {}])
def test_an_invalid_queue_count_is_unknown(odd: object) -> None:
    queue = {**JOBS, "messages_ready": odd, "consumers": odd}
    counts = broker(queue).read_queues(["jobs"])["jobs"]
    assert (counts.messages_ready, counts.consumers) == (None, None)


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("a/b", "a%2Fb"),
        ("a b", "a%20b"),
        ("a+b", "a%2Bb"),
        ("a%2Fb", "a%252Fb"),
        ("ü", "%C3%BC"),
        ("a?b#c", "a%3Fb%23c"),
        ("[a-z]+.*$", "%5Ba-z%5D%2B.%2A%24"),
    ],
)
def test_queue_names_are_percent_encoded_once(name: str, encoded: str) -> None:
    asked: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path)
        return httpx.Response(200, json=JOBS if b"use_regex" not in asked[-1] else {"items": []})

    client(answer).read_queues([name])
    path = asked[-1].partition(b"?")[0].decode()
    assert path == f"/rabbit/api/queues/a%2Fb/{encoded}"


def test_the_broker_password_is_sent_as_basic_authorization() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json=[])

    client(answer).list_queues()
    assert seen == ["Basic d2F0Y2hlcjpwYXNzOndvcmQ="]  # watcher:pass:word


def test_all_queues_are_listed_by_name() -> None:
    listed = always(200, json=[{"name": "b", "type": "stream"}, {"name": "a"}, "odd"]).list_queues()
    assert list(listed.items()) == [("a", ""), ("b", "stream")]


@pytest.mark.parametrize(
    ("body", "keeps"),
    [
        ({"disable_stats": False}, True),
        ({"disable_stats": True}, False),
        ({"lavinmq_version": "2.0"}, None),
        ([], None),
    ],
)
def test_the_brokers_overview_says_whether_statistics_are_kept(
    body: object, *, keeps: bool | None
) -> None:
    assert always(200, json=body).keeps_statistics() is keeps


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_broker_with_an_unclear_overview_may_keep_statistics(status: int) -> None:
    assert always(status, json={}).keeps_statistics() is None


def test_a_stream_is_refused_since_its_length_never_falls() -> None:
    with pytest.raises(QueueMissing, match="stream"):
        broker({**JOBS, "type": "stream"}).read_queues(["jobs"])


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {"error": "not_authorized", "reason": "Login failed"}, "Login failed"),
        (401, {"error": "not_authorised", "reason": "Not management user"}, "Not management user"),
        (401, {"reason": "User not authorised to access virtual host"}, "to access virtual host"),
        (403, {"error": "access_refused"}, "HTTP 403"),  # LavinMQ
        (401, ["odd"], "HTTP 401"),
    ],
)
def test_a_refusal_is_reported_in_the_brokers_words(status: int, body: object, words: str) -> None:
    with pytest.raises(BrokerRefused, match=words):
        always(status, json=body).read_queues(["jobs"])


def test_an_unknown_virtual_host_is_named() -> None:
    gone = {"error": "Object Not Found", "reason": "Not Found"}
    with pytest.raises(QueueMissing, match=r"knows no virtual host 'a/b'"):
        always(404, json=gone).read_queues(["jobs"])


def test_an_unknown_queue_is_named() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        is_list = b"use_regex" in request.url.query
        return httpx.Response(200, json=[]) if is_list else httpx.Response(404, json={})

    with pytest.raises(QueueMissing, match=r"knows no queue 'jobs'"):
        client(answer).read_queues(["jobs"])


@pytest.mark.parametrize("status", [302, 400, 429, 500, 503])
def test_an_unexpected_broker_status_is_an_invalid_answer(status: int) -> None:
    with pytest.raises(BrokerUnreachable, match=str(status)):
        always(status).read_queues(["jobs"])


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"{", b"\xff\xfe", b"3", b'"text"', b"[" * 100_000, json.dumps(1).encode()],
)
def test_a_broker_answer_that_is_no_list_of_queues_is_invalid(body: bytes) -> None:
    with pytest.raises(BrokerUnreachable):
        always(200, content=body).read_queues(["jobs"])


def test_an_unreachable_broker_is_reported_without_its_address() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("http://watcher:pass:word@broker.example refused")

    with pytest.raises(BrokerUnreachable) as failure:
        client(refuse).read_queues(["jobs"])
    assert str(failure.value) == "no usable answer (ConnectError)"


def test_counts_are_summed_over_queues() -> None:
    both = add_up([QueueCounts(1, 2, 3, 4, 5, 6), QueueCounts(10, 20, 30, 40, 50, 60)])
    assert both == QueueCounts(11, 22, 33, 44, 55, 66)


def test_a_count_unknown_in_any_queue_is_unknown_in_the_sum() -> None:
    both = add_up([QueueCounts(1, 2, 3, 4, 5, 6), QueueCounts(10, None, 30, None, 50, 60)])
    assert (both.messages_ready, both.messages_unacknowledged, both.served) == (11, None, None)


def test_a_sum_over_no_queues_is_unknown_and_not_zero() -> None:
    assert add_up([]) == QueueCounts()


def listing(*queues: Mapping[str, Any], asked: list[str]) -> BrokerClient:
    """Return a client of a broker that lists those queues and serves none by its own URL."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode().partition("?")[0].split("/")[-1])
        if "use_regex" not in request.url.params:
            return httpx.Response(404, json={})
        return httpx.Response(200, json={"items": list(queues)})

    return client(answer)


def test_reading_many_queues_takes_two_requests() -> None:
    asked: list[str] = []
    queues = [{**JOBS, "name": f"jobs-{n}", "messages_ready": n} for n in range(40)]
    counts = listing(*queues, asked=asked).read_queues([f"jobs-{n}" for n in range(40)])
    assert [count.messages_ready for count in counts.values()] == list(range(40))
    assert len(asked) == 2


def test_queue_names_too_long_for_a_url_are_requested_in_parts() -> None:
    asked: list[str] = []
    names = [f"{n:03}" + "x" * 240 for n in range(30)]
    listing(*({**JOBS, "name": name} for name in names), asked=asked).read_queues(names)
    assert len(asked) == 6


def test_a_missing_queue_and_a_stream_among_many_queues_are_distinguished() -> None:
    asked: list[str] = []
    stream = {**JOBS, "name": "log", "type": "stream"}
    listed = listing(JOBS, stream, asked=asked).look(["jobs", "log", "gone"])
    assert isinstance(listed["jobs"], QueueCounts)
    assert "is a stream" in str(listed["log"])
    assert "knows no queue 'gone'" in str(listed["gone"])
    assert len(asked) == 3
