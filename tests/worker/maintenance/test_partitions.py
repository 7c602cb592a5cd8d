"""Partitions: dropped whole when old, made ahead of time, and without lost rows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from guv.history.models import SampleRow
from guv.roles.models import Role
from tests.api.rows import a_decision
from tests.builders import NOON, a_role, a_tenant, an_app
from worker.maintenance.partitions import FULL, Kept, keep_partitions, partitions_of

DAYS = Kept("decision_full", "day", FULL)
MONTHS = Kept("decision_kept", "month", timedelta(days=396))
THEN = datetime(2031, 3, 30, 15, 0, tzinfo=UTC)  # months after all that migrations made


@pytest.fixture
def role(session: Session, sealer: Any) -> Role:
    role = a_role(session, an_app(session, a_tenant(session), sealer))
    session.commit()
    return role


@pytest.fixture(autouse=True)
def as_before(engine: Engine) -> Iterator[None]:
    """Drop the partitions that a test made, since other tests count partitions."""
    before = names(engine)
    yield
    with engine.begin() as connection:
        for name in names(engine) - before:
            connection.exec_driver_sql(f"drop table {name}")


def names(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return {
            partition.name
            for kept in (DAYS, MONTHS)
            for partition in partitions_of(connection, kept.table)
        }


def decide(session: Session, role: Role, at: datetime, *, kept: bool = False) -> None:
    a_decision(session, role, (at - NOON).total_seconds(), kept=kept)


def count(session: Session, table: str = "decision") -> int:
    return int(session.connection().execute(text(f"select count(*) from {table}")).scalar_one())


def test_today_and_the_next_days_have_their_partitions(engine: Engine) -> None:
    made = keep_partitions(engine, THEN, [DAYS])
    days = ["03_30", "03_31", "04_01", "04_02"]
    assert [line for line in made if "made" in line] == [
        f"made decision_full_2031_{d}" for d in days
    ]


def test_a_months_partition_is_as_long_as_its_month(engine: Engine) -> None:
    keep_partitions(engine, THEN, [MONTHS])
    with engine.connect() as connection:
        there = {
            partition.name: partition for partition in partitions_of(connection, "decision_kept")
        }
    april = there["decision_kept_2031_04"]
    assert (april.begin, april.end) == (
        datetime(2031, 4, 1, tzinfo=UTC),
        datetime(2031, 5, 1, tzinfo=UTC),
    )


def test_a_second_run_changes_no_partition(engine: Engine) -> None:
    keep_partitions(engine, THEN, [DAYS, MONTHS])
    assert keep_partitions(engine, THEN, [DAYS, MONTHS]) == []


def test_rows_are_dropped_with_their_day_and_not_before(
    engine: Engine, session: Session, role: Role
) -> None:
    keep_partitions(engine, THEN, [DAYS])
    decide(session, role, THEN)
    session.rollback()
    midnight = datetime(2031, 3, 31, tzinfo=UTC)
    keep_partitions(engine, midnight + FULL - timedelta(seconds=1), [DAYS])
    assert count(session) == 1
    session.rollback()
    done = keep_partitions(engine, midnight + FULL, [DAYS])
    assert "dropped decision_full_2031_03_30" in done
    assert count(session) == 0


def test_changes_outlive_the_other_ticks(engine: Engine, session: Session, role: Role) -> None:
    keep_partitions(engine, THEN, [DAYS, MONTHS])
    decide(session, role, THEN)
    decide(session, role, THEN + timedelta(seconds=10), kept=True)
    session.rollback()
    keep_partitions(engine, THEN + timedelta(days=390), [DAYS, MONTHS])
    assert count(session) == 1


def test_rows_without_a_partition_are_moved_to_their_own(
    engine: Engine, session: Session, role: Role
) -> None:
    decide(session, role, THEN)
    decide(session, role, THEN - timedelta(days=2))
    assert count(session, "decision_full_rest") == 2
    ids = session.connection().execute(text("select id from decision order by id")).all()
    session.rollback()
    made = keep_partitions(engine, THEN, [DAYS])
    assert "made decision_full_2031_03_28" in made
    assert count(session, "decision_full_rest") == 0
    assert count(session, "decision_full_2031_03_30") == 1
    assert session.connection().execute(text("select id from decision order by id")).all() == ids


def test_a_partition_that_is_being_read_is_dropped_by_the_next_run(
    engine: Engine, session: Session, role: Role
) -> None:
    keep_partitions(engine, THEN, [DAYS])
    decide(session, role, THEN)
    assert count(session) == 1  # an open transaction that has read the table
    later = THEN + timedelta(days=10)
    assert not [line for line in keep_partitions(engine, later, [DAYS]) if "2031_03" in line]
    session.rollback()
    assert "dropped decision_full_2031_03_30" in keep_partitions(engine, later, [DAYS])


def test_a_samples_partition_goes_with_its_role(
    engine: Engine, session: Session, role: Role
) -> None:
    session.add(SampleRow(role_id=role.id, at=THEN, kept=False))
    session.commit()
    with engine.begin() as connection:
        connection.exec_driver_sql("delete from tenant")
    assert count(session, "sample") == 0
