"""The faults of docs/reliability.md for some seconds each; `make bench-faults` is the long form."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.faults.environment import Stage, a_stage
from bench.faults.observations import HEADER, look_at
from bench.faults.scenarios import SCENES, CannotStage

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("faults")]
ROOT = Path(__file__).parents[2]
SECONDS = 4.0


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with a_stage(tmp_path_factory.mktemp("faults")) as stage:
        yield stage


@pytest.mark.parametrize("fault", SCENES)
def test_every_promise_is_kept_while_it_fails(stage: Stage, fault: str) -> None:
    try:
        seen = look_at(stage, fault, SECONDS, min(stage.dynos()) % 4 + 1)
    except CannotStage as why:
        pytest.skip(f"not seen on this machine: {why}")
    assert seen.is_well, f"\n{HEADER}\n{seen.row}"
