"""Parsing of broker URLs."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guv.rabbitmq.client import parse_broker_url


@pytest.mark.parametrize(
    ("url", "base", "vhost"),
    [
        # CloudAMQP's form: the management API is on port 443, whatever AMQP's port is
        ("amqps://me:pw@duck.rmq.cloudamqp.com/me", "https://duck.rmq.cloudamqp.com", "me"),
        ("amqp://me:pw@duck.example:5672/me", "https://duck.example", "me"),
        ("amqps://me:pw@duck.example", "https://duck.example", "/"),
        ("amqps://me:pw@duck.example/", "https://duck.example", "/"),
        ("amqps://me:pw@duck.example/%2F", "https://duck.example", "/"),
        ("amqps://me:pw@duck.example/a%2Fb%20c", "https://duck.example", "a/b c"),
        # a management URL is taken as it is
        ("http://me:pw@127.0.0.1:15672", "http://127.0.0.1:15672", "/"),
        ("https://me:pw@duck.example/rabbit/?vhost=jobs", "https://duck.example/rabbit", "jobs"),
        ("http://me:pw@[::1]:15672?vhost=a%2Fb", "http://[::1]:15672", "a/b"),
        ("  http://me:pw@127.0.0.1:15672?vhost=\n", "http://127.0.0.1:15672", "/"),
    ],
)
def test_a_broker_url_yields_a_management_api_and_a_virtual_host(
    url: str, base: str, vhost: str
) -> None:
    url_parts = parse_broker_url(url)
    assert (url_parts.base, url_parts.vhost) == (base, vhost)


@given(user=st.text(min_size=1, max_size=20), password=st.text(max_size=20))
def test_a_broker_urls_user_and_password_are_decoded_once(user: str, password: str) -> None:
    if any("\ud800" <= letter <= "\udfff" for letter in user + password):
        return  # no text that any encoding could carry
    url_parts = parse_broker_url(
        f"amqps://{quote(user, safe='')}:{quote(password, safe='')}@host/v"
    )
    assert (url_parts.user, url_parts.password) == (user, password)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "duck.example",
        "redis://me:marker@duck.example",
        "amqps://duck.example/vhost",  # nobody to log in as
        "amqps://:marker@duck.example/vhost",
        "amqps://me:marker@/vhost",
        "http://me:mar/ker@duck.example:15672",  # an unencoded slash makes "mar" the port
        "http://me:marker@duck.example:https",
        "http://me:marker@duck.example:99999",
        "http://me:marker@[::1",
        "http://me:marker\u2100@duck.example",  # urllib's own text would show all of it
        "http://me:marker@duck example:15672",
        "http://me:marker@\u200b.example:15672",
        "http://me:marker@xn--:15672",
        "amqps://me:marker@xn--a.example/vhost",
    ],
)
def test_an_invalid_broker_url_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValueError, match=r"must|malformed") as refused:
        parse_broker_url(url)
    assert "mar" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_broker_url_shows_neither_user_nor_password() -> None:
    shown = repr(parse_broker_url("amqps://some-user:marker@duck.example/jobs"))
    assert "some-user" not in shown
    assert "marker" not in shown
