"""Speed of a role's page, over real PostgreSQL and Redis: `python -m bench.role_page`.

A week of ticks, one every ten seconds, a million in all, and the sums of five minutes of the month
before. Times are those of the whole web process, from the request to the last byte of its answer,
the median of eleven, in milliseconds.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from cryptography.fernet import Fernet
from redis import Redis
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.app import create_app
from api.auth.login_sessions import LoginSessions, cookie_name
from api.container import Outside
from api.dashboard.charts.time_ranges import SPANS
from bench.api import BEGIN, ROLES, database
from guv.config import Config
from sandbox import services
from worker.maintenance.partitions import keep_partitions

PAGE = "/dashboard/apps/shop/roles/worker-0"
PUBLIC_URL = "http://localhost"
REPEATS = 11
MONTH = timedelta(days=30)
_SUMS = text("""
    insert into rollup (role_id, at, width_s, ticks, changes, refused, failed, without_data,
        at_maximum, waiting_ticks, dynos_ticks, desired_ticks, seconds, waiting_min, waiting_max,
        waiting_sum, unacknowledged_max, dynos_min, dynos_max, dynos_sum, desired_min,
        desired_max, desired_sum, predicted_wait_max, arrived, served, timed, in_time)
    select role.id, at, 300, 30, 1, 0, 0, 0, 0, 30, 30, 30, 300, 0, 9, 90, 3, 1, 3, 60, 1, 3, 60,
        12.5, 300, 300, 300, 299
    from role, generate_series(:since, :until, interval '5 minutes') as at
    on conflict do nothing
""")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table of times and sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows: int = parser.parse_args(arguments).rows
    until = BEGIN + timedelta(seconds=rows // ROLES * 10)
    with (
        tempfile.TemporaryDirectory() as folder,
        services.redis(Path(folder)) as redis_url,
        database(rows) as (engine, tenant),
    ):
        _sums(engine, until)
        config = config_of(engine, redis_url)
        with TestClient(create_app(config, Outside(clock=lambda: until)), PUBLIC_URL) as client:
            token = LoginSessions(Redis.from_url(redis_url)).begin(tenant.id, "a person", until)
            client.cookies.set(cookie_name(PUBLIC_URL), token)
            print(f"{rows} ticks of {ROLES} roles, and sums of {MONTH.days} days of each")
            first = _timed(client, "/dashboard")
            print(f"the first page, with all roles: {first.ms()} ms, {first.size / 1000:.0f} KB")
            print("| range | page | its processor time | picture | its processor time | KB |")
            print("|---|---|---|---|---|---|")
            for span in SPANS:
                page = _timed(client, f"{PAGE}?range={span}")
                picture = _timed(client, f"{PAGE}/chart?range={span}")
                print(f"| {span} | {page.ms()} | {picture.ms()} | {picture.size / 1000:.0f} |")


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds that an answer takes, those of our own processor in it, and its bytes."""

    wall: float
    own: float
    size: int

    def ms(self) -> str:
        """Both times in milliseconds, as cells of a table."""
        return f"{1000 * self.wall:.0f} | {1000 * self.own:.0f}"


def _sums(engine: Engine, until: object) -> None:
    """Write the rollups that the clock's chore would have written."""
    keep_partitions(engine, BEGIN - MONTH)
    with engine.begin() as connection:
        connection.execute(_SUMS, {"since": BEGIN - MONTH, "until": until})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze rollup"))


def config_of(engine: Engine, redis_url: str) -> Config:
    """Return the configuration of a web process."""
    return Config.model_validate(
        {
            "database_url": engine.url.render_as_string(hide_password=False),
            "redis_url": redis_url,
            "guv_addon_password": "of a bench",
            "guv_oauth_client_secret": "of a bench",
            "guv_encryption_keys": Fernet.generate_key().decode(),
            "guv_public_url": PUBLIC_URL,
            "guv_log_level": "ERROR",
        }
    )


def _timed(client: TestClient, path: str) -> Timed:
    times, size = [], 0
    for _ in range(REPEATS):
        start, own = perf_counter(), process_time()
        answer = client.get(path)
        times.append((perf_counter() - start, process_time() - own))
        if answer.status_code != HTTPStatus.OK:
            raise RuntimeError(f"{path} answers {answer.status_code}")
        size = len(answer.content)
    walls, owns = zip(*times, strict=True)
    return Timed(median(walls), median(owns), size)


if __name__ == "__main__":
    main()
