"""Replays over the API: queued, limited, refused and listed."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlmodel import Session, select
from starlette.testclient import TestClient

from api.app import create_app
from guv.clock import utc_now
from guv.config import Config
from guv.crypto import Sealer
from guv.replays.models import ReplayRow
from guv.replays.queries import OLDEST
from guv.replays.start import QUEUE
from guv.roles.models import Role
from tests.api.callers import TenantCaller, a_caller, faults
from tests.builders import a_history, a_role
from worker.maintenance.partitions import FULL
from worker.process.runtime import build_runtime
from worker.replays.job import run_replay


@pytest.fixture
def role(caller: TenantCaller, session: Session) -> Role:
    """A role with an hour of history until now."""
    role = a_role(session, caller.app, processing_time=1.0)
    a_history(session, role, utc_now())
    session.commit()
    return role


def ask(caller: TenantCaller, body: Any = None, role: str = "worker") -> Any:
    return caller.ask("POST", caller.role_path(role) + "/replay", {} if body is None else body)


def run_all(config: Config, session: Session) -> None:
    """Run every queued replay as the worker would."""
    runtime = build_runtime(config)
    for row in session.exec(select(ReplayRow.id)).all():
        run_replay(runtime, row)
    runtime.close()


def queued(config: Config) -> list[str]:
    """The ids of the replays whose jobs wait."""
    with Redis.from_url(config.redis_url.get_secret_value()) as redis:
        return [j.args[0] for j in Queue(QUEUE, connection=redis, serializer=JSONSerializer).jobs]


@pytest.mark.usefixtures("role")
def test_a_replay_is_queued_and_then_finished(
    caller: TenantCaller, session: Session, web_config: Config
) -> None:
    variants = [
        {"settings": {"maximum_dynos": 9}},
        {"name": "ratio", "settings": {"policy": "ratio"}},
    ]
    answer = ask(caller, {"variants": variants})
    assert answer.status_code == 202
    place = answer.headers["Location"]
    assert place == f"/v1/replays/{answer.json()['id']}"
    assert queued(web_config) == [answer.json()["id"]]
    waiting = caller.get(place.removeprefix("/v1")).json()
    assert (waiting["state"], waiting["progress"], waiting["result"]) == ("queued", 0.0, None)
    run_all(web_config, session)
    done = caller.get(place.removeprefix("/v1")).json()
    assert (done["state"], done["progress"], done["role"]) == ("done", 1.0, "worker")
    names = [run["name"] for run in done["result"]["runs"]]
    assert names == ["recorded", "maximum_dynos 9", "ratio"]
    assert len(done["result"]["at"]) == len(done["result"]["runs"][2]["dynos"]) > 100


@pytest.mark.usefixtures("role")
def test_a_role_has_one_unfinished_replay_at_a_time(caller: TenantCaller) -> None:
    first = ask(caller).json()["id"]
    second = ask(caller)
    assert second.status_code == 409
    assert first in second.json()["message"]


@pytest.mark.usefixtures("role")
def test_a_removed_replay_makes_room_for_another(caller: TenantCaller) -> None:
    first = ask(caller).json()["id"]
    assert caller.delete(f"/replays/{first}").status_code == 204
    assert caller.get(f"/replays/{first}").status_code == 404
    assert ask(caller).status_code == 202


@pytest.mark.usefixtures("role")
def test_a_replay_without_a_sign_of_life_fails_and_makes_room(
    caller: TenantCaller, session: Session
) -> None:
    first = ask(caller).json()["id"]
    row = session.exec(select(ReplayRow)).one()
    row.state, row.seen_at = "running", utc_now() - timedelta(minutes=5)
    session.add(row)
    session.commit()
    shown = caller.get(f"/replays/{first}").json()
    assert (shown["state"], "Start the replay again" in shown["error"]) == ("failed", True)
    assert ask(caller).status_code == 202


def test_a_tenant_may_have_five_unfinished_replays(caller: TenantCaller, session: Session) -> None:
    for number in range(6):
        a_history(session, a_role(session, caller.app, f"role-{number}"), utc_now())
    session.commit()
    answers = [ask(caller, role=f"role-{number}").status_code for number in range(6)]
    assert answers == [202] * 5 + [409]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("notify", {"new_relic": {"account_id": 1, "license_key": "license-key-marker"}}),
        ("queues", ["other"]),
        ("process_type", "web"),
        ("dry_run", True),
        ("alert_after", 5),
        ("signal", "web"),
        ("monthly_dyno_hours", 100.0),
    ],
)
@pytest.mark.usefixtures("role")
def test_an_unsupported_replay_is_refused_by_field(
    caller: TenantCaller, name: str, value: Any
) -> None:
    answer = ask(caller, {"variants": [{}, {"settings": {name: value}}]})
    assert answer.status_code == 422
    assert "cannot be replayed" in faults(answer)[f"variants.1.settings.{name}"]
    assert "marker" not in answer.text


@pytest.mark.parametrize(
    ("variant", "field"),
    [
        ({"settings": {"minimum_dynos": 8, "maximum_dynos": 2}}, "minimum_dynos"),
        ({"settings": {"interval": 7}}, "interval"),
        ({"settings": {"maximum_dyno": 7}}, "maximum_dyno"),
        ({"settings": {"policy_parameters": {"nonsense": 1}}}, "policy_parameters.nonsense"),
    ],
)
@pytest.mark.usefixtures("role")
def test_an_invalid_replay_variant_is_refused_by_field(
    caller: TenantCaller, variant: Any, field: str
) -> None:
    answer = ask(caller, {"variants": [variant]})
    assert answer.status_code == 422
    assert list(faults(answer)) == [f"variants.0.settings.{field}"]


def test_a_replay_variant_refuses_a_setting_beside_its_settings(caller: TenantCaller) -> None:
    caller.put(caller.role_path(), {})
    answer = ask(caller, {"variants": [{"maximum_dynos": 3}]})
    assert faults(answer) == {"variants.0.maximum_dynos": "is not a known field"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"from": "2026-11-25T10:00:00"}, "from"),
        ({"from": "2020-01-01T00:00:00Z"}, "from"),
        ({"from": "2026-11-25T10:00:00Z", "to": "2026-11-25T10:00:00Z"}, "from"),
        ({"from": "2024-11-25T10:00:00Z", "to": "2024-11-26T10:00:00Z"}, "from"),
        ({"to": "2199-01-01T00:00:00Z"}, "from"),
        ({"to": "2999-01-01T00:00:00Z"}, "to"),
        ({"to": "0001-01-01T00:00:00Z"}, "to"),
        ({"variants": []}, "variants"),
        ({"variants": [{}] * 6}, "variants"),
    ],
)
@pytest.mark.usefixtures("role")
def test_a_span_that_cannot_be_replayed_is_refused_by_field(
    caller: TenantCaller, body: Any, field: str
) -> None:
    answer = ask(caller, body)
    assert (answer.status_code, list(faults(answer))) == (422, [field])


def test_a_role_that_is_scaled_on_web_requests_can_be_replayed(
    caller: TenantCaller, session: Session
) -> None:
    a_history(session, a_role(session, caller.app, "web", signal="web"), utc_now())
    session.commit()
    answer = ask(caller, role="web")
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")


def test_the_replayable_span_is_within_retention() -> None:
    assert OLDEST <= FULL


def test_without_redis_there_is_no_replay_and_the_error_has_the_houses_form(
    web_config: Config, session: Session, sealer: Sealer
) -> None:
    away = web_config.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:9")})
    with TestClient(create_app(away), raise_server_exceptions=False) as client:
        caller = a_caller(client, session, sealer)
        a_history(session, a_role(session, caller.app), utc_now())
        session.commit()
        answer = ask(caller)
        assert (answer.status_code, answer.json()["id"]) == (503, "unavailable")
        assert caller.get("/replays").json()["replays"] == []


@pytest.mark.usefixtures("role")
def test_the_newest_replays_come_first_page_by_page(
    caller: TenantCaller, session: Session, web_config: Config
) -> None:
    ids = []
    for _ in range(3):
        ids.append(ask(caller).json()["id"])
        run_all(web_config, session)
    first = caller.get("/replays", limit=2, role="worker").json()
    second = caller.get("/replays", limit=2, cursor=first["next_cursor"]).json()
    shown = [replay["id"] for replay in (*first["replays"], *second["replays"])]
    assert (shown, second["next_cursor"]) == (ids[::-1], None)
    assert "result" not in first["replays"][0]


def test_an_unknown_replay_is_not_found(caller: TenantCaller) -> None:
    assert caller.get(f"/replays/{uuid4()}").status_code == 404
    assert caller.get("/replays/nonsense").status_code == 422
