"""Isolation of tenants in every job of the worker."""

import inspect
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import false, or_, select
from sqlmodel import Session, SQLModel

from guv.apps.models import App
from guv.clock import utc_now
from guv.tenants.models import Tenant
from guv.web_metrics.drains import renew_drain
from tests.worker.maintenance.test_log_deliveries import line
from tests.worker.replays.rows import a_replay
from tests.worker.world import World
from worker import jobs
from worker.process.runtime import Runtime

MakeWorld = Callable[..., World]
OF_NOBODY = {"do_chore"}  # what guv does for itself, over all tenants, by their own sums
MISSING = {"target_deadline": 5.0, "processing_time": 50.0, "alert_after": 0.0}


@pytest.fixture
def neighbours(world: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> tuple[World, World]:
    """Make two tenants with a row in every table and an incident to deliver."""
    mine, other = world(**MISSING), world(**MISSING)
    for here in (mine, other):
        here.publish(30)
        here.notify(events="all", heartbeat=True)
        here.tick()
        here.make_due()
        a_replay(here)
        a_drain(here)
    mine.sandbox.traffic.forget()
    monkeypatch.setattr(jobs, "process_runtime", lambda: mine.runtime)
    return mine, other


def a_drain(here: World) -> UUID:
    """Store a drain with a line that waits."""
    with Session(here.runtime.engine, expire_on_commit=False) as session:
        tenant = session.get_one(Tenant, here.tenant.id)
        app = session.get_one(App, here.app.id)
        drain, _ = renew_drain(session, tenant, app, utc_now())
        session.commit()
    assert here.runtime.drain_queue is not None
    here.runtime.drain_queue.put(drain.id, uuid4().hex, [line()], utc_now())
    return drain.id


def one_of(here: World, table: str) -> str:
    """Return the id of the tenant's only row in a table."""
    columns = SQLModel.metadata.tables[table]
    query = select(columns.c.id).where(columns.c.tenant_id == here.tenant.id)
    with Session(here.runtime.engine) as session:
        return str(session.execute(query).scalars().one())


WALK: dict[str, Callable[[World], Any]] = {
    "scale_roles": lambda here: jobs.scale_roles([str(here.role.id)]),
    "finish_provisioning": lambda here: jobs.finish_provisioning(str(here.tenant.id)),
    "deliver_notifications": lambda here: jobs.deliver_notifications([one_of(here, "incident")]),
    "read_drains": lambda here: jobs.read_drains([one_of(here, "drain")]),
    "send_feed": lambda here: jobs.send_feed(str(here.role.id)),
    "replay_role": lambda here: jobs.replay_role(one_of(here, "replay")),
}


def test_every_job_is_checked_for_isolation_of_tenants() -> None:
    names = {
        name
        for name, function in inspect.getmembers(jobs, inspect.isfunction)
        if function.__module__ == jobs.__name__ and not name.startswith("_")
    }
    helpers = {
        name
        for name in names
        if any(parameter.annotation is Runtime for parameter in parameters(name))
    }
    assert names - helpers - OF_NOBODY == set(WALK)


def parameters(name: str) -> list[inspect.Parameter]:
    return list(inspect.signature(getattr(jobs, name)).parameters.values())


@pytest.mark.parametrize("name", WALK)
def test_a_job_of_one_tenant_changes_and_asks_nothing_of_another(
    neighbours: tuple[World, World], name: str
) -> None:
    mine, other = neighbours
    before, own = rows_of(other), rows_of(mine)
    done = WALK[name](mine)
    mine.runtime.background.wait()

    assert done or rows_of(mine) != own  # it did something
    assert rows_of(other) == before
    asked = " ".join(
        f"{request.path} {request.body}" for request in mine.sandbox.traffic.requests()
    )
    for mark in (other.shop.id, other.shop.name, other.access.vhost, other.tenant.id):
        assert str(mark) not in asked


def rows_of(here: World) -> dict[str, list[tuple[Any, ...]]]:
    """Read every row that belongs to the tenant, by table."""
    by_table = {}
    subjects = [here.tenant.id, here.app.id, here.role.id, here.broker.id]
    with Session(here.runtime.engine) as session:
        for table in SQLModel.metadata.sorted_tables:
            names = ("tenant_id", "app_id", "role_id", "subject_id", "drain_id", "id")
            columns = [table.c[name] for name in names if name in table.c]
            is_theirs = or_(
                false(),
                *(column.in_(subjects) for column in columns if column.type.python_type is UUID),
            )
            rows = session.execute(select(table).where(is_theirs)).all()
            by_table[table.name] = sorted(map(tuple, rows), key=str)
    return by_table


def test_every_tenants_table_has_rows_to_compare(neighbours: tuple[World, World]) -> None:
    rows = rows_of(neighbours[1])
    full = {name for name, stored in rows.items() if stored}
    tables = {"tenant", "app", "role", "broker", "decision", "sample", "incident", "drain"}
    assert full >= tables | {"tick_schedule", "replay"}
