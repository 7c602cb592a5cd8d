"""Ticks a second of one worker process: `python -m bench.ticks`.

Real PostgreSQL, Redis and RabbitMQ on this machine; Heroku is the sandbox's, in a process of its
own. Every role has a full history. What is printed: wall and CPU time per tick, with one role a
job and with many; `--profile` adds the largest costs.
"""

import argparse
import cProfile
import multiprocessing
import pstats
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from uuid import UUID, uuid4

from cryptography.fernet import Fernet
from redis import Redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from guv.apps.models import App, Broker
from guv.clock import utc_now
from guv.config import Config, with_driver
from guv.crypto import Sealer
from guv.logging import configure_logs
from guv.roles.models import Role, TickSchedule
from guv.tenants.models import Tenant
from sandbox import services
from sandbox.database import migrate
from sandbox.server import running
from worker import jobs
from worker.clock import beat
from worker.process.job_queue import tick_queue
from worker.process.runtime import Runtime, build_runtime

APPS = 10
ROLES_PER_APP = 20
HISTORY = """
    insert into sample (role_id, at, messages_ready, messages_unacknowledged, published, served,
                        redelivered, consumers, dynos)
    select id, now() - n * interval '10 s', n % 7, 1, 100000 - n, 100000 - n, 0, 1, 1
    from role, generate_series(1, 600) n
"""


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--profile", action="store_true", help="also show the largest costs")
    is_profiled = options.parse_args().profile
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        runtime = stack.enter_context(world(folder))
        for roles_per_job in (1, 1, 25, 100):
            wall, cpu, ticks = _measure(runtime, roles_per_job)
            print(
                f"{roles_per_job:4} roles a job: {ticks / wall:6.1f} ticks/s,"
                f" {1000 * wall / ticks:6.2f} ms wall, {1000 * cpu / ticks:5.2f} ms CPU a tick"
            )
        if is_profiled:
            _profile(runtime)


def _measure(runtime: Runtime, roles_per_job: int) -> tuple[float, float, int]:
    """Wall seconds, CPU seconds and ticks of one round over all roles."""
    with Redis.from_url(runtime.config.redis_url.get_secret_value()) as redis:
        queue = tick_queue(redis)
        make_due(runtime.engine)
        ticks = beat(runtime.engine, queue, utc_now(), roles_per_job)
        worker = SimpleWorker(
            [queue], connection=redis, serializer=JSONSerializer, log_job_description=False
        )
        start, start_cpu = perf_counter(), process_time()
        worker.work(burst=True, logging_level="ERROR")
        runtime.background.wait()
        runtime.background.wait()
        return perf_counter() - start, process_time() - start_cpu, ticks


def _profile(runtime: Runtime) -> None:
    profile = cProfile.Profile()
    make_due(runtime.engine)
    with Session(runtime.engine) as session:
        roles = session.exec(select(TickSchedule.role_id)).all()
    profile.enable()
    for role in roles:
        jobs.tick_due(runtime, [role])
    profile.disable()
    costs = pstats.Stats(profile)
    costs.sort_stats("cumulative").print_stats(r"guv/|worker/", 40)
    costs.sort_stats("tottime").print_stats(25)


def make_due(engine: Engine) -> None:
    """Make all roles due."""
    with engine.begin() as connection:
        connection.execute(
            text("update tick_schedule set due_at = now() - interval '1 s', queued_until = null")
        )


@contextmanager
def world(folder: Path) -> Iterator[Runtime]:
    """Build a runtime with `APPS` apps of `ROLES_PER_APP` roles with 600 samples each."""
    with (
        services.postgres(folder / "postgres") as database_url,
        services.redis(folder / "redis") as redis_url,
        services.rabbitmq(folder / "rabbitmq") as rabbitmq,
        heroku(APPS, [f"jobs-{n}" for n in range(ROLES_PER_APP)]) as (heroku_url, apps),
    ):
        migrate(database_url)
        config = _config(database_url, redis_url, heroku_url)
        migrate(with_driver(database_url))
        configure_logs("WARNING", json=True)
        runtime = build_runtime(config)
        with Session(runtime.engine) as session:
            for app_id, token in apps.items():
                access = rabbitmq.new_vhost(f"vhost-{app_id}")
                _declare(rabbitmq, access.vhost)
                app = add_app(session, runtime.sealer, app_id, token, access.management_url)
                _add_roles(session, app)
            session.commit()
            session.execute(text(HISTORY))
            session.commit()
        jobs.process_runtime = lambda: runtime  # type: ignore[assignment]  # one for all rounds
        yield runtime
        runtime.close()


def _config(database_url: str, redis_url: str, heroku_url: str) -> Config:
    return Config.model_validate(
        {
            "database_url": with_driver(database_url),
            "redis_url": redis_url,
            "guv_encryption_keys": Fernet.generate_key().decode(),
            "guv_allowed_networks": "127.0.0.0/8",
            "guv_addon_password": "unused",
            "heroku_api_url": heroku_url,
            "heroku_id_url": heroku_url,
        }
    )


def _declare(rabbitmq: services.RabbitMQ, vhost: str) -> None:
    with rabbitmq.admin() as api:
        for number in range(ROLES_PER_APP):
            api.put(f"/api/queues/{vhost}/jobs-{number}", json={}).raise_for_status()


def _add_roles(session: Session, app: App) -> None:
    for number in range(ROLES_PER_APP):
        name = f"jobs-{number}"
        role = Role(tenant_id=app.tenant_id, app_id=app.id, name=name, created_at=app.created_at)
        session.add(role)
        session.flush()
        session.add(TickSchedule(role_id=role.id, due_at=app.created_at, interval_s=600.0))


def add_app(session: Session, sealer: Sealer, heroku_id: UUID, token: str, broker: str) -> App:
    """Add a tenant's app that guv may scale, and its broker, without committing."""
    now = utc_now()
    tenant = Tenant(id=uuid4(), name="bench", plan="premium", state="provisioned", created_at=now)
    app = App(
        tenant_id=tenant.id,
        heroku_id=heroku_id,
        name=str(heroku_id),
        access_token_sealed=sealer.seal(token),
        authorization_state="authorized",
        created_at=now,
    )
    sealed = sealer.seal(broker)
    fed = Broker(
        tenant_id=tenant.id, app_id=app.id, url_sealed=sealed, address="bench", updated_at=now
    )
    for row in (tenant, app, fed):
        session.add(row)
        session.flush()
    return app


@contextmanager
def heroku(apps: int, types: Sequence[str]) -> Iterator[tuple[str, dict[UUID, str]]]:
    """Run a sandbox in its own process; yield its address and a token for each of its apps.

    Args:
        apps: How many there are.
        types: Process types of each, of which one dyno runs.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, apps, types), daemon=True)
    process.start()
    served: Any = ours.recv()
    yield served
    ours.send("end")
    process.join()


def _serve(pipe: Connection, apps: int, types: Sequence[str]) -> None:
    with running() as sandbox:
        platform, tokens = sandbox.heroku, {}
        for number in range(apps):
            app = platform.new_app(f"bench-{number}", dict.fromkeys(types, 1))
            tokens[app.id] = platform.authorizations.user_token(app, f"{number}@example.com")
        pipe.send((sandbox.url, tokens))
        pipe.recv()


if __name__ == "__main__":
    main()
