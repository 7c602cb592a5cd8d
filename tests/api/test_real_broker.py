"""What a real RabbitMQ says when a tenant gives its URL."""

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


def test_a_user_with_the_least_rights_is_accepted(
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
def test_a_wrong_password_or_virtual_host_is_said(
    caller: TenantCaller, access: BrokerAccess, old: str, new: str, why: str
) -> None:
    url = access.management_url.replace(old, new)
    answer = caller.put(caller.app_path("/broker"), {"url": url})
    assert answer.status_code == 422
    assert why in faults(answer)["url"]
