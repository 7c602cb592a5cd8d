"""One tick as a periodic job: `python -m worker.once`.

Without a file: all roles of all tenants that are due, from the database, without clock and Redis.
With a file in guv's YAML: its roles, without any service, with HEROKU_API_KEY and the broker's URL
in GUV_BROKER or CLOUDAMQP_URL, as guv 0.3 ran. For Heroku Scheduler and cron.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from guv.clock import utc_now
from guv.config import unusable
from guv.database import trouble_with
from guv.history.models import Outcome
from guv.logging import configure_logs, mask
from guv.roles import tick_schedule
from guv.tenants import pending_provisioning
from worker.jobs import tick_due
from worker.maintenance.provisioning import finish
from worker.maintenance.tasks import CHORES, take_due
from worker.notifications.deliveries import deliver_due
from worker.notifications.feeds import send_due
from worker.process.exit_status import UNUSABLE, UNWELL, WELL, read_periodic_config
from worker.process.runtime import Runtime, build_runtime
from worker.standalone.job import Job, run
from worker.standalone.roles import CannotRun
from worker.tick.result import TickResult

MOST_ROLES = 100_000
MOST_PROVISIONINGS = 100
MOST_INCIDENTS = 1000
MOST_FEEDS = 1000
HEADER = ("role", "backlog", "dynos", "desired", "outcome", "reason")
BAD = frozenset({Outcome.REFUSED, Outcome.FAILED})


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 all is well; 1 somebody should look; 2 nothing could be done."""
    asked = _parser().parse_args(arguments)
    configure_logs("WARNING", json=False)
    try:
        if asked.file is None:
            return _of_database(dry_run=asked.dry_run)
        job = Job(asked.file, asked.app, asked.history, dry_run=asked.dry_run)
        return _printed(run(job, os.environ, utc_now()))
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
    runtime = build_runtime(read_periodic_config(), dry_run=dry_run)
    try:
        _do_maintenance(runtime)  # first: a tick needs its day's partition
        finished = _finish_provisionings(runtime)
        with runtime.engine.begin() as connection:
            roles = tick_schedule.mark_queued(connection, utc_now(), MOST_ROLES)
        ticked = tick_due(runtime, roles)
        deliver_due(runtime, utc_now(), MOST_INCIDENTS)
        send_due(runtime, utc_now(), MOST_FEEDS)
    finally:
        runtime.close()
    results = [result for result in ticked.values() if result is not None]
    status = _printed(results)
    if len(results) < len(ticked):
        without = len(ticked) - len(results)
        sys.stderr.write(
            f"{without} roles got no tick: suspended, removed, or a failure of guv's\n"
        )
    return status if finished and len(results) == len(ticked) else UNWELL


def _do_maintenance(runtime: Runtime) -> None:
    """Do guv's own maintenance tasks that are due."""
    with runtime.engine.begin() as connection:
        names = take_due(connection, utc_now())
    for name in names:
        CHORES[name].work(runtime.engine, utc_now())


def _finish_provisionings(runtime: Runtime) -> bool:
    """Finish the provisionings that are due, and return whether nothing is left to do."""
    with runtime.engine.begin() as connection:
        tenants = pending_provisioning.QUEUE.take(connection, utc_now(), MOST_PROVISIONINGS)
    done = [finish(runtime, tenant, utc_now()) for tenant in tenants]
    return all(done)


def _printed(results: Sequence[TickResult]) -> int:
    """Print the results and return the exit status."""
    sys.stdout.write(f"{mask(table_of(results))}\n")
    return WELL if all(map(is_well, results)) else UNWELL


def _refused(why: str) -> int:
    sys.stderr.write(f"{mask(why)}\n")
    return UNUSABLE


def is_well(result: TickResult) -> bool:
    """Return whether nobody needs to look at the result."""
    return not result.troubles and result.actuated.outcome not in BAD


def table_of(results: Sequence[TickResult]) -> str:
    """Return one line a role, then one for each trouble and each change that was not made."""
    rows = [HEADER, *(_row(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    notes = [f"{_name(result)}: {text}" for result in results for text in _notes(result)]
    return "\n".join([*lines, *([""] if notes else []), *notes])


def _name(result: TickResult) -> str:
    return f"{result.context.app.name}/{result.context.role.name}"


def _row(result: TickResult) -> tuple[str, ...]:
    decision = result.decision
    counts = (decision.estimates.backlog, decision.current, decision.desired)
    shown = ("?" if count is None else str(count) for count in counts)
    return (_name(result), *shown, result.actuated.outcome, decision.reason)


def _notes(result: TickResult) -> list[str]:
    error = result.actuated.error
    texts = [trouble.text for trouble in result.troubles]
    is_new = error and not any(error in text or text in error for text in texts)
    return [*texts, error] if error and is_new else texts


if __name__ == "__main__":
    sys.exit(main())
