"""Fleet size that two worker processes can tick: `make bench-ticks` measures guv's processes.

Real PostgreSQL and Redis, `python -m worker` and `python -m worker.clock` as on a dyno, brokers
that answer within 20 to 300 ms over TLS and of which one in twenty hangs; Heroku is the sandbox's.
Printed: ticks a second, how late they were, processor time, memory and connections.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from uuid import UUID

from cryptography.fernet import Fernet
from redis import Redis
from sqlalchemy import Engine, create_engine, text
from sqlmodel import Session

from bench.brokers import brokers
from bench.processes import processor_seconds, resident_megabytes, tree_of
from bench.ticks import add_app, heroku
from guv.clock import steady_seconds, utc_now
from guv.crypto import Sealer, sealer_from
from sandbox import services
from sandbox.database import migrate
from worker.maintenance.rollups import GRACE, roll_up

WARM_UPS = 6  # intervals, in which histories become known and hanging brokers are left alone
START_S = 60.0  # processes may take so long to start
TICKING = 2  # processes; a third one is for replays
_ROLES = text("""
    insert into role (id, tenant_id, app_id, name, created_at)
    select gen_random_uuid(), tenant_id, id, 'jobs-' || n, now()
    from app, generate_series(1, :each) n
""")
_SCHEDULE = text("""
    insert into tick_schedule (role_id, due_at, interval_s, enabled)
    select id, now() + make_interval(secs => :interval * (
        dense_rank() over (order by app_id))::float8 / :apps), :interval, true
    from role
""")
_HISTORY = text("""
    insert into sample (role_id, at, messages_ready, messages_unacknowledged, published, served,
                        redelivered, consumers, dynos, kept)
    select id, at, 0, 1, served + 1, served, 0, 1, 1, false
    from role, generate_series(1, :samples) n,
        lateral (select now() - n * make_interval(secs => :interval) as at) as past,
        lateral (select floor(5 * extract(epoch from at)) as served) as done
""")
# Whenever a role is claimed, when it had been due; a tick's instant is the first one after that.
_WATCH = """
    create table claimed (role_id uuid, due_at timestamptz, at timestamptz);
    create function watch() returns trigger language plpgsql as $$ begin
        insert into claimed values (old.role_id, old.due_at, clock_timestamp());
        return null;
    end $$;
    create trigger watched after update of due_at on tick_schedule for each row
        when (old.queued_until is not null and new.queued_until is null) execute function watch();
"""
_LATE = text("""
    select extract(epoch from ticked.at - claimed.due_at)::float8
    from claimed cross join lateral (
        select min(at) as at from decision
        where role_id = claimed.role_id and at >= claimed.due_at
    ) as ticked
    where claimed.at >= :since and claimed.at < :until and ticked.at is not null
""")
_BACKENDS = text("select count(*) from pg_stat_activity where application_name like 'guv %'")
_DECIDED = text("""
    select count(*), count(*) filter (where reason = 'no_data') from decision
    where at >= :since and at < :until
""")


# A row has a header of 24 bytes and a pointer of 4; sums of five minutes are as large as others.
_WRITTEN = {
    "decision_full": "true",
    "sample_full": "queues is not null",
    "rollup_60": "true",
    "usage_hour": "true",
}
_BYTES = """
    select avg(pg_column_size({table}.*)) filter (where {which}) + 4 + (
        select sum(pg_indexes_size(relid)) from pg_partition_tree('{table}') where isleaf
    ) / count(*) from {table}
"""


@dataclass(frozen=True, slots=True)
class Fleet:
    """What is measured."""

    roles: int
    interval: float
    seconds: float
    samples: int = 400
    each: int = 20
    warm_ups: int = WARM_UPS

    @property
    def apps(self) -> int:
        """How many apps have the roles, each with a broker of its own."""
        return max(1, self.roles // self.each)


def main() -> None:
    """Print the figures as a row of a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--roles", type=int, default=10_000)
    options.add_argument("--interval", type=float, default=30.0, help="seconds")
    options.add_argument("--seconds", type=float, default=60.0, help="how long it is measured")
    options.add_argument("--samples", type=int, default=400, help="history of each role")
    options.add_argument("--each", type=int, default=20, help="roles of an app")
    options.add_argument("--warm-ups", type=int, default=WARM_UPS, help="intervals before that")
    print(
        "| roles | interval, history | ticks/s (wanted) | late p50 / p99 | ms CPU a tick: workers,"
        " database, clock | MB | connections: database, Redis | without data |"
    )
    print(_row(Fleet(**vars(options.parse_args()))))


def _row(fleet: Fleet) -> str:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = stack.enter_context(services.postgres(folder / "postgres"))
        redis_url = stack.enter_context(services.redis(folder / "redis"))
        address, certificate = stack.enter_context(brokers(folder / "brokers"))
        queues = [f"jobs-{number}" for number in range(1, fleet.each + 1)]
        heroku_url, tokens = stack.enter_context(heroku(fleet.apps, queues))
        key = Fernet.generate_key().decode()
        engine = create_engine(database)
        stack.callback(engine.dispose)
        migrate(database)
        _fill(engine, sealer_from(key), fleet, tokens, address)
        outside = {"HEROKU_API_URL": heroku_url, "SSL_CERT_FILE": str(certificate)}
        stores = {"DATABASE_URL": database, "REDIS_URL": redis_url, "GUV_ENCRYPTION_KEYS": key}
        with _guv({**outside, **stores}) as processes:
            _begin(engine, redis_url, fleet)
            row = _measured(fleet, engine, redis_url, folder, processes)
        return f"{row}\n\n{_stored(engine)}"


def _measured(
    fleet: Fleet, engine: Engine, redis_url: str, folder: Path, processes: Mapping[str, int]
) -> str:
    time.sleep(fleet.warm_ups * fleet.interval)
    groups = {name: tree_of(pid) for name, pid in processes.items()}
    groups["database"] = tree_of(postmaster(folder))
    since, before = utc_now(), {name: processor_seconds(pids) for name, pids in groups.items()}
    time.sleep(fleet.seconds)
    until = utc_now()
    used = {name: processor_seconds(pids) - before[name] for name, pids in groups.items()}
    span = {"since": since, "until": until, "interval": fleet.interval}
    with engine.connect() as connection, Redis.from_url(redis_url) as redis:
        ticks, without = connection.execute(_DECIDED, span).one()
        late = sorted(connection.scalars(_LATE, span))
        database = connection.execute(_BACKENDS).scalar_one()
        clients = len(redis.client_list()) - 1
    cuts = quantiles(late, n=100)
    each = " / ".join(f"{1000 * used[n] / ticks:.2f}" for n in ("worker", "database", "clock"))
    return (
        f"| {fleet.roles}, {fleet.each} an app | {fleet.interval:g} s, {fleet.samples}"
        f" | {ticks / fleet.seconds:.0f} ({fleet.roles / fleet.interval:.0f})"
        f" | {cuts[49]:.2f} / {cuts[98]:.2f} s | {each}"
        f" | {resident_megabytes(groups['worker']):.0f} | {database} / {clients}"
        f" | {100 * without / ticks:.0f} % |"
    )


def _stored(engine: Engine) -> str:
    """Bytes of a row that guv wrote, with its part of the indexes, by table."""
    roll_up(engine, utc_now() + GRACE + timedelta(minutes=1))
    sizes = []
    with engine.connect() as connection:
        for table, which in _WRITTEN.items():
            query = _BYTES.format(table=table, which=which)
            sizes.append(f"{table} {connection.exec_driver_sql(query).scalar_one() or 0:.0f}")
    return f"bytes a row with its indexes: {', '.join(sizes)}"


@contextmanager
def _guv(settings: Mapping[str, str]) -> Iterator[dict[str, int]]:
    """Start a worker and a clock; yield their process ids by name."""
    environment = {
        **os.environ,
        **settings,
        "GUV_ADDON_PASSWORD": "unused",
        "GUV_ALLOWED_NETWORKS": "127.0.0.0/8",
        "GUV_ROLES_PER_JOB": "100",
        "GUV_WORKER_THREADS": "32",
        "GUV_HISTORIES": "10000",
        "GUV_LOG_LEVEL": "ERROR",
        "HEROKU_ID_URL": settings["HEROKU_API_URL"],
    }
    started = {
        name: subprocess.Popen([sys.executable, "-m", module], env=environment)  # noqa: S603
        for name, module in (("worker", "worker"), ("clock", "worker.clock"))
    }
    try:
        yield {name: process.pid for name, process in started.items()}
    finally:
        for process in started.values():
            process.terminate()
        for process in started.values():
            process.wait(timeout=30)


def _fill(
    engine: Engine, sealer: Sealer, fleet: Fleet, tokens: Mapping[UUID, str], address: str
) -> None:
    with Session(engine) as session:
        for number, (heroku_id, token) in enumerate(tokens.items()):
            broker = f"https://bench:bench@{address}?vhost=broker-{number}"
            add_app(session, sealer, heroku_id, token, broker)
        session.execute(_ROLES, {"each": fleet.each})
        session.execute(_HISTORY, {"interval": fleet.interval, "samples": fleet.samples})
        session.execute(text(_WATCH))
        session.commit()


def _begin(engine: Engine, redis_url: str, fleet: Fleet) -> None:
    """Wait for guv's processes, and make the roles due from now on, app by app."""
    end = steady_seconds() + START_S
    with Redis.from_url(redis_url) as redis:
        while redis.scard("rq:workers") <= TICKING:
            if steady_seconds() > end:
                raise TimeoutError(f"the worker did not start within {START_S:g} s")
            time.sleep(0.1)
    with engine.begin() as connection:
        connection.execute(_SCHEDULE, {"interval": fleet.interval, "apps": fleet.apps})


def postmaster(folder: Path) -> int:
    """Return the process id of the PostgreSQL below the folder."""
    return int((folder / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


if __name__ == "__main__":
    main()
