"""The health endpoint, and what it reports as failing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from redis import Redis
from sqlmodel import Session
from starlette.testclient import TestClient

from api.app import create_app
from api.container import Outside
from guv.clock import unix_seconds
from guv.config import Config
from guv.crypto import Sealer
from tests.builders import NOON, a_role, a_tenant, an_app


@contextmanager
def process(config: Config, now: datetime = NOON) -> Iterator[TestClient]:
    with TestClient(create_app(config, Outside(clock=lambda: now))) as client:
        yield client


def health(config: Config, now: datetime = NOON) -> tuple[int, Any]:
    with process(config, now) as client:
        answer = client.get("/health")
    return answer.status_code, answer.json()


@pytest.fixture
def beating(redis_url: str, config: Config) -> Config:
    """A configuration whose clock beat 2 seconds before noon."""
    with Redis.from_url(redis_url) as redis:
        redis.set("guv:clock:beat", str(unix_seconds(NOON) - 2))
    return config


def test_health_is_ok_when_all_is_well(beating: Config) -> None:
    status, body = health(beating)
    assert status == 200
    assert body == {
        "status": "ok",
        "unwell": [],
        "database": {"ok": True},
        "redis": {"ok": True},
        "clock": {"ok": True, "age": 2.0},
        "lag": {"ok": True, "seconds": 0.0},
        "roles": {"ok": True, "overdue": 0, "faulty": 0, "wishing": 0, "unfulfilled": 0},
    }


def test_health_names_a_stopped_clock_with_its_age(beating: Config) -> None:
    status, body = health(beating, NOON + timedelta(minutes=5))
    assert (status, body["status"], body["unwell"]) == (503, "unwell", ["clock"])
    assert body["clock"] == {"ok": False, "age": 302.0}


@pytest.mark.parametrize("beat", [None, "", "soon"])
def test_health_shows_a_clock_that_never_beat_as_unknown(
    config: Config, redis_url: str, beat: Any
) -> None:
    if beat is not None:
        with Redis.from_url(redis_url) as redis:
            redis.set("guv:clock:beat", beat)
    _, body = health(config)
    assert body["clock"] == {"ok": False, "age": None}


def test_health_names_late_roles_with_their_lag(
    beating: Config, redis_url: str, session: Session, sealer: Sealer
) -> None:
    a_role(session, an_app(session, a_tenant(session), sealer))
    session.commit()
    now = NOON + timedelta(minutes=10)
    with Redis.from_url(redis_url) as redis:
        redis.set("guv:clock:beat", str(unix_seconds(now)))
    status, body = health(beating, now)
    assert (status, body["unwell"]) == (503, ["lag", "roles"])
    assert body["roles"]["overdue"] == 1
    assert body["lag"] == {"ok": False, "seconds": 600.0}


def test_health_is_ok_with_roles_a_little_late(
    beating: Config, session: Session, sealer: Sealer
) -> None:
    a_role(session, an_app(session, a_tenant(session), sealer))
    session.commit()
    status, body = health(beating, NOON + timedelta(seconds=5))
    assert (status, body["lag"]["seconds"]) == (200, 5.0)


def test_health_names_an_unreachable_database_without_its_address(beating: Config) -> None:
    away = Config.model_validate(
        {**beating.model_dump(), "database_url": "postgres://u:database-marker@127.0.0.1:9/x"}
    )
    status, body = health(away)
    assert (status, body["unwell"]) == (503, ["database", "lag"])
    assert body["lag"] == {"ok": False, "seconds": None}
    assert "marker" not in str(body)


def test_health_names_an_unreachable_redis(beating: Config) -> None:
    away = Config.model_validate({**beating.model_dump(), "redis_url": "redis://127.0.0.1:9/0"})
    status, body = health(away)
    assert (status, body["unwell"]) == (503, ["redis", "clock"])


def test_a_tenants_request_without_the_database_is_answered_503(beating: Config) -> None:
    away = Config.model_validate(
        {**beating.model_dump(), "database_url": "postgres://u:p@127.0.0.1:9/x"}
    )
    with process(away) as client:
        answer = client.get("/v1/apps", auth=("guv", "guv_key"))
    assert answer.status_code == 503
    assert answer.json()["id"] == "unavailable"
