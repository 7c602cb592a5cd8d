"""Files and calls of our own code that one tick passes through.

`python -m bench.tick_trace` prints them for one role and for ten roles of one app, each with a full
history, on real services and with the memory of an earlier tick.
"""

import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from uuid import UUID

from sqlalchemy import text

from bench.ticks import make_due, world
from worker import jobs
from worker.process.runtime import Runtime

ROOT = Path(__file__).parents[1]
OURS = ("guv", "worker")


class Trace:
    """Calls of our own functions, by file and function, and the threads that made them.

    It must be installed before the threads that it shall see are started.
    """

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.threads: set[int] = set()
        self._is_counting = False

    def install(self) -> None:
        """See the calls of this thread and of all that start from now on."""
        threading.setprofile(self._see)
        sys.setprofile(self._see)

    def run(self, work: Callable[[], object]) -> None:
        """Count the calls while `work` runs."""
        self.calls.clear()
        self.threads.clear()
        self._is_counting = True
        work()
        self._is_counting = False

    @property
    def files(self) -> Counter[str]:
        """The calls by file."""
        files: Counter[str] = Counter()
        for (file, _), count in self.calls.items():
            files[file] += count
        return files

    def _see(self, frame: FrameType, event: str, _argument: object) -> None:
        if event != "call" or not self._is_counting:
            return
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in OURS:
            self.calls[str(path.relative_to(ROOT)), frame.f_code.co_qualname] += 1
            self.threads.add(threading.get_ident())


def main() -> None:
    """Print the calls of a tick of one role and of ten roles of one app, by file."""
    trace = Trace()
    trace.install()
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as runtime:
        roles = _roles_of_one_app(runtime, 10)
        tick(runtime, roles)  # what a process does only once is done
        for ticked in (roles[:1], roles):
            trace.run(lambda ticked=ticked: tick(runtime, ticked))  # type: ignore[misc]
            _print(len(ticked), trace)
        sys.setprofile(None)


def tick(runtime: Runtime, roles: Sequence[UUID]) -> None:
    """Tick the roles as one job of the worker does."""
    make_due(runtime.engine)
    jobs.scale_roles([str(role) for role in roles])
    runtime.background.wait()


def _print(roles: int, trace: Trace) -> None:
    files = trace.files
    print(
        f"{roles} roles: {len(files)} files, {len(trace.calls)} functions,"
        f" {trace.calls.total()} calls, {len(trace.threads)} threads"
    )
    for file in sorted(files):
        functions = sum(1 for name, _ in trace.calls if name == file)
        print(f"  {files[file]:6} calls of {functions:3} functions in {file}")


def _roles_of_one_app(runtime: Runtime, most: int) -> list[UUID]:
    with runtime.engine.connect() as connection:
        rows = connection.execute(
            text("select id from role where app_id = (select min(app_id::text)::uuid from role)")
        )
        return [row.id for row in rows][:most]


if __name__ == "__main__":
    main()
