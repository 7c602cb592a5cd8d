"""Pool of warm RQ workers that run the ticks: `python -m worker`.

One process more runs the replays, which take long: no tick waits for one.
"""

import argparse
import ctypes
import gc
import os
import signal
import sys
from multiprocessing.process import BaseProcess
from typing import Any

import structlog
from rq import Queue, SimpleWorker
from rq.executions import Execution
from rq.job import Job
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.worker_pool import WorkerPool

from guv import agent
from guv.config import config_of_process
from guv.logging import configure_logs, mask, tell_end, tell_ends
from guv.redis import connect_redis
from guv.replays.start import QUEUE as REPLAYS
from worker.jobs import process_runtime  # all jobs, before the processes fork: they share it
from worker.process.job_queue import DRAINS, QUEUE, wait_for_redis
from worker.replays.job import stopping

MAINTENANCE_S = 60  # RQ's own 600 would leave the job of a killed worker "started" for as long.
LISTEN_S = 5  # RQ's own 405 would be how late an idle process may notice a shutdown.
PARENT_DEATH_SIGNAL = 1  # Linux: PR_SET_PDEATHSIG

_log = structlog.get_logger(__name__)


class EndsInALine:
    """Context of a process's work: an error that ends it becomes one masked line of the log.

    Python would print it over many lines, unmasked: its own hook is not asked in a child.
    """

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Exception):
            tell_end(type(error), error, error.__traceback__)
            raise SystemExit(1) from None


class TickWorker(SimpleWorker):
    """A warm worker: runs each job in its own process, and keeps its connections between them.

    The pool passes neither the maintenance interval nor our wish for no scheduler on.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        follow_parent()
        wait_for_redis(options["connection"])
        options = {"maintenance_interval": MAINTENANCE_S, "log_job_description": False, **options}
        super().__init__(*args, **options)
        agent.connect()
        self.push_exc_handler(_notice)  # type: ignore[no-untyped-call]  # RQ's has no annotations

    @property
    def dequeue_timeout(self) -> int:
        """Seconds of one wait for a job.

        Two signals at once, as when Heroku asks every process of a dyno and the pool asks as well,
        can both reach a thread that is not waiting for the job; only Python's next step tells.
        """
        return LISTEN_S

    def work(self, *args: Any, **options: Any) -> bool:
        """Work without RQ's scheduler, which would be one process more."""
        try:
            with EndsInALine():
                return super().work(*args, **{**options, "with_scheduler": False})
        finally:
            _finish()
            agent.end()

    def perform_job(self, job: Job, *args: Any) -> bool:
        """Perform the job, for the operator's monitoring as one task."""
        with agent.task(str(job.func_name), "RQ"):
            return super().perform_job(job, *args)

    def handle_job_failure(
        self,
        job: Job,
        queue: Queue,
        started_job_registry: StartedJobRegistry | None = None,
        exc_string: str = "",
        execution: Execution | None = None,
    ) -> None:
        """Keep the error in Redis without the secrets that it may name."""
        super().handle_job_failure(job, queue, started_job_registry, mask(exc_string), execution)

    def request_stop(self, *args: Any) -> None:
        """Finish a tick; a replay that runs here goes back to the queue."""
        stopping.set()
        super().request_stop(*args)  # type: ignore[no-untyped-call]  # RQ's has no annotations

    def request_force_stop(self, *_: Any) -> None:
        """Finish the ticks also when asked twice."""


def _finish() -> None:
    """Finish the batches that this process has in flight."""
    if process_runtime.cache_info().currsize:
        process_runtime().background.wait()


def _notice(_job: Job, _kind: Any, error: BaseException, _trace: Any) -> bool:
    """Report the error, and let RQ's other handlers do so, too."""
    agent.notice(error)
    return True


class Pool(WorkerPool):
    """The processes that tick, and one for replays; each is replaced when it ends."""

    _replaying = ""

    def get_worker_process(self, name: str, *args: Any, **options: Any) -> BaseProcess:
        """Return a process for ticks, or for replays where there is none for them."""
        self._queue_names = [QUEUE, DRAINS]  # in this order
        if self._replaying not in self.worker_dict:
            self._replaying, self._queue_names = name, [REPLAYS]
        return super().get_worker_process(name, *args, **options)


def follow_parent() -> None:
    """End this process with its parent, and until RQ takes over at any signal."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)


def collect_seldom() -> None:
    """Make Python collect reference cycles less often, in this process and its children.

    Ticks leave little of it, and with the histories of thousands of roles each look costs more
    than the tick: it took two thirds of the time in which histories were read.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def main() -> None:
    """Run the worker processes until SIGTERM or SIGINT."""
    argparse.ArgumentParser(
        prog="python -m worker", description="The processes that tick, until SIGTERM or SIGINT."
    ).parse_args()
    collect_seldom()
    config = config_of_process()
    configure_logs(config.guv_log_level, json=config.guv_log_json)
    tell_ends()
    redis = connect_redis(config)
    wait_for_redis(redis)
    _log.info("worker_started", processes=config.guv_worker_processes, pid=os.getpid())
    pool = Pool(
        [QUEUE, DRAINS, REPLAYS],
        connection=redis,
        num_workers=config.guv_worker_processes + 1,
        worker_class=TickWorker,
        serializer=JSONSerializer,
    )
    pool.start(logging_level="WARNING")
