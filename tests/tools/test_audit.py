"""The audit of dependencies."""

import subprocess
import sys
from pathlib import Path

from tools.audit import vulnerabilities

ROOT = Path(__file__).parents[2]


def test_each_vulnerability_is_listed_with_the_versions_that_fix_it() -> None:
    fixed = {"id": "GHSA-1", "fix_versions": ["2.0", "1.9.1"]}
    unfixed = {"id": "GHSA-2", "fix_versions": []}
    report = {
        "dependencies": [
            {"name": "sound", "version": "1", "vulns": []},
            {"name": "unsound", "version": "1.9", "vulns": [fixed, unfixed]},
            {"name": "skipped", "skip_reason": "not there"},
        ]
    }
    assert vulnerabilities(report) == [
        "unsound 1.9: GHSA-1, fixed in 2.0, 1.9.1",
        "unsound 1.9: GHSA-2, fixed in no version yet",
    ]


def test_without_a_network_the_audit_says_so_and_passes() -> None:
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "PATH": "/usr/bin:/bin"}
    argv = [sys.executable, "-m", "tools.audit"]
    done = subprocess.run(argv, cwd=ROOT, env=nowhere, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith("NOT AUDITED, OSV cannot be reached: ")
