"""History of a file's roles: their samples, kept in a file between the runs."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from guv.clock import unix_seconds
from guv.history.samples import HISTORY
from guv.scaling import Sample
from guv.scaling.estimate.cleaning import MOST_SAMPLES
from worker.standalone.roles import CannotRun

COLUMNS = [field.name for field in fields(Sample)]
_SAMPLES = TypeAdapter(list[Sample], config=ConfigDict(allow_inf_nan=False))
MODE = 0o600  # Nobody else's business, though it holds no secret.


class HistoryFile:
    """The samples of each role by its key, from old to new.

    Args:
        path: Where they are kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._samples: dict[str, list[Sample]] = {}
        self.note = ""  # Why there is no history, where that is unexpected.

    def read(self, now: datetime) -> None:
        """Read the samples of the last hours; a damaged file counts as empty.

        Raises:
            OSError: It cannot be read.
        """
        try:
            stored = json.loads(self._path.read_text())
            since, until = unix_seconds(now - HISTORY), unix_seconds(now)
            self._samples = {
                str(key): [sample for sample in _samples(stored, rows) if since < sample.at < until]
                for key, rows in stored["roles"].items()
            }
        except FileNotFoundError:
            return
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self._samples, self.note = {}, f"{self._path} is damaged; it begins anew"

    def of(self, key: str) -> tuple[Sample, ...]:
        """Return the role's samples."""
        return tuple(self._samples.get(key, ())[-MOST_SAMPLES:])

    def add(self, key: str, sample: Sample) -> None:
        """Add a sample of the role."""
        self._samples.setdefault(key, []).append(sample)

    def write(self) -> None:
        """Write the samples, all of them or none of the new ones.

        Raises:
            OSError: It cannot be written.
        """
        roles = {key: [astuple(sample) for sample in self.of(key)] for key in self._samples}
        text = json.dumps({"columns": COLUMNS, "roles": roles}) + "\n"
        new = self._path.with_name(f"{self._path.name}.new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs out until the block ends.

        Raises:
            CannotRun: Another run is in it.
            OSError: The file's folder cannot be written to.
        """
        lock = self._path.with_name(f"{self._path.name}.lock")
        with os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT, MODE), "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotRun(f"another run holds {self._path}") from None
            yield


def _samples(stored: Mapping[str, Any], rows: list[list[Any]]) -> list[Sample]:
    """Return the rows as samples; what an older guv did not count is unknown."""
    columns = [str(name) for name in stored["columns"]]
    known = [
        {name: value for name, value in zip(columns, row, strict=True) if name in COLUMNS}
        for row in rows
    ]
    return _SAMPLES.validate_python(known)
