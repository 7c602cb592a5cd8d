"""Speed of the API over a million decisions, in a real PostgreSQL: `python -m bench.api`.

Times are those of reading a page, from the query to its rows as objects, the median of seven;
memory is the process's own while it streams every decision as CSV.
"""

import argparse
import resource
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from uuid import UUID, uuid4

from sqlalchemy import Engine, text
from sqlmodel import Session, select

from api.v1.listing import Export, flat, parts
from api.v1.views.decisions import DECISION_COLUMNS, decision_row
from guv.database import make_engine
from guv.history.decisions import DecisionFilter, decision_columns, list_decisions
from guv.roles.models import Role
from guv.tenants.models import Tenant
from sandbox import services
from sandbox.database import migrate
from worker.maintenance.partitions import keep_partitions

BEGIN = datetime(2026, 10, 1, tzinfo=UTC)
ROLES = 16
PAGE = 51
REPEATS = 7

_FILL = text("""
    insert into decision (tenant_id, app_id, role_id, at, settings_version, current, required,
        desired, direction, reason, outcome, explanation, predicted_wait, misses_at_maximum,
        estimates, trail, notices, kept)
    select :tenant, :app, (cast(:roles as uuid[]))[1 + i % :count],
        cast(:begin as timestamptz) + make_interval(secs => (i / :count) * 10), '1.2.3', 3, 3,
        3 + cast(i % 97 = 0 as int), case when i % 97 = 0 then 'up' else 'hold' end,
        case when i % 97 = 0 then 'deadline' else 'steady' end,
        case when i % 9973 = 0 then 'failed' when i % 97 = 0 then 'scaled' else 'held' end,
        '4 messages wait or run; 3 dynos finish the last one in 12 s', 12.5, false,
        jsonb_build_object('arrival_rate', i % 50, 'backlog', i % 7, 'service_time', 1.5),
        '[{"name": "deadline", "before": 3, "after": 3, "reason": "steady", "note": "x"}]', '[]',
        i % 97 = 0 or i % 9973 = 0
    from generate_series(0, :rows - 1) as i
""")
_SAMPLES = text("""
    insert into sample (role_id, at, messages_ready, messages_unacknowledged, published, served,
        redelivered, consumers, dynos, kept)
    select role_id, at, 3, 1, id * 3, id * 3 - 4, 0, 3, 3, kept from decision
""")


@contextmanager
def database(rows: int) -> Iterator[tuple[Engine, Tenant]]:
    """Start a PostgreSQL with `rows` decisions of one tenant's roles, spread over a week."""
    with tempfile.TemporaryDirectory() as folder, services.postgres(Path(folder)) as url:
        engine = make_engine(
            url.replace("postgresql://", "postgresql+psycopg://"), pool_size=4, application="bench"
        )
        migrate(url)
        for day in range(rows * 10 // ROLES // 86400 + 1):
            keep_partitions(engine, BEGIN + timedelta(days=day))
        tenant = _tenant(engine, rows)
        yield engine, tenant
        engine.dispose()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table of times and the memory of an export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows: int = parser.parse_args(arguments).rows
    with database(rows) as (engine, tenant):
        print(f"{rows} decisions of {ROLES} roles over {rows * 10 / ROLES / 86400:.0f} days")
        print("| page of 50 | ms |\n|---|---|")
        for name, wanted in _pages(engine, rows).items():
            print(f"| {name} | {_milliseconds(engine, tenant, wanted):.1f} |")
        _export(engine, tenant)


def _tenant(engine: Engine, rows: int) -> Tenant:
    roles = [uuid4() for _ in range(ROLES)]
    ids = {"tenant": uuid4(), "app": uuid4(), "roles": roles}
    values = {**ids, "begin": BEGIN, "rows": rows, "count": ROLES}
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into tenant (id, name, plan, region, state, created_at)"
                " values (:tenant, 'guv-1', 'premium', '', 'provisioned', :begin)"
            ),
            values,
        )
        connection.execute(
            text(
                "insert into app (id, tenant_id, heroku_id, name, authorization_state,"
                " authorization_note, created_at, maintenance, credential, credential_by)"
                " values (:app, :tenant, :app, 'shop', 'authorized', '', :begin, false,"
                " 'partner', '')"
            ),
            values,
        )
        for number, role in enumerate(roles):
            connection.execute(
                text(
                    "insert into role (id, tenant_id, app_id, name, created_at)"
                    " values (:role, :tenant, :app, :name, :begin)"
                ),
                {**values, "role": role, "name": f"worker-{number}"},
            )
        connection.execute(_FILL, values)
        connection.execute(_SAMPLES)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))
    with Session(engine, expire_on_commit=False) as session:
        return session.exec(select(Tenant)).one()


def _pages(engine: Engine, rows: int) -> dict[str, DecisionFilter]:
    """Return the pages that tenants ask for, by name."""
    with Session(engine) as session:
        role: UUID = session.exec(select(Role.id).order_by(Role.name)).all()[0]
    middle = BEGIN + timedelta(seconds=rows * 10 / ROLES / 2)
    last = BEGIN + timedelta(seconds=600)
    return {
        "first": DecisionFilter(),
        "in the middle": DecisionFilter(before=(middle, rows // 2)),
        "the last ones": DecisionFilter(before=(last, rows)),
        "of one role": DecisionFilter(roles=[role]),
        "of one role, in the middle": DecisionFilter(roles=[role], before=(middle, rows // 2)),
        "of a day": DecisionFilter(since=middle, until=middle + timedelta(days=1)),
        "direction up": DecisionFilter(direction="up"),
        "direction up, in the middle": DecisionFilter(direction="up", before=(middle, rows // 2)),
        "outcome failed (1 of 10,000)": DecisionFilter(outcome="failed"),
        "outcome refused (none)": DecisionFilter(outcome="refused"),
        "reason spend_cap (none)": DecisionFilter(reason="spend_cap"),
        "of one role, reason deadline": DecisionFilter(roles=[role], reason="deadline"),
    }


def _milliseconds(engine: Engine, tenant: Tenant, wanted: DecisionFilter) -> float:
    times = []
    for _ in range(REPEATS):
        with Session(engine) as session:
            session.connection()
            start = perf_counter()
            list_decisions(session, tenant, wanted, PAGE)
            times.append(perf_counter() - start)
    return 1000 * median(times)


def _export(engine: Engine, tenant: Tenant) -> None:
    query = decision_columns(tenant, DecisionFilter())
    export = Export("decisions", query, decision_row, DECISION_COLUMNS)
    before, start, lines = _megabytes(), perf_counter(), 0
    early = 0.0
    for rows in parts(engine, export):
        lines += sum(1 for row in rows if flat(row, DECISION_COLUMNS))
        early = early or _megabytes()
    seconds = perf_counter() - start
    print(
        f"\nCSV of {lines} decisions: {seconds:.0f} s, {lines / seconds:.0f} lines a second; the"
        f" process had {before:.0f} MB before, {early:.0f} MB after the first lines and"
        f" {_megabytes():.0f} MB at most"
    )


def _megabytes() -> float:
    """Return the most memory that this process ever had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 if sys.platform != "darwin" else 1024**2)


if __name__ == "__main__":
    main()
