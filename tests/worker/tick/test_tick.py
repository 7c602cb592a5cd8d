from collections.abc import Callable

import pytest

from guv.history.models import Outcome
from guv.roles.models import Role
from tests.worker.world import World
from worker.tick.batch import tick_roles

MakeWorld = Callable[..., World]


def test_a_burst_scales_up(world: MakeWorld) -> None:
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=20)
    here.publish(100)
    result = here.tick()
    assert result.actuated.outcome is Outcome.SCALED
    assert here.dynos() == result.decision.desired
    assert here.dynos() > 5


def test_other_process_types_stay_as_they_are(world: MakeWorld) -> None:
    here = world(processing_time=10.0, maximum_dynos=20)
    here.publish(100)
    here.tick()
    assert here.dynos("web") == 1


def test_an_idle_role_goes_down_to_its_minimum(world: MakeWorld) -> None:
    here = world(minimum_dynos=1, formation={"worker": 4})
    here.ticks(600)
    assert here.dynos() == 1


def test_nothing_is_sent_to_heroku_where_nothing_changes(world: MakeWorld) -> None:
    here = world()
    here.ticks(50)
    assert here.asked("PATCH", "/apps") == 0
    assert {row.outcome for row in here.decisions()} == {"held"}


def test_every_tick_leaves_one_sample_and_one_decision_of_the_same_instant(
    world: MakeWorld,
) -> None:
    here = world()
    here.publish(7)
    here.ticks(50)
    assert len(here.decisions()) == 5
    assert [row.at for row in here.samples()] == [row.at for row in here.decisions()]


def test_a_sample_holds_what_was_read(world: MakeWorld) -> None:
    here = world(formation={"web": 1, "worker": 2})
    here.publish(3)
    here.tick()
    sample = here.samples()[0]
    assert (sample.messages_ready, sample.messages_unacknowledged, sample.dynos) == (3, 0, 2)
    assert (sample.published, sample.served, sample.consumers) == (3, 0, 0)
    assert sample.queues is not None
    assert sample.queues["worker"]["messages_ready"] == 3


def test_a_decision_says_why_and_with_which_settings(world: MakeWorld) -> None:
    here = world(processing_time=10.0, maximum_dynos=20)
    here.publish(100)
    here.tick()
    row = here.decisions()[0]
    assert (row.direction, row.outcome, row.current) == ("up", "scaled", 1)
    assert row.settings_version == "0.0.1"
    assert row.trail[0]["name"] == "deadline"
    assert row.estimates["backlog"] == 100
    assert row.explanation
    assert (row.tenant_id, row.app_id) == (here.tenant.id, here.app.id)


def test_several_queues_are_added_up(world: MakeWorld) -> None:
    here = world(queues=["mails", "a/b c"])
    here.publish(2, "mails")
    here.publish(5, "a/b c")
    here.tick()
    assert here.samples()[0].messages_ready == 7


def test_a_dry_run_decides_and_does_not_scale(world: MakeWorld) -> None:
    here = world(processing_time=10.0, maximum_dynos=20, dry_run=True)
    here.publish(100)
    here.tick()
    row = here.decisions()[0]
    assert (row.direction, row.outcome, here.dynos()) == ("up", "skipped", 1)
    assert row.error is not None
    assert row.error.startswith("dry_run")


def test_the_process_type_may_have_another_name(world: MakeWorld) -> None:
    here = world(
        process_type="mailer",
        queues=["worker"],
        formation={"mailer": 1},
        processing_time=10.0,
        maximum_dynos=20,
    )
    here.publish(100)
    here.tick()
    assert here.dynos("mailer") > 1


def test_the_history_comes_from_the_database_oldest_first(world: MakeWorld) -> None:
    here = world()
    here.ticks(40)
    instants = [sample.at for sample in here.tick().context.history]
    assert instants == sorted(row.at.timestamp() for row in here.samples()[:-1])
    assert len(instants) == 4


def test_a_role_that_was_removed_meanwhile_is_left_alone(world: MakeWorld) -> None:
    here = world()
    here.change(here.role, removed_at=here.clock.now)
    assert tick_roles(here.runtime, [here.role.id], here.clock) == {here.role.id: None}
    assert here.decisions() == []


def test_scaling_starts_from_somebody_elses_change_of_the_formation(
    world: MakeWorld,
) -> None:
    here = world(processing_time=10.0, maximum_dynos=20)
    here.publish(100)
    first = here.tick().decision.desired
    here.sandbox.heroku.scale(here.shop, [{"type": "worker", "quantity": 2}])
    again = here.tick()
    assert again.decision.current == 2
    assert again.decision.desired == first


def test_a_change_of_the_maximum_is_obeyed_at_once(world: MakeWorld) -> None:
    here = world(maximum_dynos=2, formation={"worker": 6})
    here.publish(1000)
    here.tick()
    assert here.dynos() == 2


@pytest.mark.parametrize("missing", ["worker", "other"])
def test_a_role_and_its_neighbor_do_not_share_samples(world: MakeWorld, missing: str) -> None:
    here = world()
    other: Role = here.add_role("other", queues=["worker"], process_type="web")
    ticked = here.role if missing == "other" else other
    here.tick(ticked)
    assert {row.role_id for row in here.samples()} == {ticked.id}
