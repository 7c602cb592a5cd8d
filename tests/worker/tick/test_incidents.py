from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.builders import NOON
from tests.worker.world import ACCOUNT, World
from worker.tick.batch import tick_roles

MakeWorld = Callable[..., World]
COLLECTOR = "/v1/accounts"
QUEUES = "/api/queues"


@pytest.fixture
def late(world: MakeWorld) -> World:
    """Make a role whose maximum cannot meet the deadline, with alerts to New Relic."""
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=2)
    here.notify()
    here.overload()
    return here


def states(here: World) -> list[str]:
    return [str(event.attributes["state"]) for event in here.sandbox.new_relic.events]


def test_a_lasting_missed_deadline_sends_an_alert(late: World) -> None:
    late.ticks(60)
    assert states(late) == []  # seen first 50 seconds ago
    late.tick()
    assert states(late) == ["trigger"]


def test_one_trouble_is_one_alert_however_long_it_lasts(late: World) -> None:
    late.ticks(300)
    assert states(late) == ["trigger"]
    assert len(late.incidents()) == 1


def test_an_alert_says_what_is_needed_to_act(late: World) -> None:
    late.ticks(70)
    page = late.sandbox.new_relic.events[0].attributes
    assert page["title"] == (f"{late.app.name} / worker: the deadline cannot be met at the maximum")
    words = str(page["description"])
    assert "the deadline is 60 s" in words
    assert "maximum_dynos 2" in words
    assert "dynos would do" in words
    assert page["source"] == "guv"


def test_an_incident_resolves_by_itself_after_five_good_minutes(late: World) -> None:
    late.ticks(70)
    late.drain()
    late.ticks(290)
    assert states(late) == ["trigger"]
    late.ticks(20)
    assert states(late) == ["trigger", "resolve"]
    assert late.sandbox.new_relic.open_incidents() == []
    assert late.sandbox.new_relic.errors == []


def test_the_trigger_and_the_resolve_carry_the_same_tags(late: World) -> None:
    late.ticks(70)
    late.change(late.app, name="renamed-meanwhile")
    late.drain()
    late.ticks(320)
    tags = [
        {name: value for name, value in event.attributes.items() if name.startswith("aggregation")}
        for event in late.sandbox.new_relic.events
    ]
    assert tags[0] == tags[1]
    assert set(tags[0]) == {f"aggregationTag.{name}" for name in ("tenant", "app", "role", "cause")}


def test_a_short_recovery_neither_resolves_nor_alerts_again(late: World) -> None:
    late.ticks(70)
    late.drain()
    late.ticks(200)
    late.publish(200)
    late.ticks(200)
    assert states(late) == ["trigger"]
    assert len(late.incidents()) == 1


def test_a_trouble_shorter_than_the_patience_alerts_nobody(late: World) -> None:
    late.ticks(30)
    late.drain()
    late.ticks(100)
    assert (states(late), late.incidents()) == ([], [])


def test_a_second_spike_is_a_second_incident(late: World) -> None:
    late.ticks(70)
    late.drain()
    late.ticks(320)
    late.publish(200)
    late.ticks(80)
    assert states(late) == ["trigger", "resolve", "trigger"]


def test_minutes_without_data_do_not_resolve_an_incident(late: World) -> None:
    late.ticks(70)
    late.fail(QUEUES, 500)
    late.ticks(400)
    open_causes = {incident.cause for incident in late.incidents() if incident.resolved_at is None}
    assert open_causes == {"deadline_missed", "no_data"}


def test_being_at_the_maximum_alone_alerts_nobody(world: MakeWorld) -> None:
    here = world(processing_time=1.0, target_deadline=600.0, minimum_dynos=2, maximum_dynos=2)
    here.notify()
    here.publish(50)
    for _ in range(2):  # its dynos
        here.sandbox.broker.consume(here.access.vhost, "worker")
    here.ticks(120)
    assert here.incidents() == []


def test_the_patience_before_an_alert_is_a_setting(world: MakeWorld) -> None:
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=2, alert_after=0)
    here.notify()
    here.publish(200)
    here.tick()
    assert states(here) == ["trigger"]


@pytest.mark.parametrize(
    ("path", "status", "body", "cause"),
    [
        (QUEUES, 500, None, "no_data"),
        (QUEUES, 401, {"error": "not_authorized", "reason": "Login failed"}, "broker_refuses"),
        ("/apps", 403, {"id": "forbidden", "message": "No access."}, "authorization_lost"),
        ("/apps", 500, None, "no_data"),
    ],
)
def test_each_cause_has_its_own_incident(
    world: MakeWorld, path: str, status: int, body: dict[str, str] | None, cause: str
) -> None:
    here = world()
    here.notify()
    here.fail(path, status, body=body)
    here.ticks(80)
    assert [incident.cause for incident in here.incidents()] == [cause]
    assert states(here) == ["trigger"]


def test_dynos_that_do_not_consume_are_one_alert_until_they_consume(world: MakeWorld) -> None:
    here = world(maximum_dynos=9, boot_time=10, target_deadline=900)
    here.notify()
    here.publish(50)
    here.ticks(150)
    assert [incident.cause for incident in here.incidents()] == ["no_gain"]
    assert states(here) == ["trigger"]
    page = here.sandbox.new_relic.events[0].attributes
    assert page["title"] == f"{here.app.name} / worker: more dynos would not help"
    assert "Messages in the queues: 50; dynos are up for" in str(page["description"])

    here.sandbox.broker.consume(here.access.vhost, "worker")
    here.ticks(310)
    assert [
        incident.resolved_at is not None
        for incident in here.incidents()
        if incident.cause == "no_gain"
    ] == [True]


def test_a_missed_deadline_says_that_no_dyno_consumes(world: MakeWorld) -> None:
    here = world(maximum_dynos=1, boot_time=10)
    here.notify()
    here.publish(50)
    here.ticks(190)
    assert [incident.cause for incident in here.incidents()] == ["deadline_missed"]
    assert "but do not consume" in here.incidents()[0].text
    assert "would do" not in here.incidents()[0].text


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_alert_that_did_not_arrive_is_sent_again(late: World, status: int) -> None:
    late.fail(COLLECTOR, status, calls=2)
    late.ticks(70)
    assert states(late) == []
    late.ticks(30)
    assert states(late) == ["trigger"]


def test_a_resolve_that_did_not_arrive_is_sent_again(late: World) -> None:
    late.ticks(70)
    late.drain()
    late.ticks(290)
    late.fail(COLLECTOR, 503, calls=1)
    late.ticks(30)
    assert states(late) == ["trigger", "resolve"]


def test_a_wrong_license_key_is_recorded_and_not_tried_for_ever(late: World) -> None:
    late.notify(license_key="another-key-marker")
    late.ticks(120)
    assert late.asked("POST", COLLECTOR) == 1
    error = late.incidents()[0].notify_error
    assert error is not None
    assert "license key" in error
    assert "marker" not in error


def test_an_outage_of_new_relic_delays_no_tick(late: World) -> None:
    late.fail(COLLECTOR, 503)
    late.ticks(100)
    assert {row.outcome for row in late.decisions()} <= {"scaled", "held"}


def test_an_alert_that_could_never_be_sent_is_not_resolved_either(late: World) -> None:
    late.fail(COLLECTOR, 503)
    late.ticks(70)
    late.drain()
    late.ticks(320)
    late.mend()
    late.ticks(20)
    assert states(late) == []
    assert late.incidents()[0].resolved_at is not None


def test_without_a_target_incidents_are_only_kept(world: MakeWorld) -> None:
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=2)
    here.publish(200)
    here.ticks(80)
    assert here.asked("POST", COLLECTOR) == 0
    assert here.incidents()[0].opened_at is not None


def test_a_target_set_during_an_incident_gets_its_alert(world: MakeWorld) -> None:
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=2)
    here.publish(200)
    here.ticks(80)
    here.notify()
    here.tick()
    assert states(here) == ["trigger"]


def test_the_tenants_key_goes_to_the_collector_and_nowhere_else(late: World) -> None:
    late.ticks(70)
    sent = late.sandbox.traffic.requests("POST", COLLECTOR)[0]
    assert sent.headers["api-key"] == ACCOUNT["license_key"]
    kept = [*late.decisions(), *late.incidents(), *late.samples(), sent.body]
    assert "license-key-marker" not in repr([str(row) for row in kept])


def test_two_ticks_of_a_role_at_once_make_one_incident(late: World) -> None:
    instants = [NOON + timedelta(seconds=10 + number) for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(
            threads.map(lambda now: tick_roles(late.runtime, [late.role.id], lambda: now), instants)
        )
    assert (len(late.decisions()), len(late.incidents())) == (8, 1)
