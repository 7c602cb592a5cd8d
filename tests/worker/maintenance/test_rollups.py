"""Rollups of one and five minutes: equal to their ticks, however often they are made."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from guv.apps.models import App
from guv.history.models import DecisionRow, Rollup, SampleRow
from guv.roles.models import Role
from guv.tables import Chore
from tests.builders import NOON, a_role, a_tenant, an_app
from tests.worker.maintenance.rollup_points import FIVE_MINUTES, MINUTE, Point, read_sums
from tests.worker.world import World
from worker.maintenance.rollups import GRACE, roll_up

MakeWorld = Callable[..., World]
LATER = NOON + timedelta(hours=1)
SAMPLED = {"waiting", "unacknowledged", "dynos"}
counts = st.none() | st.integers(0, 10**9)
ticks = st.lists(
    st.fixed_dictionaries(
        {
            "at": st.integers(0, 1799).map(lambda n: NOON + timedelta(seconds=n)),
            "outcome": st.sampled_from(["scaled", "held", "refused", "failed"]),
            "reason": st.sampled_from(["steady", "no_data", "maximum"]),
            "kept": st.booleans(),
            "waiting": counts,
            "unacknowledged": counts,
            "dynos": st.none() | st.integers(0, 100),
            "desired": st.none() | st.integers(0, 100),
            "predicted_wait": st.none() | st.floats(0, 1e9) | st.just(float("inf")),
            "arrived": counts,
            "served": counts,
            "in_time": st.none() | st.floats(0, 1e6),
            "seconds": st.none() | st.floats(0, 600),
            "at_maximum": st.none() | st.booleans(),
        }
    ),
    max_size=60,
    unique_by=lambda row: row["at"],
)


@pytest.fixture
def role(session: Session, sealer: Any) -> Role:
    session.add(Chore(name="roll_up", due_at=NOON))
    role = a_role(session, an_app(session, a_tenant(session), sealer))
    session.commit()
    return role


def store(session: Session, role: Role, rows: list[dict[str, Any]]) -> None:
    """Store these ticks, and no others, as the worker writes them."""
    for table in ("decision", "sample", "rollup"):
        session.connection().execute(text(f"truncate {table}"))
    ids: dict[str, Any] = {"tenant_id": role.tenant_id, "app_id": role.app_id, "role_id": role.id}
    for tick in rows:
        values = {k: v for k, v in tick.items() if k not in SAMPLED}
        session.add(
            DecisionRow(
                **ids, **values, direction="hold", explanation="ok", settings_version="0.0.1"
            )
        )
        waiting, dynos = tick["waiting"], tick["dynos"]
        session.add(
            SampleRow(
                role_id=role.id,
                at=tick["at"],
                kept=tick["kept"],
                messages_ready=waiting,
                messages_unacknowledged=tick["unacknowledged"],
                dynos=dynos,
            )
        )
    session.get_one(Chore, "roll_up").done_until = None
    session.commit()


def series(session: Session, role: Role, width: int) -> list[Point]:
    return read_sums(session, role.id, NOON, LATER, width)


def expected(rows: list[dict[str, Any]], width: int) -> dict[datetime, dict[str, Any]]:
    """Compute the same sums in plain Python."""
    spans: dict[datetime, list[dict[str, Any]]] = {}
    for tick in rows:
        begin = NOON + timedelta(seconds=(tick["at"] - NOON).total_seconds() // width * width)
        spans.setdefault(begin, []).append(tick)
    return {begin: _sums(ticks) for begin, ticks in spans.items()}


def _sums(ticks: list[dict[str, Any]]) -> dict[str, Any]:
    def known(name: str) -> list[Any]:
        return [tick[name] for tick in ticks if tick[name] is not None]

    timed = [tick for tick in ticks if tick["in_time"] is not None and tick["served"] is not None]
    in_time = sum(known("in_time")) if known("in_time") else None
    return {
        "ticks": len(ticks),
        "changes": sum(tick["outcome"] == "scaled" for tick in ticks),
        "refused": sum(tick["outcome"] == "refused" for tick in ticks),
        "failed": sum(tick["outcome"] == "failed" for tick in ticks),
        "without_data": sum(tick["reason"] == "no_data" for tick in ticks),
        "at_maximum": sum(bool(tick["at_maximum"]) for tick in ticks),
        "seconds": sum(known("seconds")),
        **{f"{n}_min": min(known(n), default=None) for n in ("waiting", "dynos", "desired")},
        **{f"{n}_max": max(known(n), default=None) for n in ("waiting", "dynos", "desired")},
        **{f"{n}_mean": _mean(known(n)) for n in ("waiting", "dynos", "desired")},
        "unacknowledged_max": max(known("unacknowledged"), default=None),
        "predicted_wait_max": max(known("predicted_wait"), default=None),
        **{n: sum(known(n)) if known(n) else None for n in ("arrived", "served")},
        "on_time": in_time,
        "late": None if in_time is None else sum(tick["served"] for tick in timed) - in_time,
    }


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def same(points: list[Point], wanted: dict[datetime, dict[str, Any]]) -> bool:
    shown = {
        point.at: {name: getattr(point, name) for name in next(iter(wanted.values()), {})}
        for point in points
    }
    return shown == {at: _nearly(sums) for at, sums in wanted.items()}


def _nearly(sums: dict[str, Any]) -> dict[str, Any]:
    return {n: value if value is None else pytest.approx(value) for n, value in sums.items()}


@settings(  # without shrinking: each example costs some statements, and they are short
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=ticks)
def test_rollups_equal_the_sums_of_the_ticks(
    engine: Engine, session: Session, role: Role, rows: list[dict[str, Any]]
) -> None:
    store(session, role, rows)
    roll_up(engine, LATER)
    for width in (MINUTE, FIVE_MINUTES):
        assert same(series(session, role, width), expected(rows, width))
    session.rollback()


def a_tick(seconds: float = 0, **values: Any) -> dict[str, Any]:
    names = (
        "waiting",
        "unacknowledged",
        "dynos",
        "desired",
        "predicted_wait",
        "arrived",
        "served",
        "in_time",
    )
    return {
        **dict.fromkeys((*names, "seconds", "at_maximum")),
        "at": NOON + timedelta(seconds=seconds),
        "outcome": "held",
        "reason": "steady",
        "kept": False,
        **values,
    }


def test_a_repeated_rollup_changes_nothing(engine: Engine, session: Session, role: Role) -> None:
    store(session, role, [a_tick(n, arrived=1, waiting=n) for n in range(0, 600, 10)])
    roll_up(engine, LATER)
    before = series(session, role, MINUTE), series(session, role, FIVE_MINUTES)
    session.get_one(Chore, "roll_up").done_until = NOON
    session.commit()
    assert roll_up(engine, LATER) == 12
    assert (series(session, role, MINUTE), series(session, role, FIVE_MINUTES)) == before
    assert sum(point.arrived or 0 for point in before[0]) == 60


def test_a_minute_is_summed_once_its_last_tick_has_come(
    engine: Engine, session: Session, role: Role
) -> None:
    store(session, role, [a_tick(10)])
    minute = NOON + timedelta(minutes=1)
    roll_up(engine, minute + GRACE - timedelta(seconds=1))
    assert series(session, role, MINUTE) == []
    session.rollback()
    roll_up(engine, minute + GRACE)
    assert [point.at for point in series(session, role, MINUTE)] == [NOON]


def test_five_minutes_are_summed_once_all_are_over(
    engine: Engine, session: Session, role: Role
) -> None:
    store(session, role, [a_tick(10), a_tick(250)])
    for minutes in range(1, 5):
        roll_up(engine, NOON + timedelta(minutes=minutes) + GRACE)
    assert series(session, role, FIVE_MINUTES) == []
    session.rollback()
    roll_up(engine, NOON + timedelta(minutes=5) + GRACE)
    assert [point.ticks for point in series(session, role, FIVE_MINUTES)] == [2]


def test_the_next_rollup_sums_what_was_left_undone(
    engine: Engine, session: Session, role: Role
) -> None:
    store(session, role, [a_tick(n * 600) for n in range(60)])
    roll_up(engine, NOON + timedelta(minutes=11) + GRACE)
    roll_up(engine, NOON + timedelta(hours=11))
    until = NOON + timedelta(hours=10)
    assert len(read_sums(session, role.id, NOON, until, MINUTE)) == 60


def test_statistics_of_hours_agree_with_the_ticks(world: MakeWorld) -> None:
    here = world(processing_time=5.0, target_deadline=60.0, maximum_dynos=4)
    for round_ in range(12):
        here.publish(3 * (round_ % 4))
        here.tick()
    with Session(here.runtime.engine) as session:
        session.add(Chore(name="roll_up", due_at=NOON))
        session.commit()
    roll_up(here.runtime.engine, here.clock.now + timedelta(hours=1))
    assert _totals(here, "usage_hour", "ticks, ups + downs, seconds, finished, in_time") == (
        pytest.approx(
            _totals(here, "rollup where width_s = 60", "ticks, changes, seconds, timed, in_time")
        )
    )


def _totals(here: World, source: str, columns: str) -> tuple[float, ...]:
    sums = ", ".join(f"coalesce(sum({column}), 0)::float8" for column in columns.split(","))
    with here.runtime.engine.connect() as connection:
        return tuple(connection.exec_driver_sql(f"select {sums} from {source}").one())


def test_rollups_keep_roles_apart(engine: Engine, session: Session, role: Role) -> None:
    other = a_role(session, session.get_one(App, role.app_id), "mails")
    store(session, role, [a_tick(arrived=1)])
    session.add(
        DecisionRow(
            tenant_id=role.tenant_id,
            app_id=role.app_id,
            role_id=other.id,
            at=NOON,
            kept=False,
            settings_version="",
            direction="hold",
            reason="steady",
            outcome="held",
            explanation="ok",
            arrived=5,
        )
    )
    session.commit()
    roll_up(engine, LATER)
    rows: dict[UUID, int | None] = {
        row.role_id: row.arrived for row in session.exec(select(Rollup)) if row.width_s == MINUTE
    }
    assert rows == {role.id: 1, other.id: 5}
    session.rollback()
