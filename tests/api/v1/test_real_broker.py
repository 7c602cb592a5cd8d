"""Answers to broker URLs of a real RabbitMQ."""

from urllib.parse import quote

import pytest

from sandbox.services import BrokerAccess, RabbitMQ, find_rabbitmq
from tests.api.callers import TenantCaller, faults

pytestmark = [
    pytest.mark.skipif(find_rabbitmq() is None, reason="this machine has no RabbitMQ"),
    pytest.mark.xdist_group("rabbitmq"),
]


@pytest.fixture(scope="module")
def access(rabbitmq: RabbitMQ) -> BrokerAccess:
    return rabbitmq.new_vhost("api-orders")


def test_a_broker_user_with_the_least_rights_is_accepted(
    caller: TenantCaller, access: BrokerAccess, rabbitmq: RabbitMQ
) -> None:
    with rabbitmq.admin() as api:
        api.put("/api/queues/api-orders/jobs", json={}).raise_for_status()
    answer = caller.put(caller.app_path("/broker"), {"url": access.management_url})
    assert answer.status_code == 200
    assert answer.json()["queues"] == ["jobs"]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("-watcher:", "-watcher:wrong", "Login failed"),
        ("vhost=api-orders", "vhost=nobodys", "nobodys"),
    ],
)
def test_a_wrong_broker_password_or_virtual_host_is_named(
    caller: TenantCaller, access: BrokerAccess, old: str, new: str, why: str
) -> None:
    url = access.management_url.replace(old, new)
    answer = caller.put(caller.app_path("/broker"), {"url": url})
    assert answer.status_code == 422
    assert why in faults(answer)["url"]


def test_a_broker_user_without_the_tag_or_permission_is_refused_with_what_is_missing(
    caller: TenantCaller, access: BrokerAccess, rabbitmq: RabbitMQ
) -> None:
    with rabbitmq.admin() as api:
        for user, tags in (("untagged", ""), ("unpermitted", "management")):
            body = {"password": "broker-password-marker", "tags": tags}
            api.put(f"/api/users/{user}", json=body).raise_for_status()
    scheme, _, rest = access.management_url.partition("://")
    host = rest.rpartition("@")[2]
    for user in ("untagged", "unpermitted"):
        url = f"{scheme}://{user}:broker-password-marker@{host}"
        answer = caller.put(caller.app_path("/broker"), {"url": url})
        assert "needs the tag management and a permission" in faults(answer)["url"]
        assert "marker" not in answer.text


@pytest.mark.parametrize("name", ["a/b", "a b", "a%2Fb", "größe", "a+b"])
def test_a_broker_virtual_host_of_any_name_is_accepted(
    caller: TenantCaller, rabbitmq: RabbitMQ, name: str
) -> None:
    access = rabbitmq.new_vhost(name)
    with rabbitmq.admin() as api:
        api.put(f"/api/queues/{quote(name, safe='')}/jobs", json={}).raise_for_status()
    caller.put(caller.role_path(), {"queues": ["jobs"]})
    answer = caller.put(caller.app_path("/broker"), {"url": access.management_url})
    assert (answer.status_code, answer.json()["queues"]) == (200, ["jobs"])
    assert answer.json()["warnings"] == []
