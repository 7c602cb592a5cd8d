"""Intake of log drains: deliveries, tokens and limits."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from api.app import create_app
from guv.config import Config
from guv.tenants.queries import end_tenant
from guv.web_metrics.delivery_queue import DrainQueue
from guv.web_metrics.drains import renew_drain
from guv.web_metrics.log_lines import join_frames
from guv.web_metrics.models import Drain
from tests.api.callers import TenantCaller, engine_of
from tests.builders import NOON

ROUTER = (
    b"<158>1 2026-11-25T12:00:00+00:00 host heroku router - at=info method=GET"
    b' path="/path-marker" dyno=web.1 connect=1ms service=18ms status=200\n'
)
OWN = b"<190>1 2026-11-25T12:00:00+00:00 host app web.1 - own-line-marker\n"
TOKEN = f"d.{uuid4()}"


@pytest.fixture
def drain(caller: TenantCaller, session: Session) -> tuple[Drain, str]:
    made = renew_drain(session, caller.tenant, caller.app, NOON)
    session.commit()
    return made


class Sender:
    def __init__(self, client: TestClient, drain: Any, secret: str) -> None:
        self.client, self.path, self.secret = client, f"/heroku/drains/{drain}", secret

    def send(self, *lines: bytes, body: bytes | None = None, **headers: str) -> httpx2.Response:
        given = {
            "Content-Type": "application/logplex-1",
            "Logplex-Msg-Count": str(len(lines)),
            "Logplex-Frame-Id": uuid4().hex,
            "Logplex-Drain-Token": TOKEN,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return self.client.post(
            self.path,
            content=join_frames(list(lines)) if body is None else body,
            headers={name: value for name, value in given.items() if value},
            auth=("logplex", self.secret),
        )


@pytest.fixture
def sender(client: TestClient, drain: tuple[Drain, str]) -> Sender:
    return Sender(client, drain[0].id, drain[1])


@pytest.fixture
def queue(client: TestClient) -> DrainQueue:
    queue: DrainQueue = client.app.state.parts.drain_queue  # type: ignore[attr-defined]
    return queue


def test_a_log_delivery_is_queued_without_the_apps_own_lines(
    sender: Sender, queue: DrainQueue, drain: tuple[Drain, str]
) -> None:
    answer = sender.send(OWN, ROUTER, OWN)
    assert (answer.status_code, answer.content) == (204, b"")
    assert [delivery.lines for delivery in queue.read(drain[0].id, "", 9)] == [[ROUTER]]


def test_a_log_delivery_that_is_sent_again_is_accepted_and_counts_once(
    sender: Sender, queue: DrainQueue, drain: tuple[Drain, str]
) -> None:
    for _ in range(3):
        assert sender.send(ROUTER, Logplex_Frame_Id="f" * 32).status_code == 204
    assert len(queue.read(drain[0].id, "", 9)) == 1


@pytest.mark.parametrize(
    ("body", "count", "why"),
    [
        (b"5 ab", "1", "line 1 is shorter than its length says"),
        (b"hello", "1", "line 1 does not begin with its length in bytes"),
        (b"1 a1 b", "3", "it has 2 lines, Logplex-Msg-Count says 3"),
    ],
)
def test_an_incomplete_log_body_is_dropped_and_counted_as_lost(
    sender: Sender, queue: DrainQueue, drain: tuple[Drain, str], body: bytes, count: str, why: str
) -> None:
    answer = sender.send(body=body, Logplex_Msg_Count=count)
    assert answer.status_code == 400
    assert why in answer.json()["message"]
    assert [(delivery.lines, delivery.lost) for delivery in queue.read(drain[0].id, "", 9)] == [
        ([], int(count))
    ]


def test_a_log_body_of_a_mebibyte_is_refused(sender: Sender) -> None:
    assert sender.send(b"x" * 1_048_576).status_code == 413


def test_a_log_body_of_another_content_type_is_refused(sender: Sender) -> None:
    assert sender.send(ROUTER, Content_Type="application/json").status_code == 415


def test_an_unknown_drain_and_a_wrong_secret_are_refused_alike(
    client: TestClient, sender: Sender
) -> None:
    wrong = Sender(client, sender.path.rpartition("/")[2], "wrong").send(ROUTER)
    unknown = Sender(client, uuid4(), sender.secret).send(ROUTER)
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.json() == unknown.json()


def test_the_first_drain_token_is_the_only_accepted_token(sender: Sender) -> None:
    assert sender.send(ROUTER).status_code == 204
    assert sender.send(ROUTER, Logplex_Drain_Token=f"d.{uuid4()}").status_code == 403
    assert sender.send(ROUTER, Logplex_Drain_Token="").status_code == 403
    assert sender.send(ROUTER).status_code == 204


def test_the_drain_token_is_shared_between_processes(
    sender: Sender, web_config: Config, drain: tuple[Drain, str]
) -> None:
    with TestClient(create_app(web_config)) as second:
        other = Sender(second, drain[0].id, drain[1])
        assert sender.send(ROUTER).status_code == 204
        assert other.send(ROUTER, Logplex_Drain_Token="d.another").status_code == 403
        assert other.send(ROUTER).status_code == 204


def test_a_new_drain_secret_works_at_once_despite_caches(
    client: TestClient, sender: Sender, caller: TenantCaller, session: Session
) -> None:
    assert sender.send(ROUTER).status_code == 204
    drain, secret = renew_drain(session, caller.tenant, caller.app, NOON)
    session.commit()
    assert Sender(client, drain.id, secret).send(ROUTER).status_code == 204
    assert sender.send(ROUTER).status_code == 401


def test_a_tenant_that_ended_has_no_drain(
    web_config: Config, sender: Sender, caller: TenantCaller, session: Session
) -> None:
    end_tenant(session, caller.tenant, NOON)
    session.commit()
    with TestClient(create_app(web_config)) as fresh:
        drain = sender.path.rpartition("/")[2]
        assert Sender(fresh, drain, sender.secret).send(ROUTER).status_code == 401


@pytest.fixture
def small(web_config: Config, queue: DrainQueue) -> Iterator[TestClient]:
    """A web process whose queue has room for two or three deliveries of a drain."""
    assert queue is not None
    config = web_config.model_copy(update={"guv_drain_bytes": 700})
    with TestClient(create_app(config)) as client:
        yield client


def test_a_full_drain_gets_429_and_other_drains_do_not(
    small: TestClient, drain: tuple[Drain, str], session: Session, caller: TenantCaller
) -> None:
    flood = Sender(small, drain[0].id, drain[1])
    answers = [flood.send(ROUTER).status_code for _ in range(6)]
    assert (answers[0], answers[-1]) == (204, 429)
    second = type(caller.app)(
        tenant_id=caller.tenant.id, heroku_id=uuid4(), name="second", created_at=NOON
    )
    session.add(second)
    session.flush()
    other, secret = renew_drain(session, caller.tenant, second, NOON)
    session.commit()
    assert Sender(small, other.id, secret).send(ROUTER).status_code == 204


def test_a_log_delivery_without_redis_gets_503(
    web_config: Config, drain: tuple[Drain, str]
) -> None:
    config = web_config.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:9")})
    with TestClient(create_app(config), raise_server_exceptions=False) as client:
        assert Sender(client, drain[0].id, drain[1]).send(ROUTER).status_code == 503


def test_log_lines_and_drain_secrets_are_neither_logged_nor_stored(
    sender: Sender, client: TestClient, logged: Any
) -> None:
    sender.send(ROUTER, OWN)
    sender.send(ROUTER, body=b"99 own-line-marker")
    with engine_of(client).connect() as connection:
        rows = str(connection.execute(text("select * from drain")).all())
    for secret in (sender.secret, TOKEN, "own-line-marker", "path-marker"):
        assert secret not in logged() + rows
    assert re.search("/heroku/drains/", logged())
