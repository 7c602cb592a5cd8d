"""Web metrics over the API: pushed, read, and taken from a log drain."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from sqlmodel import Session, select

from guv.history.models import SampleRow
from guv.web_metrics.drains import renew_drain
from guv.web_metrics.models import Drain, DynoEvent, WebBucket, WebPush
from guv.web_metrics.sketch import packed, sketch_of
from sandbox.heroku.model import LogDrain
from tests.api.authorizing import Desk
from tests.api.callers import HerokuCaller, TenantCaller, faults
from tests.builders import NOON, a_role
from tests.worker.world import wait_until

WEB = {"signal": "web", "concurrency": 5}
GOOD = {"seconds": 30, "requests": 1200, "p50": 0.1, "p95": 0.4, "p99": 0.9, "mean": 0.15}


@pytest.fixture
def web(caller: TenantCaller) -> str:
    """The path of a web role."""
    path = caller.role_path("web")
    assert caller.put(path, WEB).status_code == 201
    return path


@pytest.fixture
def fill(caller: TenantCaller, session: Session) -> Callable[..., None]:
    """Store ten seconds of a dyno, `ago` seconds before now."""

    def add(ago: int, requests: int, service: float, dyno: str = "web.1", **values: Any) -> None:
        at = datetime.now(UTC) - timedelta(seconds=ago)  # noqa: TID251 - the route's own clock
        session.add(
            WebBucket(
                app_id=caller.app.id,
                at=at.replace(second=at.second // 10 * 10, microsecond=0),
                dyno=dyno,
                requests=requests,
                service_seconds=requests * service,
                service=packed(sketch_of({service: requests})),
                connect=packed(sketch_of({0.001: requests})),
                **values,
            )
        )
        session.commit()

    return add


def test_pushed_web_metrics_are_stored(caller: TenantCaller, web: str, session: Session) -> None:
    answer = caller.ask("POST", f"{web}/web-metrics", GOOD)
    assert answer.status_code == 204
    [push] = session.exec(select(WebPush)).all()
    assert push.reading["p95"] == 0.4


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seconds": 0}, "seconds"),
        ({"requests": -1}, "requests"),
        ({"requests": "12"}, "requests"),
        ({"p95": 4000}, "p95"),
        ({"p95": 0.01}, ""),
        ({"p_95": 0.1}, "p_95"),
    ],
)
def test_invalid_pushed_web_metrics_are_refused_by_field(
    caller: TenantCaller, web: str, session: Session, change: dict[str, Any], field: str
) -> None:
    answer = caller.ask("POST", f"{web}/web-metrics", {**GOOD, **change})
    assert answer.status_code == 422
    assert field in faults(answer)
    assert session.exec(select(WebPush)).all() == []


def test_web_metrics_pushed_for_a_queue_role_are_refused(caller: TenantCaller) -> None:
    caller.put(caller.role_path(), {})
    answer = caller.ask("POST", f"{caller.role_path()}/web-metrics", GOOD)
    assert answer.status_code == 422
    assert 'must be "web"' in faults(answer)["signal"]


def test_pushed_web_metrics_decide_the_scaling(caller: TenantCaller, web: str) -> None:
    caller.ask("POST", f"{web}/web-metrics", GOOD)
    effective = caller.get(web).json()["effective"]
    assert effective["policy"] == {"value": "response_time", "source": "default"}
    assert effective["signal"] == {"value": "web", "source": "role"}


def test_a_web_roles_doubtful_settings_are_warned_about(caller: TenantCaller) -> None:
    answer = caller.put(caller.role_path("web"), {"signal": "web", "minimum_dynos": 0})
    named = {warning["field"]: warning["message"] for warning in answer.json()["warnings"]}
    assert named.keys() >= {"concurrency", "minimum_dynos"}


def test_web_metrics_of_a_span_cover_all_its_requests(
    caller: TenantCaller, fill: Callable[..., None]
) -> None:
    fill(600, 900, 0.1, statuses={"2": 900})
    fill(300, 100, 2.0, dyno="web.2", statuses={"2": 90, "5": 10}, errors={"H12": 10})
    fill(7200, 5000, 9.0)
    metrics = caller.get(caller.app_path("/web")).json()
    assert metrics["total"]["requests"] == 1000
    assert metrics["total"]["statuses"] == {"2": 990, "5": 10}
    assert metrics["total"]["errors"] == {"H12": 10}
    assert metrics["total"]["service"]["p50"] == pytest.approx(0.1, rel=0.0201)
    assert metrics["total"]["service"]["p95"] == pytest.approx(2.0, rel=0.0201)
    assert metrics["total"]["mean"] == pytest.approx(0.29)
    assert [dyno["dyno"] for dyno in metrics["dynos"]] == ["web.1", "web.2"]
    assert metrics["dynos"][1]["connect"]["p50"] == pytest.approx(0.001, rel=0.0201)


def test_an_invalid_span_of_web_metrics_is_refused(caller: TenantCaller) -> None:
    for params in (
        {"from": "2026-11-26T00:00:00Z", "to": "2026-11-25T00:00:00Z"},
        {"from": "2026-11-20T00:00:00Z", "to": "2026-11-25T00:00:00Z"},
    ):
        answer = caller.get(caller.app_path("/web"), **params)
        assert "from" in faults(answer)
    assert caller.get(caller.app_path("/web"), **{"from": "2026-11-25"}).status_code == 422
    assert "to" in faults(caller.get(caller.app_path("/web"), to="0001-01-01T00:00:00Z"))


def test_web_metrics_of_an_app_without_requests_have_no_times(caller: TenantCaller) -> None:
    total = caller.get(caller.app_path("/web")).json()["total"]
    assert (total["requests"], total["mean"], total["service"]["p95"]) == (0, None, None)


def test_a_log_drains_url_is_shown_once(caller: TenantCaller, session: Session) -> None:
    path = caller.app_path("/drain")
    assert caller.get(path).status_code == 404
    made = caller.put(path, None).json()
    parts = urlsplit(made["url"])
    assert made["command"].startswith("heroku drains:add 'https://logplex:")
    shown = caller.get(path)
    assert (shown.json()["by"], shown.json()["seen_at"]) == ("you", None)
    assert parts.path.endswith(shown.json()["id"])
    assert str(parts.password) not in shown.text
    assert str(parts.password) not in str(session.exec(select(Drain)).one().model_dump())
    assert caller.put(path, None).json()["url"] != made["url"]
    assert caller.delete(path).status_code == 204
    assert caller.delete(path).status_code == 404


def test_the_log_drain_shows_starts_and_crashes_of_dynos(
    caller: TenantCaller, session: Session
) -> None:
    caller.put(caller.app_path("/drain"), None)
    start = datetime.now(UTC) - timedelta(minutes=5)  # noqa: TID251 - the route's own clock
    for seconds, dyno, state, quantity in [
        (0, "worker", "scaled", 1),
        (10, "worker", "scaled", 3),
        (11, "worker.1", "up", None),
        (14, "worker.2", "up", None),
        (16, "worker.3", "up", None),
        (20, "worker.3", "crashed", None),
    ]:
        at = start + timedelta(seconds=seconds)
        session.add(
            DynoEvent(app_id=caller.app.id, at=at, dyno=dyno, state=state, quantity=quantity)
        )
    session.commit()
    shown = caller.get(caller.app_path("/drain")).json()
    assert (shown["starts"], shown["crashes"], shown["start_delay"]) == (3, 1, 5.0)


def test_samples_show_what_web_dynos_did(caller: TenantCaller, session: Session) -> None:
    role = a_role(session, caller.app, "web", signal="web")
    session.add(SampleRow(role_id=role.id, at=NOON, web=GOOD))
    session.commit()
    samples = caller.get("/samples", app=caller.app.name, role="web").json()["samples"]
    assert samples[0]["web"] == GOOD


@pytest.fixture
def heroku_drain(desk: Desk, session: Session) -> Drain:
    """The drain that guv has added to the app at Heroku."""
    there = LogDrain(uuid4(), "https://logplex:x@guv.example.com/", "d.token", NOON)
    desk.shop.drains.append(there)
    row, _ = renew_drain(session, desk.caller.tenant, desk.caller.app, NOON)
    row.heroku_id = there.id
    session.add(row)
    session.commit()
    return row


@pytest.mark.usefixtures("heroku_drain")
def test_a_drain_that_guv_added_is_removed_at_heroku(desk: Desk) -> None:
    assert desk.caller.delete(desk.caller.app_path("/drain")).status_code == 204
    wait_until(lambda: not desk.shop.drains)


@pytest.mark.usefixtures("heroku_drain")
def test_deprovisioning_ends_the_log_drain(desk: Desk, heroku: HerokuCaller) -> None:
    assert heroku.ask("DELETE", f"/{desk.caller.tenant.id}").status_code == 204
    wait_until(lambda: not desk.shop.drains)
