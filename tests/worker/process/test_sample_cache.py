"""Sample cache: equal to the table, whichever process ticked last."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from guv.apps.models import App
from guv.history.models import SampleRow
from guv.history.samples import HISTORY
from guv.roles.models import Role
from guv.scaling.estimate.cleaning import MOST_SAMPLES
from tests.builders import NOON, a_role, a_tenant, an_app
from worker.process.sample_cache import FORGOTTEN_S, TRUSTED_S, SampleCache

Write = Callable[..., None]


@pytest.fixture
def role(session: Session, sealer: Any) -> Role:
    role = a_role(session, an_app(session, a_tenant(session), sealer))
    session.commit()
    return role


@pytest.fixture
def write(session: Session, role: Role) -> Write:
    """Store samples of the role at these seconds after noon."""

    def store(*seconds: float, kept: bool = False) -> None:
        for second in seconds:
            at = NOON + timedelta(seconds=second)
            session.add(SampleRow(role_id=role.id, at=at, messages_ready=int(second), kept=kept))
        session.commit()

    return store


def ready(engine: Engine, histories: SampleCache, role: UUID, seconds: float) -> list[int | None]:
    with engine.connect() as connection:
        cached = histories.read(connection, [role], NOON + timedelta(seconds=seconds))
    return [sample.messages_ready for sample in cached[role].samples]


def test_samples_come_from_old_to_new(engine: Engine, role: Role, write: Write) -> None:
    write(20, 10)
    write(15, kept=True)
    assert ready(engine, SampleCache(), role.id, 30) == [10, 15, 20]


def test_only_new_samples_are_read(engine: Engine, role: Role, write: Write) -> None:
    histories = SampleCache()
    write(*range(0, 1000, 10))
    ready(engine, histories, role.id, 1000)
    with engine.begin() as connection:  # what is known is not looked up again
        connection.execute(text("delete from sample where role_id = :role"), {"role": role.id})
    write(1000)
    assert len(ready(engine, histories, role.id, 1010)) == 101


def test_two_processes_that_tick_a_role_in_turn_know_the_same_samples(
    engine: Engine, role: Role, write: Write
) -> None:
    ours, theirs = SampleCache(), SampleCache()
    for second in range(0, 300, 10):
        write(second)
        mine = ours if second % 20 else theirs
        assert ready(engine, mine, role.id, second + 5) == list(range(0, second + 1, 10))


def test_a_cached_history_ends_before_the_present(engine: Engine, role: Role, write: Write) -> None:
    write(0, 10, 20)
    histories = SampleCache()
    assert ready(engine, histories, role.id, 25) == [0, 10, 20]
    assert ready(engine, histories, role.id, 20) == [0, 10]


def test_samples_that_are_too_old_are_forgotten(engine: Engine, role: Role, write: Write) -> None:
    histories, hours = SampleCache(), HISTORY.total_seconds()
    write(0, 300, 600)
    ready(engine, histories, role.id, hours - 200)
    assert ready(engine, histories, role.id, hours + 300) == [600]


def test_a_sample_that_was_written_late_is_found_after_a_while(
    engine: Engine, role: Role, write: Write
) -> None:
    histories = SampleCache()
    write(0, 20)
    ready(engine, histories, role.id, 21)
    write(10)
    assert ready(engine, histories, role.id, 22) == [0, 20]
    assert ready(engine, histories, role.id, 22 + TRUSTED_S) == [0, 10, 20]


def test_no_more_samples_are_cached_than_a_decision_reads(
    engine: Engine, role: Role, write: Write
) -> None:
    histories = SampleCache()
    write(*range(MOST_SAMPLES + 5))
    assert len(ready(engine, histories, role.id, 600)) == MOST_SAMPLES
    write(600)
    cached = ready(engine, histories, role.id, 601)
    assert (len(cached), cached[-1]) == (MOST_SAMPLES, 600)


def test_a_full_cache_keeps_the_roles_that_came_first(
    engine: Engine, session: Session, role: Role
) -> None:
    histories = SampleCache(most=2)
    app = session.get_one(App, role.app_id)
    ids = [role.id, *(a_role(session, app, name).id for name in "abc")]
    session.commit()
    with engine.connect() as connection:
        for later in (0, 30, 60):
            histories.read(connection, ids, NOON + timedelta(seconds=later))
        assert list(histories._known) == ids[:2]
        histories.read(connection, ids[2:], NOON + timedelta(seconds=60 + FORGOTTEN_S))
    assert list(histories._known) == ids[2:]
