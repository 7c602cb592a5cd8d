"""guv's running processes, found by the environment that a fleet gave them."""

import os
import signal
from pathlib import Path

from sandbox.fleet import Fleet


def pids(fleet: Fleet, module: str) -> list[int]:
    """The process ids of all processes of the fleet that run the module (`python -m module`)."""
    marker = f"GUV_PUBLIC_URL={fleet.api_url}".encode()
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _runs(entry, module) and marker in _read(entry / "environ")
    ]


def kill(fleet: Fleet, module: str) -> int:
    """How many processes of the module were killed, without a chance to do anything about it."""
    found = pids(fleet, module)
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    return len(found)


def _runs(entry: Path, module: str) -> bool:
    words = _read(entry / "cmdline").split(b"\0")
    return [b"-m", module.encode()] in [words[i : i + 2] for i in range(len(words) - 1)][:2]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
