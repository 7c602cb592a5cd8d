"""What does guv do as a periodic job? `python -m worker.once` makes one tick and ends.

Without a file: all roles of all tenants that are due, from the database, without clock and Redis.
With a file in guv's YAML: its roles, without any service, with HEROKU_API_KEY and the broker's URL
in GUV_BROKER or CLOUDAMQP_URL, as guv 0.3 ran. For Heroku Scheduler and cron.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from guv.clock import utc_now
from guv.config import unusable
from guv.database import trouble_with
from guv.logging import configure_logs, mask
from guv.roles import tick_schedule
from guv.tenants import pending_provisioning
from worker.jobs import tick_claimed
from worker.maintenance.provisioning import finish
from worker.maintenance.tasks import CHORES, take_due
from worker.notifications.deliveries import deliver_due
from worker.notifications.feeds import send_due
from worker.process.exit_status import UNUSABLE, UNWELL, WELL, read_periodic_config
from worker.process.runtime import Runtime, build_runtime
from worker.standalone.cannot import CannotRun
from worker.standalone.job import Job, run
from worker.standalone.table import is_well, table_of
from worker.tick.result import TickResult

MOST_ROLES = 100_000
MOST_PROVISIONINGS = 100
MOST_INCIDENTS = 1000
MOST_FEEDS = 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 all is well; 1 somebody should look; 2 nothing could be done."""
    asked = _parser().parse_args(arguments)
    configure_logs("WARNING", json=False)
    try:
        if asked.file is None:
            return _of_database(dry_run=asked.dry_run)
        job = Job(asked.file, asked.app, asked.history, dry_run=asked.dry_run)
        return _told(run(job, os.environ, utc_now()))
    except CannotRun as refusal:
        return _refused(str(refusal))
    except ValidationError as error:
        return _refused(unusable(error))
    except SQLAlchemyError as error:
        return _refused(trouble_with(error))
    except OSError as error:
        return _refused(f"{error.filename or 'a file'}: {error.strerror or type(error).__name__}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m worker.once",
        description="One tick of all due roles; or of the roles of a file, without any service.",
        epilog="Exit status: 0 all is well; 1 somebody should look; 2 nothing could be done.",
    )
    parser.add_argument("file", nargs="?", type=Path, help="roles in guv's YAML")
    parser.add_argument("--dry-run", action="store_true", help="decide, and change no dynos")
    parser.add_argument("--app", default=os.environ.get("GUV_APP"), help="app of roles without one")
    parser.add_argument(
        "--history", type=Path, help="where samples are kept between runs; FILE.history.json"
    )
    return parser


def _of_database(*, dry_run: bool) -> int:
    runtime = replace(build_runtime(read_periodic_config()), dry_run=dry_run)
    try:
        _do_chores(runtime)  # first: a tick needs its day's partition
        finished = _finish_provisionings(runtime)
        with runtime.engine.begin() as connection:
            roles = tick_schedule.mark_queued(connection, utc_now(), MOST_ROLES)
        ticked = tick_claimed(runtime, roles)
        deliver_due(runtime, utc_now(), MOST_INCIDENTS)
        send_due(runtime, utc_now(), MOST_FEEDS)
    finally:
        runtime.close()
    results = [one for one in ticked.values() if one is not None]
    status = _told(results)
    if len(results) < len(ticked):
        without = len(ticked) - len(results)
        sys.stderr.write(f"{without} roles got no tick: suspended, removed, or a fault of guv's\n")
    return status if finished and len(results) == len(ticked) else UNWELL


def _do_chores(runtime: Runtime) -> None:
    """Nothing; what guv has to do for itself now is done."""
    with runtime.engine.begin() as connection:
        names = take_due(connection, utc_now())
    for name in names:
        CHORES[name].work(runtime.engine, utc_now())


def _finish_provisionings(runtime: Runtime) -> bool:
    """Whether nothing is left to do of the provisionings that were to be tried now."""
    with runtime.engine.begin() as connection:
        tenants = pending_provisioning.QUEUE.take(connection, utc_now(), MOST_PROVISIONINGS)
    done = [finish(runtime, tenant, utc_now()) for tenant in tenants]
    return all(done)


def _told(results: Sequence[TickResult]) -> int:
    """The exit status; the results are printed."""
    sys.stdout.write(f"{mask(table_of(results))}\n")
    return WELL if all(map(is_well, results)) else UNWELL


def _refused(why: str) -> int:
    sys.stderr.write(f"{mask(why)}\n")
    return UNUSABLE


if __name__ == "__main__":
    sys.exit(main())
