"""Ticks of web roles, from the drain's or the tenant's readings to Heroku's formation."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlmodel import Session, select

from guv.clock import from_unix, unix_seconds
from guv.crypto import hash_secret
from guv.history.models import UsageHour
from guv.incidents.causes import Cause
from guv.scaling import WebReading
from guv.web_metrics.models import Drain, DynoEvent, WebBucket
from guv.web_metrics.queries import put_push, read_sums, reading_of
from guv.web_metrics.sketch import packed, sketch_of
from tests.worker.world import World

MakeWorld = Callable[..., World]
PUSH = {"seconds": 30.0, "requests": 2880, "p50": 0.2, "p95": 0.7, "p99": 0.9, "mean": 0.23}


@pytest.fixture
def web(world: MakeWorld) -> Callable[..., World]:
    """Return a function that makes a world whose role scales "web" on requests."""
    given: dict[str, Any] = {
        "signal": "web", "process_type": "web", "concurrency": 5, "maximum_dynos": 20,
        "formation": {"web": 2, "worker": 1},
    }  # fmt: skip
    return lambda **settings: world(**{**given, **settings})


def push(here: World, **values: Any) -> None:
    with Session(here.runtime.engine) as session:
        put_push(session, here.role, {**PUSH, **values}, here.clock.now + timedelta(seconds=9))
        session.commit()


def fill(here: World, seconds_ago: int, requests: int, service: float, dyno: str = "web.1") -> None:
    """Store a drain sum of ten seconds that ended about so long before now."""
    at = (unix_seconds(here.clock.now) - seconds_ago) // 10 * 10
    with Session(here.runtime.engine) as session:
        session.add(
            WebBucket(
                app_id=here.app.id,
                at=from_unix(at),
                dyno=dyno,
                requests=requests,
                service_seconds=requests * service,
                service=packed(sketch_of({service: requests})),
            )
        )
        session.commit()


def drain_of(here: World) -> Drain:
    with Session(here.runtime.engine) as session:
        return session.exec(select(Drain)).one()


def seen(here: World, at: datetime | None = None) -> None:
    """Mark the drain as having delivered just now."""
    long_ago = here.clock.now - timedelta(hours=1)
    at = at or here.clock.now + timedelta(seconds=10)
    here.change(drain_of(here), seen_at=at, created_at=long_ago)


def test_what_a_tenant_pushes_scales_its_web_dynos(web: MakeWorld) -> None:
    here = web()
    push(here)
    result = here.tick()
    assert here.dynos("web") == result.decision.desired == 3
    row, sample = here.decisions()[0], here.samples()[0]
    assert (row.outcome, row.reason) == ("scaled", "response_time")
    assert sample.web is not None
    assert (sample.web["requests"], sample.messages_ready) == (2880, None)
    assert not result.troubles or {trouble.cause for trouble in result.troubles} <= {Cause.NO_DATA}


def test_an_old_push_counts_as_no_data(web: MakeWorld) -> None:
    here = web()
    push(here)
    here.tick()
    late = here.tick(after=300)
    assert late.collected.sample.web is None
    assert late.decision.desired == 3


def test_the_history_keeps_web_readings(web: MakeWorld) -> None:
    here = web()
    push(here)
    here.tick()
    push(here, requests=300)
    result = here.tick()
    assert [sample.web.requests for sample in result.context.history if sample.web] == [2880]
    assert isinstance(result.context.history[0].web, WebReading)


def test_the_first_tick_makes_a_drain_at_heroku_once(web: MakeWorld) -> None:
    here = web()
    for _ in range(3):
        result = here.tick()
    [drain] = here.shop.drains
    stored = drain_of(here)
    url = httpx.URL(drain.url)
    assert url.path == f"/heroku/drains/{stored.id}"
    assert (stored.secret_hash, stored.token_hash, stored.heroku_id) == (
        hash_secret(url.password),
        hash_secret(drain.token),
        drain.id,
    )
    text = {trouble.cause: trouble.text for trouble in result.troubles}[Cause.NO_DATA]
    assert "no log line of the app has come yet" in text
    assert here.decisions()[-1].outcome == "held"


def test_web_traffic_is_unknown_before_a_drain_exists(web: MakeWorld) -> None:
    here = web()
    here.tick()
    here.change(drain_of(here), seen_at=here.clock.now + timedelta(seconds=10))
    assert "its log drain is new" in here.tick().troubles[0].text
    here.change(drain_of(here), seen_at=here.clock.now + timedelta(seconds=60))
    assert here.tick(after=60).collected.sample.web is not None


def test_a_fir_app_has_no_drain_and_is_told_to_push(web: MakeWorld) -> None:
    here = web()
    here.shop.generation = "fir"
    here.tick()
    result = here.tick()
    assert here.shop.drains == []
    [trouble] = [trouble for trouble in result.troubles if trouble.cause is Cause.NO_DATA]
    assert "Fir generation; its figures can be pushed instead" in trouble.text
    push(here)
    assert here.tick().collected.sample.web is not None


def test_a_refused_drain_is_tried_again_ten_minutes_later(web: MakeWorld) -> None:
    here = web()
    here.fail(
        f"/apps/{here.shop.id}/log-drains", 403, body={"id": "forbidden", "message": "You may not."}
    )
    for _ in range(4):
        result = here.tick()
    asked = here.asked("POST", f"/apps/{here.shop.id}/log-drains")
    assert asked == 1
    assert "You may not" in result.troubles[0].text
    here.mend()
    here.tick(after=600)
    assert len(here.shop.drains) == 1


def test_drain_sums_become_a_reading_of_the_last_whole_spans(web: MakeWorld) -> None:
    here = web(policy="requests", policy_parameters={"requests_per_dyno": 10})
    here.tick()
    seen(here)
    for ago in (6, 16, 26):  # the tick comes ten seconds later
        fill(here, ago, 400, 0.1)
        fill(here, ago, 200, 0.4, "web.2")
    fill(here, 200, 9000, 9.0)
    result = here.tick()
    reading = result.collected.sample.web
    assert reading is not None
    assert (reading.requests, reading.serving, reading.lost) == (1800, 2, 0)
    assert reading.p50 == pytest.approx(0.1, rel=0.02)
    assert reading.p95 == pytest.approx(0.4, rel=0.02)
    assert reading.mean == pytest.approx(0.2)
    assert here.dynos("web") == 6


NOBODY = WebReading(30.0, 0, errors={}, serving=0)


def test_no_requests_while_the_drain_delivers_count_as_zero(web: MakeWorld) -> None:
    here = web()
    here.tick()
    seen(here)
    assert here.tick().collected.sample.web == NOBODY


def test_a_quiet_night_is_no_lack_of_data_while_heroku_shows_the_drain(web: MakeWorld) -> None:
    here = web()
    here.tick()
    seen(here)
    fill(here, 16, 3, 0.1)
    here.tick()
    for _ in range(3):
        assert here.tick(after=45).collected.sample.web == NOBODY
    assert here.asked("GET", f"/apps/{here.shop.id}/log-drains") == 1
    assert here.runtime.redis is not None
    here.runtime.redis.delete(f"guv:heroku:drain:{drain_of(here).id}")
    here.shop.drains.clear()
    later = here.tick(after=400)
    assert later.collected.sample.web is None
    assert "no log line of the app has come since" in later.troubles[0].text


def test_sudden_silence_after_many_requests_is_unknown_for_half_an_hour(web: MakeWorld) -> None:
    here = web()
    here.tick()
    seen(here)
    fill(here, 16, 900, 0.1)
    here.tick()
    assert here.tick(after=60).collected.sample.web is None
    assert here.tick(after=900).collected.sample.web is None
    assert here.tick(after=900).collected.sample.web == NOBODY


def test_log_lines_that_wait_make_the_web_reading_unknown(web: MakeWorld) -> None:
    here = web()
    here.tick()
    drain, queue = drain_of(here), here.runtime.drain_queue
    assert queue is not None
    here.clock.now = datetime.now(here.clock.now.tzinfo)  # noqa: TID251 - Redis has its own clock
    seen(here, here.clock.now + timedelta(seconds=60))
    queue.put(drain.id, uuid4().hex, [b"x"], here.clock.now)
    result = here.tick(after=60)
    assert "behind with reading" in result.troubles[0].text


def test_dynos_that_crash_in_a_loop_are_not_scaled(web: MakeWorld) -> None:
    here = web(policy="requests", policy_parameters={"requests_per_dyno": 1})
    here.tick()
    seen(here)
    fill(here, 16, 400, 0.1)
    with Session(here.runtime.engine) as session:
        for second, dyno in enumerate(("web.1", "web.1", "web.2", "worker.1")):
            at = here.clock.now - timedelta(seconds=second)
            session.add(DynoEvent(app_id=here.app.id, at=at, dyno=dyno, state="crashed"))
        session.commit()
    result = here.tick()
    assert "3 crashed and 0 came up" in result.troubles[0].text
    assert here.dynos("web") == 2


def test_herokus_own_autoscaling_is_not_fought(web: MakeWorld) -> None:
    here = web()
    here.shop.autoscaled.add("web")
    push(here)
    result = here.tick()
    assert here.dynos("web") == 2
    [trouble] = [trouble for trouble in result.troubles if trouble.cause is Cause.FOREIGN_CHANGES]
    assert "heroku ps:autoscale:disable" in trouble.text
    push(here)
    here.tick()
    assert here.asked("GET", f"/apps/{here.shop.id}/formation/web/monitors") == 1


def test_percentiles_of_any_span_are_those_of_all_its_requests(web: MakeWorld) -> None:
    here = web()
    fill(here, 100, 900, 0.1)
    fill(here, 50, 90, 1.0)
    fill(here, 20, 10, 5.0)
    with Session(here.runtime.engine) as session:
        rows = read_sums(session, here.app, here.clock.now - timedelta(hours=1), here.clock.now)
    reading = reading_of(rows, 3600.0)
    percentiles = (reading.p50, reading.p95, reading.p99)
    assert percentiles == pytest.approx((0.1, 1.0, 1.0), rel=0.0201)
    assert reading_of(rows[-1:], 10.0).p50 == pytest.approx(5.0, rel=0.02)


def test_requests_count_as_arrived_and_those_within_the_target_as_in_time(web: MakeWorld) -> None:
    here = web(policy_parameters={"response_time": 0.7}, dry_run=True)
    for _ in range(3):
        push(here)
        here.tick()
    with Session(here.runtime.engine) as session:
        usage = session.exec(select(UsageHour)).one()
    row = here.decisions()[-1]
    assert (row.arrived, row.served) == (960, 960)
    assert usage.finished == 1920
    assert usage.in_time == pytest.approx(0.95 * 1920)
