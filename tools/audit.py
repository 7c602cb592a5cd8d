"""Audit of guv's dependencies against the OSV database: `python -m tools.audit`.

Without a network nothing is known, and that is said; it is no reason to stop a build.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
_ARGV = ("--disable-pip", "--no-deps", "--progress-spinner=off", "--format=json", "-s", "osv")
_AWAY = ("ConnectionError", "ProxyError", "Timeout", "ServiceError")


def main() -> int:
    """Print known vulnerabilities; return 1 for any, 0 for none or where OSV cannot be asked."""
    argparse.ArgumentParser(prog="python -m tools.audit", description=__doc__).parse_args()
    requirements = str(ROOT / "requirements.txt")
    argv = [sys.executable, "-m", "pip_audit", *_ARGV, "--requirement", requirements]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603
    report = _read(done.stdout)
    if report is None:
        why = (done.stderr.strip() or "no answer").splitlines()[-1][:300]
        is_away = any(word in done.stderr for word in _AWAY)
        print(f"NOT AUDITED, {'OSV cannot be reached' if is_away else 'pip-audit failed'}: {why}")
        return 0 if is_away else 1
    lines = vulnerabilities(report)
    print("\n".join(lines) or f"{len(report['dependencies'])} packages, no known vulnerability")
    return 1 if lines else 0


def vulnerabilities(report: Any) -> list[str]:
    """Return a line for each vulnerability: package, version, id and the versions that fix it."""
    return [
        f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in"
        f" {', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for package in report["dependencies"]
        for vulnerability in package.get("vulns", [])
    ]


def _read(text: str) -> Any:
    """Parse the findings; None when the database did not answer."""
    try:
        return json.loads(text)
    except ValueError:
        return None


if __name__ == "__main__":
    sys.exit(main())
