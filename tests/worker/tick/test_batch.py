"""Many roles in one job: shared readings are read once, and troubles stay apart."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import event

from guv.clock import utc_now
from guv.roles.models import Role
from tests.worker.world import World, a_world
from worker import jobs

MakeWorld = Callable[..., World]


def tick_roles(here: World, *roles: Role) -> Counter[str]:
    """Tick the roles in one job and count each outcome."""
    here.make_due()
    results = jobs.tick_due(here.runtime, [role.id for role in roles])
    return Counter(str(result and result.actuated.outcome) for result in results.values())


def with_queues(here: World, count: int) -> list[Role]:
    for number in range(count):
        here.publish(number, f"jobs-{number}")
    given = {"process_type": "worker", "maximum_dynos": 1}
    return [here.add_role(f"role-{n}", queues=[f"jobs-{n}"], **given) for n in range(count)]


def test_roles_of_one_broker_share_its_answers(world: MakeWorld) -> None:
    here = world()
    roles = with_queues(here, 12)
    before = here.asked("GET", "/api/queues/.*")
    assert tick_roles(here, *roles).total() == 12
    assert here.asked("GET", "/api/queues/.*") - before == 2
    ready = {row.role_id: row.messages_ready for row in here.samples()}
    assert ready == {role.id: number for number, role in enumerate(roles)}


def test_roles_of_one_app_share_a_reading_of_its_formation(world: MakeWorld) -> None:
    here = world()
    before = here.asked("GET", "/apps/.*/formation")
    tick_roles(here, *with_queues(here, 12))
    assert here.asked("GET", "/apps/.*/formation") - before == 1


def test_one_roles_missing_queue_is_its_own_trouble(world: MakeWorld) -> None:
    here = world()
    lost = here.add_role("lost", queues=["nowhere"], process_type="worker")
    tick_roles(here, lost, *with_queues(here, 3))
    without = {row.role_id for row in here.decisions() if row.reason == "no_data"}
    assert without == {lost.id}


def test_a_role_that_cannot_even_be_read_keeps_no_other_from_its_tick(world: MakeWorld) -> None:
    here = world()
    broken = here.add_role("broken", queues=["worker"], signal="web", policy=["nonsense"])
    outcomes = tick_roles(here, broken, *with_queues(here, 3))
    assert (outcomes["held"], outcomes["None"]) == (3, 1)
    rows = {row.role_id: row for row in here.decisions()}
    assert (rows[broken.id].outcome, len(rows)) == ("failed", 4)


def test_all_samples_of_a_round_have_one_instant(world: MakeWorld) -> None:
    here = world()
    tick_roles(here, *with_queues(here, 5))
    assert len({row.at for row in here.samples()}) == 1


def test_a_broker_that_hangs_holds_up_its_own_rows_only(world: MakeWorld) -> None:
    here = world()
    other = a_world(here.sandbox, here.runtime, here.clock)
    here.fail(f"/api/queues/{here.access.vhost}", hang=2.0)
    written: list[float] = []

    def note(*_: object) -> None:
        written.append((utc_now() - start).total_seconds())

    start = utc_now()
    event.listen(here.runtime.engine, "commit", note)
    tick_roles(here, here.role, other.role)
    event.remove(here.runtime.engine, "commit", note)
    assert min(written[1:]) < 1.5
    assert max(written) >= 2.0
    assert len(here.decisions()) == 2


def test_a_row_that_cannot_be_written_costs_no_other_role_its_row(world: MakeWorld) -> None:
    here = world()
    roles = with_queues(here, 4)
    with here.runtime.engine.begin() as connection:
        connection.exec_driver_sql(
            "alter table decision add constraint broken"
            f" check (role_id <> '{roles[1].id}' or outcome = 'failed')"
        )
    try:
        assert tick_roles(here, *roles)["None"] == 1
    finally:
        with here.runtime.engine.begin() as connection:
            connection.exec_driver_sql("alter table decision drop constraint broken")
    outcomes = {row.role_id: row.outcome for row in here.decisions()}
    assert outcomes[roles[1].id] == "failed"
    assert Counter(outcomes.values()) == {"held": 3, "failed": 1}


def test_a_removed_role_leaves_no_row(world: MakeWorld) -> None:
    here = world()
    first, second = with_queues(here, 2)
    here.change(second, removed_at=here.clock.now)
    assert tick_roles(here, first, second) == {"held": 1, "None": 1}
    assert [row.role_id for row in here.decisions()] == [first.id]


def test_a_change_of_one_role_is_seen_by_the_next_round(world: MakeWorld) -> None:
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=20)
    here.publish(100)
    quiet = here.add_role("web", queues=["worker"], process_type="web", maximum_dynos=1)
    assert tick_roles(here, here.role, quiet)["scaled"] == 1
    here.clock.now += timedelta(seconds=5)
    last = {row.role_id: row for row in here.decisions()}
    assert here.dynos() == last[here.role.id].desired
    tick_roles(here, here.role, quiet)
    assert here.decisions()[-1].current is not None


TYPES = [f"type-{n}" for n in range(6)]


def growing(world: MakeWorld, most: int = 4) -> tuple[World, list[Role]]:
    """Make six roles of one app that need 4 dynos, limited to `most` where it is given.

    The last one may have 4.
    """
    here = world(formation={"worker": 1, **dict.fromkeys(TYPES, 1)}, maximum_dynos=1)
    given = {"processing_time": 10.0, "target_deadline": 60.0}
    roles = []
    for name in TYPES:
        here.publish(100, name)
        maximum = 4 if name == TYPES[-1] else most
        own = {**given, "process_type": name, "maximum_dynos": maximum}
        roles.append(here.add_role(name, queues=[name], **own))
    return here, roles


def test_roles_of_one_app_share_a_change_of_its_formation(world: MakeWorld) -> None:
    here, roles = growing(world)
    assert tick_roles(here, *roles) == {"scaled": 6}
    assert here.asked("PATCH", "/apps/.*/formation.*") == 1
    assert [here.dynos(name) for name in TYPES] == [4] * 6
    assert {(row.role_id, row.desired) for row in here.decisions()} == {
        (role.id, 4) for role in roles
    }


def test_a_change_that_is_refused_holds_up_no_other_role_of_the_app(world: MakeWorld) -> None:
    here, roles = growing(world, most=3)
    here.shop.limit = 3
    tick_roles(here, *roles)
    assert [here.dynos(name) for name in TYPES] == [3] * 6
    rows = {row.role_id: row for row in here.decisions()}
    assert [rows[role.id].error is None for role in roles] == [True] * 5 + [False]


def test_an_unanswered_change_fails_for_all_roles_and_is_sent_once(
    world: MakeWorld,
) -> None:
    here, roles = growing(world)
    here.fail("/apps/[^/]*/formation$", 503, method="PATCH")
    assert tick_roles(here, *roles) == {"failed": 6}
    assert here.asked("PATCH", "/apps/[^/]*/formation$") == 1


def test_a_dead_token_costs_a_shared_change_one_refresh(world: MakeWorld) -> None:
    here, roles = growing(world)
    tick_roles(here, here.role)  # after which there is an access token
    here.fail("/apps/[^/]*/formation$", 401, method="PATCH", calls=1)
    before = here.asked("POST", "/oauth/token")
    assert tick_roles(here, *roles) == {"scaled": 6}
    assert here.asked("POST", "/oauth/token") - before == 1
    assert [here.dynos(name) for name in TYPES] == [4] * 6


def test_ten_roles_of_one_app_cost_one_look_one_reading_and_one_change(world: MakeWorld) -> None:
    types = [f"type-{n}" for n in range(10)]
    here = world(formation={"worker": 1, **dict.fromkeys(types, 1)})
    given = {"processing_time": 10.0, "target_deadline": 60.0, "maximum_dynos": 4}
    for name in types:
        here.publish(100, name)
    roles = [here.add_role(name, queues=[name], process_type=name, **given) for name in types]
    requests = [("GET", "/api/.*"), ("GET", "/apps/.*"), ("PATCH", "/apps/.*")]
    before = [here.asked(method, path) for method, path in requests]
    assert tick_roles(here, *roles) == {"scaled": 10}
    after = [here.asked(method, path) for method, path in requests]
    # Depths and counters are two lists of the broker's.
    assert [late - early for early, late in zip(before, after, strict=True)] == [2, 1, 1]


def test_the_ticks_of_one_app_take_no_thread_of_the_pool(world: MakeWorld) -> None:
    here = world()
    here.runtime.threads.shutdown()
    assert tick_roles(here, *with_queues(here, 3)).total() == 3
