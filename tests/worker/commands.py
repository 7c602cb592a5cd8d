"""guv's commands run as cron runs them: a process with an exit status and output."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def run(
    module: str, environment: Mapping[str, str], arguments: Sequence[str | Path] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the module with only this environment."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"], **environment},
    )
