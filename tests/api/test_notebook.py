"""The notebook example of docs/, run as printed against a running service."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from api.app import create_app
from guv.config import Config
from guv.crypto import Sealer
from tests.api.rows import a_decision
from tests.api.serving import serving
from tests.builders import NOON, a_history, a_key, a_role, a_tenant, an_app

SCRIPT = Path(__file__).parents[2] / "docs" / "decisions.py"


@pytest.fixture
def key(session: Session, sealer: Sealer) -> str:
    """An API key of a tenant whose role was scaled up and down within a minute."""
    tenant = a_tenant(session)
    role = a_role(session, an_app(session, tenant, sealer, name="shop"))
    a_history(session, role)
    key = a_key(session, tenant.id, "notebook", NOON)
    for seconds, desired, direction, reason in (
        (-60, 1, "hold", "steady"),
        (-50, 4, "up", "deadline"),
        (-40, 4, "hold", "steady"),
        (-30, 2, "down", "idle"),
    ):
        a_decision(session, role, seconds, desired=desired, direction=direction, reason=reason)
    return key


def run(script: str, environment: dict[str, str], *arguments: str) -> str:
    """Run the script and return its output."""
    done = subprocess.run(
        [sys.executable, script, *arguments],
        env={**os.environ, "MPLBACKEND": "agg", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_notebook_example_counts_the_reasons_and_draws_the_picture(
    web_config: Config, key: str, tmp_path: Path
) -> None:
    picture = tmp_path / "decisions.png"
    with serving(create_app(web_config)) as address:
        url = f"{address.replace('//', f'//guv:{key}@')}/v1"
        printed = run(str(SCRIPT), {"GUV_URL": url}, "shop", "worker", str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")
    lines = {line.split()[0]: line.split()[1:] for line in printed.splitlines()[2:]}
    assert lines == {
        "deadline": ["0", "0", "1"],
        "idle": ["1", "0", "0"],
        "steady": ["0", "2", "0"],
    }


def test_the_functions_of_the_notebook_example_work_in_a_notebook(
    web_config: Config, key: str
) -> None:
    cells: dict[str, Any] = {"__name__": "notebook"}
    exec(compile(SCRIPT.read_text(), str(SCRIPT), "exec"), cells)  # noqa: S102 - as cells do
    with serving(create_app(web_config)) as address:
        url = f"{address.replace('//', f'//guv:{key}@')}/v1"
        frame = cells["read_decisions"](url, "shop", "worker")
    assert list(frame["desired"]) == [1, 4, 4, 2]
    assert frame.index.is_monotonic_increasing
    assert list(frame["backlog"]) == [0, 0, 0, 0]
