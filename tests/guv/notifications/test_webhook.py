"""Webhooks to tenants: signature, retries and address checks."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from guv.clock import utc_now
from guv.errors import NotifierFailed
from guv.notifications.webhook import WebhookClient
from guv.ssrf import Fence

SECRET = "whsec_d2ViaG9vay1zZWNyZXQtbWFya2VyLTI0"
TARGET = {"url": "https://hooks.example.com/guv?token=url-marker", "secret": SECRET}
BODY = {"type": "incident.opened", "data": {"title": "Größer als ☃"}}
AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def client(handler: Callable[[httpx.Request], httpx.Response]) -> WebhookClient:
    return WebhookClient(fence=Fence(), timeout=0.5, transport=httpx.MockTransport(handler))


def asked_for(now: datetime) -> httpx.Request:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(204)

    client(answer).send(TARGET, "incident-1.opened", BODY, now)
    return asked[0]


def test_a_receivers_library_accepts_the_webhook_signature() -> None:
    request = asked_for(utc_now())
    assert Webhook(SECRET).verify(request.content, dict(request.headers)) == BODY


def test_a_webhook_signature_fails_with_another_secret_or_body() -> None:
    request = asked_for(utc_now())
    other = Webhook("whsec_YW5vdGhlci1zZWNyZXQtb2YtMjQtYnl0ZXM=")
    with pytest.raises(WebhookVerificationError):
        other.verify(request.content, dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(json.dumps({"type": "forged"}), dict(request.headers))


def test_a_webhook_has_the_id_and_time_of_its_sending() -> None:
    request = asked_for(AT)
    assert request.headers["webhook-id"] == "incident-1.opened"
    assert request.headers["webhook-timestamp"] == str(int(AT.timestamp()))


@pytest.mark.parametrize(
    ("status", "attempts"),
    [
        (301, 1),
        (400, 1),
        (401, 1),
        (404, 1),
        (408, 2),
        (409, 2),
        (410, 1),
        (425, 2),
        (429, 2),
        (500, 2),
        (503, 2),
    ],
)
def test_only_temporary_webhook_failures_are_retried(status: int, attempts: int) -> None:
    headers = {"Location": "https://elsewhere.example.com/"}
    with pytest.raises(NotifierFailed, match=str(status)) as failure:
        client(lambda _: httpx.Response(status, headers=headers)).send(TARGET, "1", BODY, AT)
    assert failure.value.retry is (attempts > 1)


@pytest.mark.parametrize("error", [httpx.ConnectError("x"), httpx.ReadTimeout("x")])
def test_an_unreachable_webhook_address_is_retried(error: httpx.HTTPError) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(NotifierFailed) as failure:
        client(fail).send(TARGET, "1", BODY, AT)
    assert failure.value.retry
    assert "marker" not in str(failure.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "localhost"])
def test_a_webhook_to_a_private_address_is_not_sent(host: str) -> None:
    target = {"url": f"https://{host}/url-marker", "secret": SECRET}
    with pytest.raises(NotifierFailed, match="is not called") as failure:
        WebhookClient(fence=Fence(), timeout=0.5).send(target, "1", BODY, AT)
    assert not failure.value.retry
    assert "marker" not in str(failure.value)


@pytest.mark.parametrize("host", ["xn--", "xn--a.example.com", "a\0b"])
def test_an_invalid_webhook_address_is_not_retried(host: str) -> None:
    target = {"url": f"https://{host}/url-marker", "secret": SECRET}
    with pytest.raises(NotifierFailed, match="is malformed") as failure:
        client(lambda _: httpx.Response(204)).send(target, "1", BODY, AT)
    assert not failure.value.retry
