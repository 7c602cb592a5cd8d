"""A tenant's apps and their brokers, which are checked before they are saved."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlmodel import Session, select
from starlette.testclient import TestClient

from api.app import create_app
from api.container import Outside
from guv.apps.models import Broker
from guv.config import Config
from guv.crypto import Sealer
from tests.api.callers import TenantCaller, faults

GOOD = "https://watcher:broker-password-marker@rabbit.example.com?vhost=orders"


@contextmanager
def with_broker(web_config: Config, caller: TenantCaller, answer: Any) -> Iterator[TenantCaller]:
    """Return the tenant at a web process whose brokers all give that answer."""
    outside = Outside(broker=httpx.MockTransport(answer))
    with TestClient(create_app(web_config, outside)) as client:
        yield replace(caller, client=client)


def queues(*names: str) -> Any:
    return lambda _request: httpx.Response(200, json=[{"name": name} for name in names])


def test_an_app_says_whether_guv_may_scale_it(caller: TenantCaller) -> None:
    caller.put(caller.role_path(), {})
    app = caller.get(caller.app_path()).json()
    assert app == {
        "id": str(caller.app.heroku_id),
        "name": caller.app.name,
        "maintenance": False,
        "authorization": {"state": "authorized", "note": ""},
        "broker": None,
        "roles": ["worker"],
    }
    assert caller.get("/apps").json() == {"apps": [app], "note": None}


def test_an_app_without_a_broker_says_so(caller: TenantCaller) -> None:
    answer = caller.get(caller.app_path("/broker"))
    assert answer.status_code == 404
    assert "has no broker yet" in answer.json()["message"]


def test_a_broker_that_answers_is_saved_and_names_its_queues(
    web_config: Config, caller: TenantCaller, session: Session, sealer: Sealer
) -> None:
    with with_broker(web_config, caller, queues("orders", "mails")) as tenant:
        answer = tenant.put(tenant.app_path("/broker"), {"url": GOOD})
    assert answer.status_code == 200
    assert answer.json()["address"] == "https://rabbit.example.com vhost orders"
    assert (answer.json()["queues"], answer.json()["queue_count"]) == (["mails", "orders"], 2)
    assert sealer.open(session.exec(select(Broker)).one().url_sealed) == GOOD


def test_a_brokers_password_is_never_shown(web_config: Config, caller: TenantCaller) -> None:
    with with_broker(web_config, caller, queues()) as tenant:
        put = tenant.put(tenant.app_path("/broker"), {"url": GOOD})
    for answer in (put, caller.get(caller.app_path("/broker")), caller.get("/apps")):
        assert answer.status_code == 200
        assert "broker-password-marker" not in answer.text


def test_a_new_broker_is_not_held_back_by_the_old_ones_failures(
    web_config: Config, caller: TenantCaller, session: Session
) -> None:
    with with_broker(web_config, caller, queues()) as tenant:
        tenant.put(tenant.app_path("/broker"), {"url": GOOD})
        broker = session.exec(select(Broker)).one()
        broker.failures, broker.note = 3, "no answer"
        session.commit()
        answer = tenant.put(tenant.app_path("/broker"), {"url": GOOD}).json()
    assert (answer["failures"], answer["note"], answer["retry_at"]) == (0, "", None)


def without_statistics(request: httpx.Request) -> httpx.Response:
    """A broker with three queues, including a stream, that keeps no statistics."""
    if request.url.path.endswith("/overview"):
        return httpx.Response(200, json={"disable_stats": True})
    kinds = {"orders": "classic", "mails": "quorum", "log": "stream"}
    return httpx.Response(200, json=[{"name": n, "type": kind} for n, kind in kinds.items()])


def test_a_broker_with_limits_is_saved_and_tried_with_warnings(
    web_config: Config, caller: TenantCaller
) -> None:
    for role, queue in (("worker", "orders"), ("mailer", "mail"), ("logger", "log")):
        caller.put(caller.role_path(role), {"queues": [queue]})
    with with_broker(web_config, caller, without_statistics) as tenant:
        saved = tenant.put(tenant.app_path("/broker"), {"url": GOOD})
        tried = tenant.ask("POST", tenant.app_path("/broker/test"))
    assert saved.status_code == 200
    off, *others = sorted(saved.json()["warnings"])
    assert off.startswith("The broker keeps no statistics")
    assert others == [
        "role 'logger': queue 'log' is a stream; its backlog cannot be watched",
        "role 'mailer': the broker has no queue 'mail'; did you mean 'mails'?",
    ]
    assert tried.json()["ok"] is False
    assert sorted(tried.json()["messages"]) == sorted(saved.json()["warnings"])


def test_a_broker_without_statistics_alone_is_no_failure(
    web_config: Config, caller: TenantCaller
) -> None:
    caller.put(caller.role_path(), {"queues": ["orders"]})
    with with_broker(web_config, caller, without_statistics) as tenant:
        tenant.put(tenant.app_path("/broker"), {"url": GOOD})
        tried = tenant.ask("POST", tenant.app_path("/broker/test")).json()
    assert (tried["ok"], len(tried["messages"])) == (True, 1)


def test_a_broker_with_all_that_roles_need_has_no_warnings(
    web_config: Config, caller: TenantCaller
) -> None:
    caller.put(caller.role_path(), {"queues": ["orders"]})
    with with_broker(web_config, caller, queues("orders")) as tenant:
        saved = tenant.put(tenant.app_path("/broker"), {"url": GOOD})
    assert saved.json()["warnings"] == []


def raises(error: type[httpx.HTTPError]) -> Any:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error("broker-password-marker", request=request)  # type: ignore[call-arg]  # all take it

    return answer


def says(status: int, reason: str) -> Any:
    return lambda _request: httpx.Response(status, json={"error": "x", "reason": reason})


@pytest.mark.parametrize(
    ("broker", "why"),
    [
        (says(401, "Login failed"), "refuses access to virtual host 'orders': Login failed"),
        (says(401, "Not management user"), "needs the tag management"),
        (says(401, "User not authorised to access virtual host"), "permission on the virtual host"),
        (says(404, "Not Found"), "knows no virtual host 'orders'"),
        (says(500, "boom"), "the broker answers 500"),
        (raises(httpx.ConnectError), "the host is unknown, refuses it, or has no valid"),
        (raises(httpx.ReadTimeout), "no answer within 1 seconds"),
        (raises(httpx.RemoteProtocolError), "an answer that is not HTTP"),
        (lambda _: httpx.Response(200, text="<html>"), "not from a RabbitMQ management API"),
        (lambda _: httpx.Response(200, json={"items": 1}), "no list of queues"),
    ],
)
def test_a_broker_that_fails_is_refused_with_the_reason(
    web_config: Config, caller: TenantCaller, session: Session, broker: Any, why: str
) -> None:
    with with_broker(web_config, caller, broker) as tenant:
        answer = tenant.put(tenant.app_path("/broker"), {"url": GOOD})
    assert answer.status_code == 422
    assert why in faults(answer)["url"]
    assert "broker-password-marker" not in answer.text
    assert session.exec(select(Broker)).all() == []


def test_a_broker_that_fails_leaves_the_old_one(web_config: Config, caller: TenantCaller) -> None:
    with with_broker(web_config, caller, queues()) as tenant:
        tenant.put(tenant.app_path("/broker"), {"url": GOOD})
    with with_broker(web_config, caller, says(401, "Login failed")) as tenant:
        tenant.put(tenant.app_path("/broker"), {"url": GOOD.replace("orders", "mails")})
    assert caller.get(caller.app_path("/broker")).json()["address"].endswith("vhost orders")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "rabbit.example.com",
        "ftp://u:broker-password-marker@h/v",
        "amqps://rabbit.example.com/v",
        "amqps://u:broker-password-marker@/v",
        "https://u:broker-password-marker@h:port/",
        "amqps://u:broker-password-marker/@h/v",
        "amqps://u:broker-password-marker@[h/v",
        "amqps://u:broker-password-marker@h h/v",
        "amqps://u:p@" + "h" * 3000,
    ],
)
def test_an_invalid_broker_url_is_refused_without_being_repeated(
    caller: TenantCaller, url: str
) -> None:
    answer = caller.put(caller.app_path("/broker"), {"url": url})
    assert answer.status_code == 422
    assert list(faults(answer)) == ["url"]
    assert "broker-password-marker" not in answer.text


def test_an_unknown_app_is_refused_before_its_broker_is_asked(caller: TenantCaller) -> None:
    assert caller.put("/apps/nobodys/broker", {"url": GOOD}).status_code == 404


def test_a_broker_port_on_which_nothing_listens_is_named(caller: TenantCaller) -> None:
    answer = caller.put(caller.app_path("/broker"), {"url": "http://u:p@127.0.0.1:9"})
    assert "no connection" in faults(answer)["url"]


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "[::ffff:10.0.0.1]", "[fd00::1]"])
def test_a_broker_in_a_private_network_is_refused_at_once(caller: TenantCaller, host: str) -> None:
    answer = caller.put(caller.app_path("/broker"), {"url": f"http://u:marker@{host}"})
    assert answer.status_code == 422
    assert "name one that can be reached from the internet" in faults(answer)["url"]
    assert "marker" not in answer.text
