"""Processor time and memory of processes, from Linux's /proc."""

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def tree_of(pid: int) -> set[int]:
    """Return the process and all of its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    pids, waiting = set(), [pid]
    while waiting:
        current = waiting.pop()
        pids.add(current)
        waiting += children.get(current, [])
    return pids


def processor_seconds(pids: Collection[int]) -> float:
    """Return the processor time since they started; processes that have ended do not count."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            fields = _stat(pid)
            total += int(fields[11]) + int(fields[12])
    return total / _TICKS_A_SECOND


def resident_megabytes(pids: Collection[int]) -> float:
    """Their memory, with what they share counted once."""
    kilobytes = 0
    for pid in pids:
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                kilobytes += int(line.split()[1]) if line.startswith("Pss:") else 0
    return kilobytes / 1000


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
