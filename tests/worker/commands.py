"""A command of ours as cron runs it: a process with its exit status and what it prints."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def run(
    module: str, environment: Mapping[str, str], arguments: Sequence[str | Path] = ()
) -> subprocess.CompletedProcess[str]:
    """What a run of the module with just this environment comes to."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"], **environment},
    )
