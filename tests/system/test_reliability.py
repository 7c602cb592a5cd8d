"""Faults of docs/reliability.md for a few seconds each; `make bench-faults` is the long form."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.faults.environment import Environment, fault_environment
from bench.faults.observations import HEADER, observe
from bench.faults.scenarios import FAULTS, FaultImpossible

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("faults")]
ROOT = Path(__file__).parents[2]
SECONDS = 4.0


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    with fault_environment(tmp_path_factory.mktemp("faults")) as environment:
        yield environment


@pytest.mark.parametrize("fault", FAULTS)
def test_every_promise_of_reliability_is_kept_during_its_fault(
    environment: Environment, fault: str
) -> None:
    try:
        observation = observe(environment, fault, SECONDS, min(environment.dynos()) % 4 + 1)
    except FaultImpossible as why:
        pytest.skip(f"not seen on this machine: {why}")
    assert observation.is_well, f"\n{HEADER}\n{observation.row}"
