"""What does one run over a file do? It reads, ticks every role, keeps what was seen."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from guv.errors import GuvError
from guv.rabbitmq.client import parse_broker_url
from worker.standalone.cannot import CannotRun
from worker.standalone.history import HistoryFile
from worker.standalone.roles import FileRole, read_roles
from worker.standalone.run import Keys, own_config, own_runtime, tick_file
from worker.tick.result import TickResult

KEY = "HEROKU_API_KEY"
BROKERS = ("GUV_BROKER", "CLOUDAMQP_URL")  # the first that is set counts


@dataclass(frozen=True, slots=True)
class Job:
    """What was asked for.

    Attributes:
        file: The roles.
        app: The app of roles that name none.
        history: Where samples are kept; None: beside the file.
        dry_run: Whether to change no dynos.
    """

    file: Path
    app: str | None = None
    history: Path | None = None
    dry_run: bool = False


def run(job: Job, environment: Mapping[str, str], now: datetime) -> list[TickResult]:
    """What came of each role's tick.

    Args:
        job: What to do.
        environment: Where the keys are.
        now: The present instant.

    Raises:
        CannotRun: Something is missing or makes no sense; nothing was changed.
        OSError: A file cannot be read or written.
    """
    roles, keys = _roles(job), read_keys(environment)
    history = HistoryFile(job.history or job.file.with_name(f"{job.file.name}.history.json"))
    with history.held():
        history.read(now)
        if history.note:
            sys.stderr.write(f"{history.note}\n")
        runtime = replace(own_runtime(own_config()), dry_run=job.dry_run)
        try:
            results = tick_file(runtime, roles, keys, history, now)
        finally:
            runtime.close()
        history.write()
    return results


def read_keys(environment: Mapping[str, str]) -> Keys:
    """The keys in the environment.

    Raises:
        CannotRun: One is missing, or the broker's URL is none.
    """
    key = environment.get(KEY)
    name = next((one for one in BROKERS if environment.get(one)), None)
    if not key:
        raise CannotRun(f"{KEY} is not set; heroku authorizations:create makes one")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise CannotRun(f"{KEY} must be one token, without spaces and line ends")
    if name is None:
        raise CannotRun(f"{' or '.join(BROKERS)} must hold the broker's URL")
    try:
        parse_broker_url(environment[name])
    except ValueError as error:
        raise CannotRun(f"{name} {error}") from None
    return Keys(key, environment[name])


def _roles(job: Job) -> list[FileRole]:
    try:
        return read_roles(job.file.read_text(encoding="utf-8"), job.app)
    except UnicodeDecodeError:
        raise CannotRun(f"{job.file} is no text in UTF-8") from None
    except GuvError as error:
        faults = [f"  {one.field}: {one.message}" for one in error.fields]
        raise CannotRun("\n".join([f"{job.file}: {error.message}", *faults])) from None
