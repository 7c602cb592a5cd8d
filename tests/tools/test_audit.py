import subprocess
import sys
from pathlib import Path

from tools.audit import holes_in

ROOT = Path(__file__).parents[2]


def test_each_hole_is_named_with_what_mends_it() -> None:
    hole = {"id": "GHSA-1", "fix_versions": ["2.0", "1.9.1"]}
    unmended = {"id": "GHSA-2", "fix_versions": []}
    found = {
        "dependencies": [
            {"name": "sound", "version": "1", "vulns": []},
            {"name": "unsound", "version": "1.9", "vulns": [hole, unmended]},
            {"name": "skipped", "skip_reason": "not there"},
        ]
    }
    assert holes_in(found) == [
        "unsound 1.9: GHSA-1, mended in 2.0, 1.9.1",
        "unsound 1.9: GHSA-2, mended in no version yet",
    ]


def test_without_a_network_it_says_that_nothing_is_known() -> None:
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "PATH": "/usr/bin:/bin"}
    argv = [sys.executable, "-m", "tools.audit"]
    done = subprocess.run(argv, cwd=ROOT, env=nowhere, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith("NOT AUDITED, the database is away: ")
