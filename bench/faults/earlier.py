"""The code of an earlier commit, beside today's."""

import io
import subprocess
import tarfile
from pathlib import Path

BEFORE = 30  # commits back; the wire formats and the schema have grown since
ROOT = Path(__file__).parents[2]


def earlier_code(folder: Path, commits: int = BEFORE) -> Path | None:
    """Extract the code of `commits` ago; return None where the checkout has no such history."""
    argv = ["git", "-C", str(ROOT), "archive", f"HEAD~{commits}", "api", "guv", "worker"]
    found = subprocess.run(argv, capture_output=True, check=False)  # noqa: S603
    if found.returncode:
        return None
    with tarfile.open(fileobj=io.BytesIO(found.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder
