from collections.abc import Callable
from datetime import timedelta

import pytest

from guv.incidents.causes import Cause
from tests.worker.world import World
from worker.tick.record import LONGEST_PAUSE_S, pause_after
from worker.tick.result import TickResult

MakeWorld = Callable[..., World]
QUEUES = "/api/queues"


def trouble(result: TickResult) -> dict[Cause, str]:
    return {trouble.cause: trouble.text for trouble in result.troubles}


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_broker_without_a_usable_answer_holds_the_role(world: MakeWorld, status: int) -> None:
    here = world(formation={"worker": 3})
    here.publish(100)
    here.fail(QUEUES, status)
    result = here.tick()
    row = here.decisions()[0]
    assert (row.outcome, row.reason, here.dynos()) == ("held", "no_data", 3)
    assert str(status) in trouble(result)[Cause.NO_DATA]
    assert row.error == trouble(result)[Cause.NO_DATA]


def test_a_sample_without_data_is_unknown_and_not_zero(world: MakeWorld) -> None:
    here = world(formation={"worker": 3})
    here.fail(QUEUES, 500)
    here.tick()
    sample = here.samples()[0]
    counts = (sample.messages_ready, sample.messages_unacknowledged, sample.published)
    assert counts == (None, None, None)
    assert (sample.dynos, sample.queues) == (3, None)


def test_a_broker_that_hangs_is_given_up_in_time(world: MakeWorld) -> None:
    here = world()
    here.fail(QUEUES, hang=4.0)
    assert "no answer within 3 seconds" in trouble(here.tick())[Cause.NO_DATA]


def test_a_broker_that_failed_is_left_alone_for_a_while(world: MakeWorld) -> None:
    here = world()
    other = here.add_role("other", queues=["worker"], process_type="web")
    here.fail(QUEUES, 500)
    here.tick()
    asked = here.asked("GET", QUEUES)
    assert "left alone" in trouble(here.tick(other, after=1))[Cause.NO_DATA]
    assert here.asked("GET", QUEUES) == asked


def test_one_role_probes_the_broker_for_all_after_the_pause(world: MakeWorld) -> None:
    here = world()
    roles = [here.role, *(here.add_role(name, queues=["worker"]) for name in ("b", "c", "d"))]
    here.fail(QUEUES, 500)
    here.tick()
    here.clock.now += timedelta(seconds=30)
    asked = here.asked("GET", QUEUES)
    for role in roles:
        here.tick(role, after=0)
    assert here.asked("GET", QUEUES) == asked + 1


def test_roles_that_fail_at_the_same_time_count_as_one_broker_failure(world: MakeWorld) -> None:
    here = world()
    here.fail(QUEUES, 500)
    first = here.tick()
    here.change(here.broker, failures=0, retry_at=None)
    here.tick(after=0.001)
    assert first.collected.work.answered is False
    assert here.stored_broker().failures == 1


def test_each_broker_failure_lengthens_the_pause_up_to_a_minute() -> None:
    pauses = [pause_after(failures).total_seconds() for failures in (1, 2, 3, 4, 5, 50, 5000)]
    assert pauses[:5] == sorted(pauses[:5])
    assert 3.0 <= pauses[0] <= 4.0
    assert all(0.75 * LONGEST_PAUSE_S <= pause <= LONGEST_PAUSE_S for pause in pauses[5:])


def test_a_broker_that_is_back_is_used_again_by_itself(world: MakeWorld) -> None:
    here = world(processing_time=10.0, maximum_dynos=20)
    here.publish(100)
    here.fail(QUEUES, 500)
    here.ticks(60)
    here.mend()
    here.ticks(70)
    broker = here.stored_broker()
    assert (broker.failures, broker.retry_at, broker.note) == (0, None, "")
    assert here.dynos() > 5


def test_a_refused_login_shows_the_brokers_words_and_is_no_broker_failure(
    world: MakeWorld,
) -> None:
    here = world()
    here.fail(QUEUES, 401, body={"error": "not_authorized", "reason": "Login failed"})
    result = here.tick()
    assert "Login failed" in trouble(result)[Cause.BROKER_REFUSES]
    assert Cause.NO_DATA not in trouble(result)
    assert here.stored_broker().failures == 0


def test_a_missing_queue_is_named(world: MakeWorld) -> None:
    here = world(queues=["worker", "nowhere"])
    assert "'nowhere'" in trouble(here.tick())[Cause.NO_DATA]


def test_a_queue_without_counts_is_named(world: MakeWorld) -> None:
    here = world(formation={"worker": 2})
    here.fail(f"{QUEUES}/[^/]+$", 200, body={"items": []})
    here.fail(f"{QUEUES}/[^/]+/worker", 200, body={"name": "worker", "type": "classic"})
    result = here.tick()
    assert "no message counts for worker" in trouble(result)[Cause.NO_DATA]
    assert result.decision.desired == 2


def test_an_app_without_a_broker_holds_with_that_reason(world: MakeWorld) -> None:
    here = world()
    role = here.role
    with here.runtime.engine.begin() as connection:
        connection.exec_driver_sql("delete from broker")
    result = here.tick(role)
    assert "no broker is set" in trouble(result)[Cause.NO_DATA]
    assert here.decisions()[0].outcome == "held"


def test_a_new_broker_url_is_used_at_the_next_tick(world: MakeWorld) -> None:
    here = world()
    here.tick()
    access = here.sandbox.broker.new_vhost("elsewhere")
    here.sandbox.broker.declare("elsewhere", "worker")
    here.sandbox.broker.publish("elsewhere", "worker", b"")
    url = access.management_url(here.sandbox.url)
    here.change(here.broker, url_sealed=here.runtime.sealer.seal(url))
    here.tick()
    assert [row.messages_ready for row in here.samples()] == [0, 1]


def test_a_missing_process_type_is_named_with_the_existing_types(world: MakeWorld) -> None:
    here = world(process_type="mailer", queues=["worker"], formation={"web": 1, "clock": 1})
    result = here.tick()
    assert trouble(result)[Cause.NO_DATA] == (
        "The app has no process type 'mailer'; it has: clock, web."
    )
    assert here.decisions()[0].outcome == "held"


@pytest.mark.parametrize(
    ("status", "word"), [(429, "429"), (500, "500"), (404, "not_found"), (402, "delinquent")]
)
def test_a_formation_that_cannot_be_read_is_unknown_and_holds(
    world: MakeWorld, status: int, word: str
) -> None:
    here = world(processing_time=10.0, maximum_dynos=20)
    here.publish(100)
    body = {"id": word, "message": "Heroku's words"} if status in {402, 404} else None
    here.fail("/apps/.*/formation", status, body=body)
    result = here.tick()
    assert word in trouble(result)[Cause.NO_DATA]
    row = here.decisions()[0]
    assert (row.outcome, row.desired, here.asked("PATCH", "/apps")) == ("held", None, 0)


def test_messages_are_still_counted_while_heroku_is_away(world: MakeWorld) -> None:
    here = world()
    here.publish(4)
    here.fail("/apps/.*/formation", 500)
    here.tick()
    assert (here.samples()[0].messages_ready, here.samples()[0].dynos) == (4, None)
