"""Events sent to New Relic."""

import gzip
import json
from collections.abc import Callable

import httpx
import pytest

from guv.errors import NotifierFailed
from guv.notifications.newrelic import EventClient

TARGET = {"account_id": 1234567, "license_key": "license-marker", "region": "us"}
EVENT: dict[str, str | int] = {
    "eventType": "NrAiIncidentExternal",
    "state": "trigger",
    "version": 1,
}


def client(handler: Callable[[httpx.Request], httpx.Response]) -> EventClient:
    return EventClient(timeout=0.5, transport=httpx.MockTransport(handler))


def asked_for(target: dict[str, object], base_url: str | None = None) -> httpx.Request:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"success": True, "uuid": "u"})

    transport = httpx.MockTransport(answer)
    EventClient(base_url=base_url, transport=transport).send(target, [EVENT])
    return asked[0]


def test_new_relic_events_are_compressed_and_sent_with_the_tenants_key() -> None:
    request = asked_for(TARGET)
    assert json.loads(gzip.decompress(request.content)) == [EVENT]
    assert request.headers["Api-Key"] == "license-marker"
    assert request.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us", "insights-collector.newrelic.com"),
        ("eu", "insights-collector.eu01.nr-data.net"),
        ("jp", "insights-collector.jp.nr-data.net"),
    ],
)
def test_each_new_relic_region_has_its_own_collector(region: str, host: str) -> None:
    url = asked_for({**TARGET, "region": region}).url
    assert str(url) == f"https://{host}/v1/accounts/1234567/events"


def test_a_configured_collector_replaces_the_regions_collector() -> None:
    url = asked_for(TARGET, "http://127.0.0.1:8080/").url
    assert str(url) == "http://127.0.0.1:8080/v1/accounts/1234567/events"


def test_texts_are_cut_to_what_new_relic_stores() -> None:
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(gzip.decompress(request.content))
        return httpx.Response(200)

    client(answer).send(TARGET, [{**EVENT, "description": "x" * 5000}])
    assert len(json.loads(bodies[0])[0]["description"]) == 4096


@pytest.mark.parametrize(
    ("status", "attempts"),
    [(400, 1), (403, 1), (413, 1), (415, 1), (408, 2), (429, 2), (500, 2), (503, 2)],
)
def test_only_temporary_new_relic_failures_are_retried(status: int, attempts: int) -> None:
    with pytest.raises(NotifierFailed, match=str(status)) as failure:
        client(lambda _: httpx.Response(status, json={})).send(TARGET, [EVENT])
    assert failure.value.retry is (attempts > 1)


@pytest.mark.parametrize("error", [httpx.ConnectError("x"), httpx.ReadTimeout("x")])
def test_an_unreachable_new_relic_collector_is_retried(error: httpx.HTTPError) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(NotifierFailed) as failure:
        client(fail).send(TARGET, [EVENT])
    assert failure.value.retry
    assert "marker" not in str(failure.value)


@pytest.mark.parametrize("key", ["schlüssel-marker", "two\nlines-marker"])
def test_a_license_key_that_no_header_can_carry_is_refused_and_not_shown(key: str) -> None:
    refusing = client(lambda _: httpx.Response(403))
    with pytest.raises(NotifierFailed) as failure:
        refusing.send({**TARGET, "license_key": key}, [EVENT])
    assert "marker" not in str(failure.value)
